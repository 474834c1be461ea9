// The routes about the server itself, and the one for Telnyx.

import { z } from 'zod';
import { type Answer, json, type Operation, TEXT } from './operation';

const FILE_OF_OURS: Answer['headers'] = ['ETag'];

const identityQuery = z.strictObject({ nonce: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/) });

const NOT_CHANGED: Answer = { text: 'Still the version of `If-None-Match`.' };

const IDENTITY = {
  path: '/.well-known/ai-calls',
  tag: 'Server',
  text: 'Signs a random text and the body, for `npm run doctor`, which has the settings and can check the signature.',
  access: 'public',
  query: {
    schema: identityQuery,
    notes: { nonce: { text: 'Random.', limits: { examples: ['3q2-7wAAAAAAAAAAAAAAAA'] } } },
  },
  answers: { 200: json('Identity', 'The signature.') },
} as const;

/** The routes of the server. */
export const SERVER_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/health',
    operationId: 'getHealth',
    tag: 'Server',
    summary: 'Is it alive?',
    access: 'public',
    answers: { 200: json('Health', 'The process answers.') },
  },
  {
    method: 'get',
    path: '/ready',
    operationId: 'getReadiness',
    tag: 'Server',
    summary: 'Does it take new calls?',
    access: 'public',
    answers: {
      200: json('Ready', 'New calls can be placed.'),
      503: json('Ready', 'They cannot; `reason` of a failing check says why.'),
    },
    problems: ['INTERNAL_ERROR'],
  },
  {
    method: 'get',
    path: '/metrics',
    operationId: 'getMetrics',
    tag: 'Server',
    summary: 'Figures for Prometheus',
    access: 'key',
    answers: { 200: { text: 'The figures.', bodies: { 'text/plain': { schema: TEXT } } } },
  },
  {
    ...IDENTITY,
    method: 'get',
    operationId: 'proveIdentity',
    summary: 'Is it this server?',
  },
  {
    ...IDENTITY,
    method: 'post',
    operationId: 'proveArrival',
    summary: 'Did this body come in as it was sent?',
    foreignBody: { description: 'Anything, up to 4 KiB.' },
    problems: ['BODY_TOO_LARGE', 'MEDIA_TYPE_NOT_SUPPORTED', 'BAD_REQUEST'],
  },
  {
    method: 'get',
    path: '/openapi.json',
    operationId: 'getApiDescription',
    tag: 'Server',
    summary: 'This document',
    access: 'public',
    answers: {
      200: {
        text: 'OpenAPI 3.1.',
        headers: FILE_OF_OURS,
        bodies: { 'application/json': { schema: { type: 'object' } } },
      },
      304: NOT_CHANGED,
    },
  },
  {
    method: 'get',
    path: '/docs',
    operationId: 'showApiDescription',
    tag: 'Server',
    summary: 'This document, to read and to try',
    access: 'public',
    answers: {
      200: { text: 'A page.', headers: FILE_OF_OURS, bodies: { 'text/html': { schema: TEXT } } },
      304: NOT_CHANGED,
    },
  },
  {
    method: 'post',
    path: '/api/webhooks/telnyx',
    operationId: 'receiveTelnyxWebhook',
    tag: 'Carrier',
    summary: 'What Telnyx tells of calls',
    text: 'Refused without a valid Ed25519 signature that is not older than 5 minutes; a repeat does nothing.',
    access: 'public',
    headers: [
      {
        name: 'telnyx-signature-ed25519',
        text: 'Base64, of `<timestamp>|<raw body>`.',
        schema: { type: 'string' },
        isRequired: true,
      },
      { name: 'telnyx-timestamp', text: 'Seconds.', schema: { type: 'string' }, isRequired: true },
    ],
    foreignBody: { type: 'object', description: 'A webhook of API version 2, as Telnyx documents it.' },
    answers: { 200: { text: 'Taken.' } },
    problems: ['WEBHOOK_REFUSED', 'BODY_TOO_LARGE', 'MEDIA_TYPE_NOT_SUPPORTED', 'BAD_REQUEST', 'INTERNAL_ERROR'],
  },
];

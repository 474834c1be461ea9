// The routes that read what is known of calls.

import type { JsonSchema } from './json-schema';
import { type Operation, type RequestHeader, TEXT } from './operation';
import { EVENTS_NOTES, TRANSCRIPT_NOTES, USAGE_NOTES } from './request-notes';
import { eventsQuerySchema, transcriptQuerySchema, usageQuerySchema } from '../reading-schemas';

const BASE = '/api/ai-calls';

const WAV: JsonSchema = { type: 'string', contentMediaType: 'audio/wav', contentEncoding: 'binary' };

const LAST_EVENT_ID: RequestHeader = {
  name: 'Last-Event-ID',
  text: 'How far a reader got that comes back; goes before `after`.',
  schema: { type: 'string', pattern: '^\\d{1,15}$' },
};

const RANGE: RequestHeader = {
  name: 'Range',
  text: 'Which bytes to send.',
  schema: { type: 'string', examples: ['bytes=0-65535'] },
};

const TRANSCRIPT_TEXT = `00:00 AI: Hello, this is Anna. I am calling about your [interrupted]
00:03 Callee: Who is there?
`;

const EVENT_STREAM = `retry: 1000

id: 1
event: call.queued
data: {"id":1,"at":"2026-01-31T09:00:00.000Z","type":"call.queued"}

event: end
data: {"callId":"5f0c8a52-6f0e-4d0a-9a52-1c7f7c1f2a10","status":"completed"}

`;

const LIVE_STREAM = `retry: 1000

event: calls
data: {"at":"2026-01-31T09:00:00.000Z","calls":[]}

`;

const USAGE_CSV = `day,to,calls,answered,failed,talkSeconds,inputTokens,outputTokens,aiCostUsd,carrierCostUsd,costUsd,unpricedCalls
2026-01-31,+12025550123,2,1,1,61.5,1000,400,0.0123,0.004,0.0163,0
`;

/** The routes of records. */
export const RECORD_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: `${BASE}/live`,
    operationId: 'watchCalls',
    tag: 'Records',
    summary: 'Watch the live calls',
    text: 'The live calls of this server and who talks in them: once, or as server-sent events, one for each change.',
    access: 'key',
    answers: {
      200: {
        text: 'The calls; as a stream, an event `calls` with the same for each change.',
        bodies: {
          'application/json': { schema: 'LiveCalls' },
          'text/event-stream': { schema: TEXT, example: LIVE_STREAM },
        },
      },
    },
    problems: ['NOT_ACCEPTABLE', 'TOO_MANY_STREAMS'],
  },
  {
    method: 'get',
    path: `${BASE}/usage`,
    operationId: 'getUsage',
    tag: 'Records',
    summary: 'Sum up usage',
    text: 'What calls have used and cost, by day (UTC) and destination.',
    access: 'key',
    query: { schema: usageQuerySchema, notes: USAGE_NOTES },
    answers: {
      200: {
        text: 'The sums.',
        headers: ['Content-Disposition'],
        bodies: { 'application/json': { schema: 'UsageReport' }, 'text/csv': { schema: TEXT, example: USAGE_CSV } },
      },
    },
    problems: ['NOT_ACCEPTABLE', 'RECORDS_UNAVAILABLE'],
  },
  {
    method: 'get',
    path: `${BASE}/{callId}/transcript`,
    operationId: 'getTranscript',
    tag: 'Records',
    summary: 'Read what was said',
    access: 'key',
    query: { schema: transcriptQuerySchema, notes: TRANSCRIPT_NOTES },
    answers: {
      200: {
        text: 'The turns, in the order of speaking.',
        bodies: {
          'application/json': { schema: 'Transcript' },
          'text/plain': { schema: TEXT, example: TRANSCRIPT_TEXT },
        },
      },
    },
    problems: ['NOT_ACCEPTABLE'],
  },
  {
    method: 'get',
    path: `${BASE}/{callId}/events`,
    operationId: 'getEvents',
    tag: 'Records',
    summary: 'Follow a call',
    text: 'The whole timeline: as a list, or live as server-sent events up to the last one, `end`.',
    access: 'key',
    query: { schema: eventsQuerySchema, notes: EVENTS_NOTES },
    headers: [LAST_EVENT_ID],
    answers: {
      200: {
        text: 'The events; as a stream, each as it happens.',
        bodies: {
          'application/json': { schema: 'EventList' },
          'text/event-stream': { schema: TEXT, example: EVENT_STREAM },
        },
      },
      204: { text: 'To a reader of the stream that comes back: nothing more will come.' },
    },
    problems: ['NOT_ACCEPTABLE', 'TOO_MANY_STREAMS'],
  },
  {
    method: 'get',
    path: `${BASE}/{callId}/recording`,
    operationId: 'getRecording',
    tag: 'Records',
    summary: 'Hear the call',
    text: 'Stereo WAV, 16 bit: the callee left, the AI right, as it was heard.',
    access: 'key',
    headers: [RANGE],
    answers: {
      200: {
        text: 'The audio.',
        headers: ['ETag', 'Accept-Ranges', 'Content-Disposition'],
        bodies: { 'audio/wav': { schema: WAV } },
      },
      206: { text: 'A part of it.', headers: ['ETag', 'Content-Range'], bodies: { 'audio/wav': { schema: WAV } } },
      304: { text: 'Still the version of `If-None-Match`.' },
    },
    problems: ['BAD_REQUEST', 'CALL_STATE_CONFLICT', 'RECORDING_NOT_FOUND', 'RANGE_NOT_SATISFIABLE'],
  },
];

// The request that an HTTP tool makes of its arguments: address, headers, body and, on demand, the signature of
// Standard Webhooks, by which the user's server knows that it comes from here.

import { createHmac } from 'node:crypto';
import type { HttpToolDefinition } from '../calls/behaviour';
import type { Clock } from '../calls/ports';
import { fillPlaceholders } from '../calls/tool-schema';
import { ToolFailure } from './tool';

/** A request, ready to be sent. */
export type HttpToolRequest = {
  readonly method: HttpToolDefinition['method'];
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for methods whose arguments are in the query. */
  readonly body: string | undefined;
};

type Settings = {
  readonly callId: string;
  readonly clock: Clock;
  readonly secrets: Readonly<Record<string, string>>;
  readonly signingSecret?: string | undefined;
};

type Use = { readonly toolCallId: string; readonly args: unknown };

/** Standard Webhooks: what stands before a secret that is written in base64. */
const BASE64_SECRET = 'whsec_';

/** Makes the request of one use of a tool. @throws ToolFailure when a secret is not set */
export function requestFor(definition: HttpToolDefinition, settings: Settings, use: Use): HttpToolRequest {
  const { method, url } = definition;
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const body = hasBody ? JSON.stringify(use.args) : undefined;
  const headers = {
    'user-agent': 'ai-calls',
    ...filledHeaders(definition, settings.secrets),
    ...(hasBody && { 'content-type': 'application/json' }),
    'x-ai-calls-call-id': settings.callId,
    // The same for each try of one use, so that a server can tell a repeat.
    'idempotency-key': use.toolCallId,
    ...signature(settings, use.toolCallId, body ?? ''),
  };
  return { method, url: hasBody ? url : withQuery(url, use.args), headers, body };
}

function filledHeaders(
  { headers }: HttpToolDefinition,
  secrets: Readonly<Record<string, string>>,
): Record<string, string> {
  const valueOf = (name: string): string => {
    const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    if (value === undefined) throw new ToolFailure(`This tool is not set up: the server has no value for ${name}.`);
    return value;
  };
  const entries = Object.entries(headers);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), fillPlaceholders(value, valueOf)]));
}

/** The arguments after what the URL has already; lists as repeated names, objects as JSON. */
function withQuery(url: string, args: unknown): string {
  const target = new URL(url);
  for (const [name, value] of Object.entries(args as Readonly<Record<string, unknown>>)) {
    for (const entry of Array.isArray(value) ? value : [value]) {
      if (entry !== undefined && entry !== null) target.searchParams.append(name, queryText(entry));
    }
  }
  return target.href;
}

function queryText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function signature({ signingSecret, clock }: Settings, id: string, body: string): Record<string, string> {
  if (signingSecret === undefined) return {};
  const timestamp = String(Math.floor(clock.nowMs() / 1_000));
  const mac = createHmac('sha256', keyOf(signingSecret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
}

function keyOf(secret: string): Buffer {
  return secret.startsWith(BASE64_SECRET)
    ? Buffer.from(secret.slice(BASE64_SECRET.length), 'base64')
    : Buffer.from(secret);
}

// The request that an HTTP tool makes of its arguments: address, headers, body and, on demand, the signature of
// Standard Webhooks, by which the user's server knows that it comes from here; and which arguments it cannot take.

import type { z } from 'zod';
import type { HttpToolDefinition } from '../calls/behaviour';
import type { Clock } from '../calls/ports';
import { compileParameters, fillPlaceholders } from '../calls/tool-schema';
import { webhookSignature, webhookTimestamp } from '../lib/standard-webhooks';
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

/** The check of a tool's arguments: its schema's, and that none of them has a name which the URL's query has already. */
export function argumentsCheck({ parameters, method, url }: HttpToolDefinition): z.ZodType {
  const check = compileParameters(parameters);
  const fixedNames = hasBody(method) ? [] : [...new URL(url).searchParams.keys()];
  if (fixedNames.length === 0) return check;
  // Which of the two counts would be up to the server that reads them: the one in the URL must.
  return check.superRefine((args, context) => {
    for (const name of Object.keys(args as object)) {
      if (!fixedNames.some((fixed) => isSameName(name, fixed))) continue;
      context.addIssue({ code: 'custom', path: [name], message: 'is fixed for this tool: leave it out' });
    }
  });
}

/** Makes the request of one use of a tool. @throws ToolFailure when a secret is not set */
export function requestFor(definition: HttpToolDefinition, settings: Settings, use: Use): HttpToolRequest {
  const { method } = definition;
  const body = hasBody(method) ? JSON.stringify(use.args) : undefined;
  const url = hasBody(method) ? definition.url : withQuery(definition.url, use.args);
  const headers = {
    'user-agent': 'ai-calls',
    ...filledHeaders(definition, settings.secrets),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    'x-ai-calls-call-id': settings.callId,
    // The same for each try of one use, so that a server can tell a repeat.
    'idempotency-key': use.toolCallId,
    // Without a body it is the address that says what is asked for.
    ...signature(settings, use.toolCallId, body ?? `${method} ${url}`),
  };
  return { method, url, headers, body };
}

function hasBody(method: HttpToolDefinition['method']): boolean {
  return method !== 'GET' && method !== 'DELETE';
}

/** Whether a server may take one for the other: some do not mind the case, and `a[b]` may be a part of `a`. */
function isSameName(name: string, other: string): boolean {
  const [one, two] = [name.toLowerCase(), other.toLowerCase()];
  return one === two || one.startsWith(`${two}[`) || two.startsWith(`${one}[`);
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
  // Neither a fragment nor a question mark without anything after it gets to the server, which checks what it was asked.
  target.hash = '';
  if (target.search === '') target.search = '';
  return target.href;
}

function queryText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function signature({ signingSecret, clock }: Settings, id: string, content: string): Record<string, string> {
  if (signingSecret === undefined) return {};
  const timestamp = webhookTimestamp(clock.nowMs());
  const signed = webhookSignature(signingSecret, { id, timestamp, content });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signed };
}

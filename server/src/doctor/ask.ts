// One HTTP request on a connection of its own, whose answer is read as it is: no redirect is followed, and what is kept
// open from earlier says nothing about now.

import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

const MAX_ANSWER_BYTES = 4_096;

/** An answer; its JSON is empty when it has none. */
export type Answer = { readonly status: number; readonly json: Readonly<Record<string, unknown>> };

/** A request; without a body it is a GET. */
export type Question = {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** Asks once. @throws the error of the connection */
export async function ask(url: string, { signal, headers = {}, body }: Question): Promise<Answer> {
  const isTls = url.startsWith('https:');
  const method = body === undefined ? 'GET' : 'POST';
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { method, headers: { ...headers, ...length }, signal, agent: false } as const;
    const request = (isTls ? requestHttps : requestHttp)(url, options, resolve);
    request.on('error', reject);
    request.end(body);
  });
  return { status: message.statusCode ?? 0, json: parsed(await beginningOf(message)) };
}

/** Ours are short; a page of somebody else need not be read to its end. */
async function beginningOf(message: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(parts).toString();
}

/** An answer that is no JSON is not ours, whatever it is. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    // A page of a proxy, perhaps.
    return {};
  }
}

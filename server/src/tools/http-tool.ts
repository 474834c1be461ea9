// A tool that is a request to a user's own server. The address is a stranger's, so the connection goes through the
// guard of lib/url-guard.ts; the answer is a stranger's too, so its size and time are bounded.

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { HttpToolDefinition } from '../calls/behaviour';
import type { Clock } from '../calls/ports';
import { withRetries } from '../calls/retry';
import { closedParameters } from '../calls/tool-schema';
import type { Backoff } from '../lib/backoff';
import { type UrlGuard, urlGuard } from '../lib/url-guard';
import { answerOf, type HttpAnswer } from './http-tool-answer';
import { argumentsCheck, type HttpToolRequest, requestFor } from './http-tool-request';
import { defineTool, type Tool, type ToolContext, ToolFailure } from './tool';

/** Longest answer that is read; the model is told much less of it. */
export const MAX_ANSWER_BYTES = 256 * 1024;

// A look-up is quick or of no use: somebody waits on the line.
const MAX_TRIES = 3;
const RETRY_BACKOFF: Backoff = { firstMs: 250, capMs: 1_000 };

/** Answers to a GET after which the next try may go better. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 429]);

/** Failures of the network, of which the next connection need not know. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

const SETTINGS = {
  // On node:http. The adapter on fetch would slow down every typed array of the process: carriers/telnyx/http-fetch.ts.
  adapter: 'http' as const,
  // A proxy would look up the name by itself, past the guard.
  proxy: false as const,
  // A redirect would move the request to an address that nobody has checked.
  maxRedirects: 0,
  maxContentLength: MAX_ANSWER_BYTES,
  responseType: 'text' as const,
  // A body goes out to the letter, since it is signed.
  transformRequest: [(body: unknown): unknown => body],
  validateStatus: () => true,
};

/** What the HTTP tools of a call work with. */
export type HttpToolDeps = {
  readonly callId: string;
  readonly clock: Clock;
  /** The values of the placeholders, by their names. */
  readonly secrets: Readonly<Record<string, string>>;
  /** With it, each request is signed. */
  readonly signingSecret?: string | undefined;
  readonly allowsPrivateUrls: boolean;
};

/** Makes the tool of a definition that has passed `httpToolSchema`. */
export function httpTool(definition: HttpToolDefinition, deps: HttpToolDeps): Tool {
  const guard = urlGuard({ allowsPrivateAddresses: deps.allowsPrivateUrls });
  return defineTool({
    name: definition.name,
    description: definition.description,
    parameters: argumentsCheck(definition),
    // Nearly as it was written: the check is of a copy that leaves things out.
    jsonSchema: closedParameters(definition.parameters),
    timeoutMs: definition.timeoutMs,
    whileRunning: definition.whileRunning,
    filler: definition.filler === undefined ? 'own-words' : { words: definition.filler },
    run: (args, context) => {
      const send = (): Promise<unknown> => sendOnce(requestFor(definition, deps, { args, ...context }), guard, context);
      return definition.method === 'GET' ? retried(send, deps.clock, context.signal) : send();
    },
  });
}

/** Only for requests that change nothing at the other end. */
function retried(send: () => Promise<unknown>, clock: Clock, signal: AbortSignal): Promise<unknown> {
  return withRetries(clock, { tries: MAX_TRIES, backoff: RETRY_BACKOFF, onFailure: isPassing, signal }, send);
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof ToolFailure)) return false;
  const { httpStatus } = error.details;
  if (typeof httpStatus === 'number') return httpStatus >= 500 || PASSING_STATUSES.has(httpStatus);
  return PASSING_CODES.has(codeOf(error.cause));
}

async function sendOnce(request: HttpToolRequest, guard: UrlGuard, { signal }: ToolContext): Promise<unknown> {
  const { default: axios } = await loadAxios();
  let answer: HttpAnswer;
  try {
    guard.check(request.url);
    const { body: data, ...rest } = request;
    const agents = {
      httpAgent: new HttpAgent({ lookup: guard.lookup }),
      httpsAgent: new HttpsAgent({ lookup: guard.lookup }),
    };
    answer = await axios.request<string>({ ...SETTINGS, ...rest, ...agents, data, signal });
  } catch (error) {
    throw new ToolFailure(messageOf(error), { cause: error });
  }
  return answerOf(answer);
}

function messageOf(error: unknown): string {
  if (codeOf(error) === 'URL_REFUSED') return 'The address of this tool is not allowed.';
  if (codeOf(error) === 'ERR_BAD_RESPONSE') return `The server's answer was not readable or too long.`;
  return 'The server of this tool could not be reached.';
}

/** The code of an error, or of the one behind it. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : codeOf(error.cause);
}

/** Not before the first use: many servers never have one, and axios takes 5 MB of memory. */
function loadAxios() {
  return import('axios');
}

/**
 * Who may open a session. As on the real server the upgrade succeeds first, and a refusal is one `error` event and a
 * close code; plain HTTP rejections exist beside that, on request.
 */
import type { IncomingMessage } from 'node:http';
import { aiFailures } from './ai-failures';
import { isKnownModel } from './models';

const BAD_CONFIG_CLOSE = 4000;
const BAD_KEY_CLOSE = 3000;
const NO_MODEL_ACCESS_CLOSE = 4004;

/** A failure to inject into the next connection. */
export type ConnectionFailure =
  | { readonly kind: 'invalid-key' }
  /** The upgrade is answered with this HTTP status. */
  | { readonly kind: 'http'; readonly status: number }
  | { readonly kind: 'model-not-found' }
  | { readonly kind: 'insufficient-quota' }
  /** The upgrade is accepted this much later. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** The upgrade is never answered. */
  | { readonly kind: 'hang' }
  /** The connection is broken before the upgrade is answered. */
  | { readonly kind: 'reset' }
  /** Every `session.update` is refused. */
  | { readonly kind: 'reject-update' }
  /** `session.updated` shows the default formats instead of those asked for, and they stay in force. */
  | { readonly kind: 'ignore-formats' };

/** What a refused client is told. */
export type Refusal = {
  readonly error: { readonly type: string; readonly code: string; readonly message: string; readonly param: null };
  readonly closeCode: number;
  readonly closeReason: string;
};

/** Returns why this client is refused, if it is. */
export function refusalFor(request: IncomingMessage, apiKey: string): Refusal | undefined {
  if (!hasKey(request, apiKey)) return invalidKey();
  if (request.headers['openai-beta'] !== undefined) {
    const message = 'The Realtime Beta API is no longer supported. Remove the OpenAI-Beta header to use the GA API.';
    return invalidRequest('beta_api_shape_disabled', message, BAD_CONFIG_CLOSE);
  }
  const model = modelOf(request);
  if (model === '') return invalidRequest('missing_model', 'You must provide a model parameter.', BAD_CONFIG_CLOSE);
  if (!isKnownModel(model)) {
    const message = `Model "${model}" is not supported in realtime mode.`;
    return invalidRequest('invalid_model', message, BAD_CONFIG_CLOSE);
  }
  return undefined;
}

/** Returns the refusal of an injected failure that refuses in-band. */
export function injectedRefusal(failure: ConnectionFailure | undefined): Refusal | undefined {
  if (failure?.kind === 'invalid-key') return invalidKey();
  if (failure?.kind === 'model-not-found') {
    const message = 'The model does not exist or you do not have access to it.';
    return invalidRequest('model_not_found', message, NO_MODEL_ACCESS_CLOSE);
  }
  if (failure?.kind !== 'insufficient-quota') return undefined;
  // The close code of this one is not documented and was not seen: it follows the pattern of the others.
  return {
    error: { ...aiFailures.insufficientQuota(), param: null },
    closeCode: BAD_CONFIG_CLOSE,
    closeReason: 'insufficient_quota.insufficient_quota',
  };
}

/** Whether a request carries the right bearer key. */
export function hasKey(request: IncomingMessage, apiKey: string): boolean {
  return request.headers.authorization === `Bearer ${apiKey}`;
}

/** The path of a request without its query. */
export function pathOf(request: IncomingMessage): string {
  return urlOf(request).pathname;
}

/** The model a session is asked for, or an empty string. */
export function modelOf(request: IncomingMessage): string {
  return urlOf(request).searchParams.get('model') ?? '';
}

function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? '/', 'http://localhost');
}

function invalidKey(): Refusal {
  return invalidRequest('invalid_api_key', 'Incorrect API key provided.', BAD_KEY_CLOSE);
}

function invalidRequest(code: string, message: string, closeCode: number): Refusal {
  const error = { type: 'invalid_request_error', code, message, param: null };
  return { error, closeCode, closeReason: `invalid_request_error.${code}` };
}

// JSON bodies: asked for by their type, read up to a limit.

import type { RequestHandler } from 'express';
import { rawBody } from './body';
import { ProblemError } from './problem';

const MAX_BODY_BYTES = 128 * 1024;

const JSON_TYPE = /^application\/json\s*(;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;

const requireJson: RequestHandler = (request, _response, next) => {
  const type = request.headers['content-type'] ?? '';
  const charset = CHARSET.exec(type)?.[1] ?? 'utf-8';
  if (!JSON_TYPE.test(type) || charset.toLowerCase() !== 'utf-8') throw new ProblemError('MEDIA_TYPE_NOT_SUPPORTED');
  next();
};

const parseJson: RequestHandler = (request, _response, next) => {
  request.body = parsed(request.body as Buffer);
  next();
};

/** Reads the JSON body of a request: an object or a list. None at all is an empty object. */
export const jsonBody: readonly RequestHandler[] = [requireJson, rawBody(MAX_BODY_BYTES), parseJson];

function parsed(bytes: Buffer): object {
  if (bytes.length === 0) return {};
  const value = valueOf(new TextDecoder().decode(bytes));
  if (typeof value !== 'object' || value === null) throw new ProblemError('BODY_NOT_JSON');
  return value;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What exactly is wrong with it would be told with words of the body.
    return undefined;
  }
}

// JSON bodies: asked for by their type, read up to a limit.

import { json, type RequestHandler } from 'express';
import { ProblemError } from './problem';

const MAX_BODY = '128kb';

/** Without this, express leaves a body of another type unread, and every field would be reported as missing. */
const requireJson: RequestHandler = (request, _response, next) => {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new ProblemError('MEDIA_TYPE_NOT_SUPPORTED');
  }
  next();
};

/** Reads the JSON body of a request. */
export const jsonBody: readonly RequestHandler[] = [requireJson, json({ limit: MAX_BODY })];

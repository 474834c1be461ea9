// The bodies of requests: begun when a route wants one and not before, and given up at their limit. express's own reader
// takes the rest of a body that is too large, however long that goes on, before it says so.

import type { IncomingMessage } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { ProblemError } from './problem';

/** Reads the body of a request into `request.body`, as bytes. What is packed is refused and not unpacked. */
export function rawBody(limitBytes: number): RequestHandler {
  return async (request, response, next) => {
    const { 'content-encoding': encoding = 'identity', 'content-length': length } = request.headers;
    if (encoding.toLowerCase() !== 'identity') throw new ProblemError('MEDIA_TYPE_NOT_SUPPORTED');
    if (Number(length) > limitBytes) throw tooLarge(limitBytes);
    letItCome(request, response);
    request.body = await bytesOf(request, limitBytes);
    next();
  };
}

/** A client that asks first whether its body is wanted waits until now. */
function letItCome(request: IncomingMessage, response: Response): void {
  if (request.httpVersion === '1.1' && /^100-continue$/i.test(request.headers.expect ?? '')) response.writeContinue();
}

function bytesOf(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes <= limitBytes) return void chunks.push(chunk);
      // What still comes is thrown away, as long as the server takes it.
      request.off('data', onData).resume();
      reject(tooLarge(limitBytes));
    };
    request.on('data', onData);
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(new ProblemError('BAD_REQUEST')));
  });
}

function tooLarge(limitBytes: number): ProblemError {
  return new ProblemError('BODY_TOO_LARGE', [], { detail: `Send at most ${limitBytes / 1024} KiB.` });
}

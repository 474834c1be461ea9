// Who may use the REST API: holders of a key, or, while no key is set, direct requests from this machine only.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { ProblemError } from './problem';

// Proxies and tunnels add at least one of these; a request that has one does not come from this machine.
const FORWARDING_HEADERS = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'cf-connecting-ip',
  'true-client-ip',
  'fly-client-ip',
];

const LOOPBACK_ADDRESSES = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

// A tunnel that adds no header still carries its own name here, and so does a rebinding attack from a browser.
const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** Lets requests through that carry one of the keys, or that come from this machine when there are none. */
export function requireCaller(apiKeys: readonly string[]): RequestHandler {
  const hashes = apiKeys.map(hash);
  return (request, _response, next) => {
    if (hashes.length === 0) {
      if (!isDirectLoopback(request)) throw new ProblemError('LOOPBACK_ONLY');
      return next();
    }
    const offered = hash(/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
    // Every key is compared, so that the time says nothing about which one was close.
    if (hashes.filter((known) => timingSafeEqual(known, offered)).length === 0) throw new ProblemError('UNAUTHORIZED');
    next();
  };
}

function isDirectLoopback(request: Request): boolean {
  return (
    LOOPBACK_ADDRESSES.has(request.socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(request.headers.host ?? '') &&
    FORWARDING_HEADERS.every((name) => request.headers[name] === undefined)
  );
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

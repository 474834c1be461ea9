// Who may use the REST API: holders of a key, or, while no key is set, direct requests from this machine only.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Request, RequestHandler, Response } from 'express';
import type { BoundedLog } from '../calls/bounded-log';
import { isDirectLoopback } from './loopback';
import { ProblemError } from './problem';
import type { TunnelWatch } from './tunnel-watch';

const CALLER = 'caller';

const TUNNEL =
  'A tunnel of plain TCP leads to this server: who is on this machine cannot be told any more. Set API_KEYS and start it again.';

/** A key that callers may hold. Its name may be shown, its value never. */
export type ApiKey = { readonly name: string; readonly key: string };

/** What decides who is let through. */
export type CallerCheck = {
  readonly apiKeys: readonly ApiKey[];
  /** Matters while there are no keys. */
  readonly tunnel?: Pick<TunnelWatch, 'isProven'> | undefined;
  /** Is told of the connections of those who are. */
  readonly onTrusted?: ((socket: Duplex) => void) | undefined;
  readonly refusals: Pick<BoundedLog, 'warn'>;
};

/** Lets requests through that carry one of the keys, or that come from this machine when there are none. */
export function requireCaller({ apiKeys, tunnel, onTrusted, refusals }: CallerCheck): RequestHandler {
  const known = apiKeys.map(({ name, key }) => ({ name, hash: hash(key) }));
  return (request, response, next) => {
    // What was offered is not logged: it may be a key with a typing error, or one of another service.
    const { remoteAddress } = request.socket;
    if (known.length === 0) {
      if (isDirectLoopback(request) && !tunnel?.isProven) {
        onTrusted?.(request.socket);
        return next();
      }
      refusals.warn('A request that was not direct was refused: API_KEYS is not set', { remoteAddress });
      throw new ProblemError('LOOPBACK_ONLY', [], { detail: tunnel?.isProven ? TUNNEL : undefined });
    }
    const offered = hash(offeredKey(request));
    // Every key is compared, so that the time says nothing about which one was close.
    const [held] = known.filter((each) => timingSafeEqual(each.hash, offered));
    if (!held) {
      refusals.warn('A request without a valid API key was refused', { remoteAddress });
      response.set('WWW-Authenticate', 'Bearer');
      throw new ProblemError('UNAUTHORIZED');
    }
    response.locals[CALLER] = held.name;
    onTrusted?.(request.socket);
    next();
  };
}

/** Name of the key that a request came with, after `requireCaller`; undefined for this machine itself. */
export function callerOf(response: Response): string | undefined {
  const name: unknown = response.locals[CALLER];
  return typeof name === 'string' ? name : undefined;
}

/** No key is empty: that stands for none. Two headers are none either, as a proxy may have looked at the other one. */
function offeredKey({ headersDistinct }: Request): string {
  const [authorization = '', another] = headersDistinct['authorization'] ?? [];
  if (another !== undefined) return '';
  return /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1] ?? '';
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

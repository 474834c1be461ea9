// What an operator is told at the start when settings that are right one by one are risky together.

import type { Logger } from '../calls/ports';
import type { Config } from '../config/config';
import { isLoopbackHost } from '../lib/loopback';

/** Warns of an API without keys on a server that the internet reaches. */
export function warnOfExposure({ http: { publicUrl, apiKeys } }: Config, log: Logger): void {
  if (apiKeys.length > 0 || isLoopbackHost(new URL(publicUrl).host)) return;
  log.warn(
    'API_KEYS is not set: the API answers direct requests of this machine only, and a tunnel of plain TCP (ssh -R and ' +
      'the like) makes requests of strangers look like those. Set API_KEYS',
    { publicUrl },
  );
}

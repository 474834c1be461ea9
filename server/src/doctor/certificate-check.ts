// Whether the certificate of the public URL is valid, and for how long: Telnyx checks it.

import { connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../calls/ports';
import type { Config } from '../config/config';
import { bounded, type Check, fail, type Finding, ok, skipped, warn } from './finding';
import { isOutOfReach, OUT_OF_REACH } from './settings-checks';
import { unreachable } from './unreachable';

const DAY_MS = 86_400_000;

// Renewals come some 30 days ahead: with less than this, something has gone wrong with them.
const MIN_DAYS = 14;

const HTTPS_PORT = 443;

/** What a server shows of itself. */
export type ServerCertificate = {
  /** Why it is not valid; undefined when it is. */
  readonly problem: string | undefined;
  readonly validTo: string;
};

/** Looks at the certificate of an https URL. */
export function certificateCheck(config: Pick<Config, 'http' | 'telnyx'>, clock: Clock): Check {
  const url = new URL(config.http.publicUrl);
  const run = async (): Promise<readonly Finding[]> => {
    if (url.protocol !== 'https:') return [skipped('because the public URL is not https')];
    if (isOutOfReach(config)) return [OUT_OF_REACH];
    try {
      return [certificateFinding(await bounded(clock, (signal) => certificateOf(url, signal)), clock.nowMs())];
    } catch (error) {
      const { found, cure } = unreachable(error);
      return [fail(`it cannot be looked at: ${found}`, cure)];
    }
  };
  return { name: 'certificate', run };
}

/** What a certificate means at a moment. */
export function certificateFinding({ problem, validTo }: ServerCertificate, nowMs: number): Finding {
  const cure = 'Use a certificate of a public authority for exactly this host name, with all intermediate ones.';
  if (problem !== undefined) return fail(`it is not valid (${problem})`, cure);
  const days = Math.floor((Date.parse(validTo) - nowMs) / DAY_MS);
  if (days >= MIN_DAYS) return ok(`valid for ${days} days`);
  return warn(`valid for ${days} more days only`, 'Renew it, and see why that did not happen by itself.');
}

function certificateOf({ hostname, port }: URL, signal: AbortSignal): Promise<ServerCertificate> {
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host,
      port: port === '' ? HTTPS_PORT : Number(port),
      // A name is only sent for hosts that have one.
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      // It is looked at, whether it is valid or not; nothing is sent.
      rejectUnauthorized: false,
    });
    socket.on('error', reject);
    socket.once('secureConnect', () => {
      const problem = socket.authorized ? undefined : String(socket.authorizationError);
      resolve({ problem, validTo: socket.getPeerCertificate().valid_to });
      socket.destroy();
    });
    signal.addEventListener('abort', () => socket.destroy());
  });
}

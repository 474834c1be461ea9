// Notices a tunnel of plain TCP (ssh -R, socat) that leads to a server without keys: what comes through it looks as if it
// came from this machine, but for the name that was asked for. The carrier's own webhooks give such a tunnel away.

import type { IncomingMessage } from 'node:http';
import type { Logger } from '../calls/ports';
import { isBareForward } from './loopback';

/** Looks at all requests, upgrades included, until one of them came through such a tunnel. */
export class TunnelWatch {
  readonly #log: Logger;
  #isProven = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** True when there is such a tunnel: nobody can be told from strangers any more. It stays so until a restart. */
  get isProven(): boolean {
    return this.#isProven;
  }

  look(request: IncomingMessage): void {
    if (this.#isProven || !isBareForward(request)) return;
    this.#isProven = true;
    this.#log.warn(
      'Requests come through a tunnel of plain TCP and look like those of this machine: the API answers nobody until ' +
        'API_KEYS is set and the server is started again',
    );
  }
}

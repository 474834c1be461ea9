// A server that can be killed within this process: from one moment on it does nothing any more, as after SIGKILL. Its
// timers never run out, its port is free, its database is closed, and what is under way at the carrier goes on.

import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { compose, type ComposeOptions } from '../../src/app/compose';
import { SYSTEM_CLOCK } from '../../src/app/system-clock';
import type { Clock, Timer } from '../../src/calls/ports';
import type { Config } from '../../src/config/config';

/** A running server that ends without saying so. */
export type MortalServer = { readonly kill: () => Promise<void> };

/** Starts a server on the port of its settings. */
export async function startMortal(config: Config, options: Omit<ComposeOptions, 'clock'>): Promise<MortalServer> {
  const clock = new MortalClock();
  const app = await compose(config, { ...options, clock });
  const server = createServer(app.http);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    app.gateway.handleUpgrade(request, socket, head),
  );
  server.listen(config.http.port, '127.0.0.1');
  await once(server, 'listening');
  const kill = async (): Promise<void> => {
    clock.die();
    app.gateway.close();
    // Not waited for: the AI's side of a call in which nothing is ever due closes its socket when the AI does.
    server.close();
    server.closeAllConnections();
    await app.release();
  };
  return { kill };
}

/** Real time until it dies: then nothing is ever due. */
class MortalClock implements Clock {
  readonly #timers = new Set<Timer>();
  #isDead = false;

  nowMs(): number {
    return SYSTEM_CLOCK.nowMs();
  }

  monotonicMs(): number {
    return SYSTEM_CLOCK.monotonicMs();
  }

  after(delayMs: number, task: () => void): Timer {
    if (this.#isDead) return { cancel: () => undefined };
    const timer = SYSTEM_CLOCK.after(delayMs, () => {
      this.#timers.delete(timer);
      task();
    });
    this.#timers.add(timer);
    return timer;
  }

  die(): void {
    this.#isDead = true;
    for (const timer of this.#timers) timer.cancel();
  }
}

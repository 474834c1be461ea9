// Who holds a connection: those who have shown who they are, and strangers. When there is no room, the stranger who has
// been there longest goes: whoever only knocks cannot keep out the carrier, the API's callers, or the streams of calls.

import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../calls/ports';
import type { HttpLimits } from './http-limits';

/** What becomes of a request: it is served, is the last one of its connection, or was sent in advance beyond that. */
export type Turn = 'serve' | 'serve-last' | 'ignore';

type Stranger = { requests: number; unanswered: number; deadline?: Timer | undefined };

/** The connections of a server. */
export class Connections {
  readonly #limits: Pick<HttpLimits, 'connections' | 'strangerRequests' | 'strangerAnswerMs'>;
  readonly #clock: Clock;
  /** In the order in which they came. */
  readonly #strangers = new Map<Duplex, Stranger>();
  readonly #trusted = new Set<Duplex>();

  constructor(limits: Pick<HttpLimits, 'connections' | 'strangerRequests' | 'strangerAnswerMs'>, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Takes in one that has just been made; returns the one that was closed for it, which may be itself. */
  add(socket: Duplex): Duplex | undefined {
    this.#strangers.set(socket, { requests: 0, unanswered: 0 });
    socket.once('close', () => this.#forget(socket));
    if (this.#strangers.size + this.#trusted.size <= this.#limits.connections) return undefined;
    const [oldest = socket] = this.#strangers.keys();
    this.#forget(oldest);
    oldest.destroy();
    return oldest;
  }

  /** From now on it is closed for nobody else: it brought a valid key, a genuine webhook, or the token of a stream. */
  trust(socket: Duplex): void {
    if (!this.#strangers.has(socket)) return;
    this.#forget(socket);
    this.#trusted.add(socket);
  }

  /** Begins a request. Strangers have so many a connection, and so long to take their answers. */
  begin(socket: Duplex): Turn {
    const stranger = this.#strangers.get(socket);
    if (!stranger) return 'serve';
    const { strangerRequests, strangerAnswerMs } = this.#limits;
    stranger.requests += 1;
    if (stranger.requests > strangerRequests) return 'ignore';
    stranger.unanswered += 1;
    stranger.deadline ??= this.#clock.after(strangerAnswerMs, () => void socket.destroy());
    return stranger.requests === strangerRequests ? 'serve-last' : 'serve';
  }

  /** Ends a request that was served. */
  end(socket: Duplex): void {
    const stranger = this.#strangers.get(socket);
    if (!stranger) return;
    stranger.unanswered -= 1;
    if (stranger.unanswered === 0) stopWaiting(stranger);
  }

  #forget(socket: Duplex): void {
    const stranger = this.#strangers.get(socket);
    if (stranger) stopWaiting(stranger);
    this.#strangers.delete(socket);
    this.#trusted.delete(socket);
  }
}

function stopWaiting(stranger: Stranger): void {
  stranger.deadline?.cancel();
  stranger.deadline = undefined;
}

// What goes to the server, in its order: before the session is ready nothing but its settings, then the history, then
// what was waiting, then all the rest.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';

/** The outgoing events of one session. */
export class Outbox {
  readonly #write: (text: string) => void;
  #waiting: RealtimeClientEvent[] = [];
  #isOpen = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** The settings that make the session ready. */
  configure(event: RealtimeClientEvent): void {
    this.#write(JSON.stringify(event));
  }

  /** The session is ready. What waits goes with the next event, or by `flush`: history may still go ahead of it. */
  open(): void {
    this.#isOpen = true;
  }

  /** Sends ahead of everything that waits. */
  sendFirst(events: readonly RealtimeClientEvent[]): void {
    if (!this.#isOpen) this.#waiting.unshift(...events);
    else for (const event of events) this.#write(JSON.stringify(event));
  }

  send(event: RealtimeClientEvent): void {
    if (!this.#isOpen) return void this.#waiting.push(event);
    this.flush();
    this.#write(JSON.stringify(event));
  }

  /** Audio in the session's input format; dropped before the session is ready, which would misread it. */
  sendAudio(audio: Buffer): void {
    if (!this.#isOpen) return;
    this.flush();
    // As text: a client masks what it sends, in place where it made the bytes itself.
    this.#write(`{"type":"input_audio_buffer.append","audio":"${audio.toString('base64')}"}`);
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.#write(JSON.stringify(event));
  }
}

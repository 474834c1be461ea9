// The carrier's stream that a call has at the moment: one takes the place of another, what comes of an old one is not
// heard, and a fault while a frame is dealt with is the fault of this call alone.

import type { CarrierStream } from '../../calls/conversation-ports';
import type { CarrierStreamStats, ConversationEvent } from '../../calls/conversation-events';
import { addStats } from './stream-stats';

/** Who listens to the line. */
export type LineStreamListener = {
  readonly onAudio: (frame: Buffer) => void;
  readonly onMissing: (frames: number) => void;
  readonly onMark: (name: string) => void;
  readonly onDigit: (digit: string) => void;
  /** It is closed, by the carrier or for no reason known. */
  readonly onGone: (event: Extract<ConversationEvent, { type: 'stream.stopped' | 'stream.lost' }>) => void;
  /** More came than a phone call has. */
  readonly onFlooded: () => void;
  /** Something was thrown by one of these. */
  readonly onFault: (fault: unknown) => void;
};

/** The streams of one call, one at a time. */
export class LineStream {
  readonly #listener: LineStreamListener;
  #stream: CarrierStream | undefined;
  /** Of all streams that the call has left. */
  #stats: CarrierStreamStats | undefined;

  constructor(listener: LineStreamListener) {
    this.#listener = listener;
  }

  get isOpen(): boolean {
    return this.#stream?.closed === false;
  }

  /** Undefined before the first stream was left. */
  get stats(): CarrierStreamStats | undefined {
    return this.#stats;
  }

  /** This stream takes the place of the one before. */
  take(stream: CarrierStream): void {
    this.leave();
    this.#stream = stream;
  }

  /** Audio that came before is delivered now. */
  listen(): void {
    const stream = this.#stream;
    const { onMissing, onMark, onDigit, onFlooded } = this.#listener;
    stream?.listen({
      onAudio: (frame) => this.#onAudio(stream, frame),
      onMissing: (frames) => this.#hear(stream, () => onMissing(frames)),
      onMark: (name) => this.#hear(stream, () => onMark(name)),
      onDigit: (digit) => this.#hear(stream, () => onDigit(digit)),
      onStopped: () => this.#onGone(stream, { type: 'stream.stopped' }),
      onFlooded: () => this.#hear(stream, onFlooded),
      onLost: (closeCode) => this.#onGone(stream, { type: 'stream.lost', closeCode }),
    });
  }

  /** Closes the stream that there is, and remembers how well it went. */
  leave(): void {
    if (!this.#stream) return;
    this.#stream.close();
    this.#stats = addStats(this.#stats, this.#stream.stats);
  }

  /** As `#hear`, and nothing is made for each frame. */
  #onAudio(stream: CarrierStream, frame: Buffer): void {
    if (stream !== this.#stream) return;
    try {
      this.#listener.onAudio(frame);
    } catch (fault) {
      this.#listener.onFault(fault);
    }
  }

  #onGone(stream: CarrierStream, event: Parameters<LineStreamListener['onGone']>[0]): void {
    this.#hear(stream, () => {
      stream.close();
      this.#listener.onGone(event);
    });
  }

  #hear(stream: CarrierStream, tell: () => void): void {
    if (stream !== this.#stream) return;
    try {
      tell();
    } catch (fault) {
      this.#listener.onFault(fault);
    }
  }
}

/** The moments of a leg's media that tests measure, all on the clock of `nowMs`. */
import { nowMs } from './timing';

// What silence decodes to in A-law, the largest of the codecs.
const SILENCE_PEAK = 8;

/** A clear of the server's: when it took effect, and how much of the server's audio had been played by then. */
export type ClearRecord = {
  readonly atMs: number;
  /** Exact to the sample: the frame in play is heard to its end and counted, nothing after it is. */
  readonly playedMs: number;
};

/** Notes the moments as they come. */
export class StreamTimes {
  readonly clears: ClearRecord[] = [];
  #startedAtMs: number | undefined;
  #firstAudioAtMs: number | undefined;

  /** When the first stream was open. */
  get startedAtMs(): number | undefined {
    return this.#startedAtMs;
  }

  /** When the first audio of the server that is not silence arrived. */
  get firstAudioAtMs(): number | undefined {
    return this.#firstAudioAtMs;
  }

  /** A stream is open. */
  noteStarted(atMs: number): void {
    this.#startedAtMs ??= atMs;
  }

  /** Audio of the server has arrived. */
  noteAudio(pcm: Int16Array): void {
    if (this.#firstAudioAtMs !== undefined) return;
    if (pcm.some((sample) => Math.abs(sample) > SILENCE_PEAK)) this.#firstAudioAtMs = nowMs();
  }

  /** A clear has taken effect. */
  noteClear(playedMs: number): void {
    this.clears.push({ atMs: nowMs(), playedMs });
  }
}

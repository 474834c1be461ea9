/**
 * The carrier's queue of audio for one callee: takes messages of any length, gives out 20 ms frames, and knows when a
 * mark's preceding audio has been played to the end. Pure: the frame clock is someone else's.
 */

/** Samples in one 20 ms frame at 8 kHz. */
export const FRAME_SAMPLES = 160;

/** Samples per millisecond at 8 kHz. */
export const SAMPLES_PER_MS = 8;

type Entry = { readonly kind: 'audio'; readonly pcm: Int16Array } | { readonly kind: 'mark'; readonly name: string };

/** A queue of audio and marks, played out in frames. */
export class PlayoutQueue {
  #entries: Entry[] = [];
  #offset = 0;
  #queuedSamples = 0;
  #playedSamples = 0;
  #marksInPlay: string[] = [];
  #isPlaying = false;

  /** Milliseconds that still wait. */
  get queuedMs(): number {
    return this.#queuedSamples / SAMPLES_PER_MS;
  }

  /** Milliseconds given out for playing so far, the frame now playing included. */
  get playedMs(): number {
    return this.#playedSamples / SAMPLES_PER_MS;
  }

  /** Appends audio. */
  enqueue(pcm: Int16Array): void {
    if (pcm.length === 0) return;
    this.#entries.push({ kind: 'audio', pcm });
    this.#queuedSamples += pcm.length;
  }

  /** Appends a mark; returns false if nothing precedes it, in which case it is due at once and not kept. */
  mark(name: string): boolean {
    if (this.#entries.length > 0) this.#entries.push({ kind: 'mark', name });
    else if (this.#isPlaying) this.#marksInPlay.push(name);
    else return false;
    return true;
  }

  /** The marks whose audio ended with the frame last taken; to be called one frame after it was taken. */
  takePlayedMarks(): string[] {
    const names = this.#marksInPlay;
    this.#marksInPlay = [];
    return names;
  }

  /** The next frame, padded with silence if the queue runs dry within it; undefined if nothing is queued. */
  takeFrame(): Int16Array | undefined {
    this.#isPlaying = this.#queuedSamples > 0;
    if (!this.#isPlaying) return undefined;
    const frame = new Int16Array(FRAME_SAMPLES);
    let filled = 0;
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      if (entry.kind === 'mark') this.#marksInPlay.push(entry.name);
      else if (filled === FRAME_SAMPLES) break;
      else filled += this.#copy(entry.pcm, frame, filled);
      if (entry.kind === 'mark' || this.#offset === entry.pcm.length) this.#shift();
    }
    this.#queuedSamples -= filled;
    this.#playedSamples += filled;
    return frame;
  }

  /** Drops what has not been taken and returns all pending marks, oldest first. */
  clear(): string[] {
    const names = this.takePlayedMarks();
    for (const entry of this.#entries) if (entry.kind === 'mark') names.push(entry.name);
    this.#entries = [];
    this.#offset = 0;
    this.#queuedSamples = 0;
    return names;
  }

  #copy(pcm: Int16Array, frame: Int16Array, filled: number): number {
    const count = Math.min(FRAME_SAMPLES - filled, pcm.length - this.#offset);
    frame.set(pcm.subarray(this.#offset, this.#offset + count), filled);
    this.#offset += count;
    return count;
  }

  #shift(): void {
    this.#entries.shift();
    this.#offset = 0;
  }
}

// One WAV file while its call goes on. Written beside the call: what waits for the disk is bounded, and a disk that is
// slow or full costs the recording, never the call.

import type { FileHandle } from 'node:fs/promises';
import { bytesPerSampleFrame, MAX_WAV_DATA_BYTES, WAV_HEADER_BYTES, wavHeader } from '../audio/wav';
import type { CallRecording } from '../calls/call';
import type { Clock, Logger } from '../calls/ports';
import { firstWithin } from '../calls/wait';

/** Left and right. */
export const CHANNELS = 2;

/** More than a second of a call: a write is a trip to a thread, and hundreds of calls share few of them. */
const BLOCK_BYTES = 64 * 1024;

/** Two minutes of a call at 8 kHz. A disk that is this far behind does not catch up. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** The end of a call waits no longer for a disk that hangs. */
const FINISH_LIMIT_MS = 5_000;

/** What a file works with. */
export type RecordingFileDeps = {
  readonly callId: string;
  readonly sampleRateHz: number;
  /** Makes the file, which is not there yet. */
  readonly create: () => Promise<FileHandle>;
  readonly clock: Clock;
  readonly log: Logger;
};

type Format = { readonly sampleRateHz: number; readonly channels: number };

/** The recording of one call that is not over. Nothing here throws or rejects. */
export class RecordingFile {
  readonly #deps: RecordingFileDeps;
  readonly #format: Format;
  /** What has gathered for the next block, and how much of it that is. */
  #block = Buffer.alloc(0);
  #blockBytes = 0;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #handle: FileHandle | undefined;
  /** In the file. */
  #dataBytes = 0;
  #state: 'open' | 'finishing' | 'failed' = 'open';
  /** The work on the file: one thing after the other. */
  #work: Promise<void>;
  #isWriting = false;
  #isCompleted = false;
  #finished: Promise<CallRecording> | undefined;

  constructor(deps: RecordingFileDeps) {
    this.#deps = deps;
    this.#format = { sampleRateHz: deps.sampleRateHz, channels: CHANNELS };
    this.#work = this.#try(() => this.#begin());
  }

  /** What was taken and is not on the disk. */
  get waitingBytes(): number {
    return this.#waitingBytes + this.#blockBytes;
  }

  /** The next samples, left and right in turn; copied. Those that come after the end are left out. */
  write(stereoPcm: Buffer): void {
    for (let at = 0; at < stereoPcm.length && this.#state === 'open';) {
      if (this.#blockBytes === this.#block.length) this.#startBlock(BLOCK_BYTES);
      const copied = stereoPcm.copy(this.#block, this.#blockBytes, at);
      this.#blockBytes += copied;
      at += copied;
    }
  }

  /** Completes the file, so that players know its length. */
  finish(): Promise<CallRecording> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  async #begin(): Promise<void> {
    this.#handle = await this.#deps.create();
    // Without a length: that of a file whose server was lost is found by its size.
    await this.#handle.appendFile(wavHeader({ ...this.#format, dataBytes: 0 }));
  }

  /** The full block goes to the disk, a new one takes its place. */
  #startBlock(bytes: number): void {
    this.#hand(this.#block.subarray(0, this.#blockBytes));
    this.#block = Buffer.allocUnsafe(bytes);
    this.#blockBytes = 0;
  }

  #hand(block: Buffer): void {
    if (block.length === 0) return;
    this.#waiting.push(block);
    this.#waitingBytes += block.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) return this.#fail(new Error('The disk is too slow.'));
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#work = this.#work.then(() => this.#try(() => this.#writeWaiting()));
  }

  async #writeWaiting(): Promise<void> {
    for (let block = this.#waiting[0]; block; block = this.#waiting[0]) {
      await this.#handle?.appendFile(block);
      this.#dataBytes += block.length;
      // Unless it was given up meanwhile.
      if (this.#waiting.shift()) this.#waitingBytes -= block.length;
    }
    this.#isWriting = false;
  }

  async #finish(): Promise<CallRecording> {
    if (this.#state === 'open') this.#startBlock(0);
    if (this.#state === 'open') this.#state = 'finishing';
    const completed = this.#work.then(() => this.#close()).then(() => (this.#isCompleted = true));
    await firstWithin(this.#deps.clock, FINISH_LIMIT_MS, [completed]);
    if (!this.#isCompleted) this.#fail(new Error('The disk does not answer.'));
    return recordingOf(this.#state === 'failed' ? 'failed' : 'ready', { ...this.#format, dataBytes: this.#dataBytes });
  }

  /** Also of a recording that failed: its beginning can be played. */
  async #close(): Promise<void> {
    const handle = this.#handle;
    if (!handle) return;
    await this.#try(async () => {
      this.#dataBytes = await repairHeader(handle, this.#format);
    });
    await this.#try(() => handle.close());
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#deps.log.warn('The recording of a call failed', { callId: this.#deps.callId, error });
  }
}

/** Makes the header true to the size of the file; returns the bytes of its samples. */
export async function repairHeader(handle: FileHandle, format: Format): Promise<number> {
  const { size } = await handle.stat();
  const frameBytes = bytesPerSampleFrame(format);
  const soundBytes = Math.min(Math.max(0, size - WAV_HEADER_BYTES), MAX_WAV_DATA_BYTES);
  const dataBytes = soundBytes - (soundBytes % frameBytes);
  await handle.truncate(WAV_HEADER_BYTES + dataBytes);
  await handle.write(wavHeader({ ...format, dataBytes }), 0, WAV_HEADER_BYTES, 0);
  return dataBytes;
}

/** What is known of a recording with so many bytes of samples. */
export function recordingOf(
  state: CallRecording['state'],
  format: Format & { readonly dataBytes: number },
): CallRecording {
  const { sampleRateHz, dataBytes } = format;
  const durationMs = Math.round((dataBytes / bytesPerSampleFrame(format) / sampleRateHz) * 1_000);
  return { state, durationMs, bytes: dataBytes === 0 ? 0 : WAV_HEADER_BYTES + dataBytes };
}

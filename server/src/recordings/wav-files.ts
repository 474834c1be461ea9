// Recordings of calls as WAV files in one folder, one a call, named by its id and for the eyes of the server's own user.

import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readWavHeader, WAV_HEADER_BYTES, type WavHeader } from '../audio/wav';
import type { CallRecording } from '../calls/call';
import type { Clock, Logger } from '../calls/ports';
import type { RecordingFiles } from '../calls/record-ports';
import { RecordingFile, recordingOf, repairHeader } from './recording-file';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** An id is a part of a path here. */
const CALL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A finished recording. */
export type FoundRecording = {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
};

/** What the folder works with. */
export type WavFilesDeps = {
  /** Made with the first recording. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Opens files; for tests of disks that fail. */
  readonly openFile?: typeof open | undefined;
};

/** The folder of recordings. */
export class WavFiles implements RecordingFiles {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #openFile: typeof open;
  /** Of calls that are not over. */
  readonly #open = new Map<string, RecordingFile>();

  constructor({ folder, clock, log, openFile = open }: WavFilesDeps) {
    this.#folder = resolve(folder);
    this.#clock = clock;
    this.#log = log;
    this.#openFile = openFile;
  }

  /**
   * Begins the recording of a call, or goes on with the one that is open; if that is not possible, it has failed, and the
   * call goes on.
   */
  open(callId: string, { sampleRateHz }: { readonly sampleRateHz: number }): RecordingFile {
    const known = this.#open.get(callId);
    if (known) return known;
    const [clock, log] = [this.#clock, this.#log];
    const file = new RecordingFile({ callId, sampleRateHz, clock, log, create: () => this.#create(callId) });
    this.#open.set(callId, file);
    return file;
  }

  async finish(callId: string): Promise<CallRecording | undefined> {
    const file = this.#open.get(callId);
    if (!file) return undefined;
    const recording = await file.finish();
    if (this.#open.get(callId) === file) this.#open.delete(callId);
    return recording;
  }

  async repair(callId: string): Promise<CallRecording | undefined> {
    if (this.#open.has(callId)) return this.finish(callId);
    try {
      return await this.#withFile(callId, 'r+', repaired);
    } catch (error) {
      this.#log.warn('The recording of a call could not be repaired', { callId, error });
      return { state: 'failed', durationMs: 0, bytes: 0 };
    }
  }

  /** The file of a finished recording; undefined when there is none. */
  async find(callId: string): Promise<FoundRecording | undefined> {
    if (this.#open.has(callId)) return undefined;
    return this.#withFile(callId, 'r', async (handle) => {
      const { size } = await handle.stat();
      const header = await headerOf(handle);
      const isFinished = header !== undefined && header.dataBytes > 0 && size === WAV_HEADER_BYTES + header.dataBytes;
      return isFinished ? { path: this.#pathOf(callId), bytes: size } : undefined;
    });
  }

  async remove(callId: string): Promise<void> {
    await this.finish(callId);
    await unlessMissing(unlink(this.#pathOf(callId)));
  }

  async removeOlderThan(endedBeforeMs: number): Promise<void> {
    for (const callId of await this.#callIds()) {
      if (this.#open.has(callId)) continue;
      const file = await unlessMissing(stat(this.#pathOf(callId)));
      // Nothing is written to a recording after the end of its call.
      if (file && file.mtimeMs < endedBeforeMs) await unlessMissing(unlink(this.#pathOf(callId)));
    }
  }

  /** Completes everything that is open: the server stops. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((callId) => this.finish(callId)));
  }

  async #callIds(): Promise<readonly string[]> {
    const names = (await unlessMissing(readdir(this.#folder))) ?? [];
    return names.flatMap((name) => (name.endsWith('.wav') ? [name.slice(0, -'.wav'.length)] : [])).filter(isCallId);
  }

  async #create(callId: string): Promise<FileHandle> {
    const path = this.#pathOf(callId);
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    // Never over another one: what was kept of a call is not lost to a second recording of it.
    return this.#openFile(path, 'wx', FILE_MODE);
  }

  /** Undefined when there is no such file. */
  async #withFile<T>(
    callId: string,
    flags: 'r' | 'r+',
    use: (handle: FileHandle) => Promise<T>,
  ): Promise<T | undefined> {
    const handle = await unlessMissing(this.#openFile(this.#pathOf(callId), flags));
    if (!handle) return undefined;
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  }

  /** @throws RangeError for what is no id of a call */
  #pathOf(callId: string): string {
    if (!isCallId(callId)) throw new RangeError('This is no id of a call.');
    return join(this.#folder, `${callId}.wav`);
  }
}

function isCallId(text: string): boolean {
  return CALL_ID.test(text);
}

/** One that was completed before its server was lost is whole; of any other there is only the beginning. */
async function repaired(handle: FileHandle): Promise<CallRecording> {
  const { size } = await handle.stat();
  const header = await headerOf(handle);
  if (!header) return { state: 'failed', durationMs: 0, bytes: 0 };
  const isWhole = header.dataBytes > 0 && size === WAV_HEADER_BYTES + header.dataBytes;
  const dataBytes = isWhole ? header.dataBytes : await repairHeader(handle, header);
  return recordingOf(isWhole ? 'ready' : 'failed', { ...header, dataBytes });
}

async function headerOf(handle: FileHandle): Promise<WavHeader | undefined> {
  const bytes = Buffer.alloc(WAV_HEADER_BYTES);
  const { bytesRead } = await handle.read(bytes, 0, WAV_HEADER_BYTES, 0);
  return readWavHeader(bytes.subarray(0, bytesRead));
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

// A folder of recordings on this machine's disk, and disks that do what a test wants.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WavFiles, type WavFilesDeps } from '../../../src/recordings/wav-files';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';

/** Left and right in turn. */
export function stereo(left: Int16Array, right: Int16Array): Buffer {
  const pcm = new Int16Array(left.length * 2);
  left.forEach((sample, i) => {
    pcm[2 * i] = sample;
    pcm[2 * i + 1] = right[i] ?? 0;
  });
  return Buffer.from(pcm.buffer);
}

/** A disk: what happens before each append. */
export type Disk = { beforeAppend: () => Promise<void> };

/** Opens real files on a disk that may be slow or full. */
export function openOn(disk: Disk): typeof open {
  return async (...args: Parameters<typeof open>): Promise<FileHandle> => {
    const handle = await open(...args);
    const append = handle.appendFile.bind(handle);
    handle.appendFile = async (data, options) => {
      await disk.beforeAppend();
      return append(data, options);
    };
    return handle;
  };
}

/** One folder. */
export class RecordingsRig {
  readonly root = mkdtempSync(join(tmpdir(), 'ai-calls-test-'));
  readonly folder = join(this.root, 'recordings');
  readonly clock = new ManualClock();
  readonly log = new RecordingLogger();
  files: WavFiles = this.restart();

  /** Another process on the same folder. */
  restart(changes: Partial<WavFilesDeps> = {}): WavFiles {
    const { folder, clock, log } = this;
    this.files = new WavFiles({ folder, clock, log, ...changes });
    return this.files;
  }

  /** The names of all files. */
  get names(): string[] {
    return readdirSync(this.folder).sort();
  }

  pathOf(callId: string): string {
    return join(this.folder, `${callId}.wav`);
  }

  async close(): Promise<void> {
    await this.files.closeAll();
    rmSync(this.root, { recursive: true, force: true });
  }
}

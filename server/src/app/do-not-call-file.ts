// The do-not-call list: read when the server starts, and again whenever its file has changed. What was read last holds
// until there is something better: a file that is gone, or wrong, opens nothing.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock, Logger, Timer } from '../calls/ports';
import { ConfigError } from '../config/config';
import type { DoNotCallList } from '../http/destination';
import { NumberList, NumberListReader, type WrongLines } from './number-list';

// Whoever puts himself on the list is not called any more a few seconds later. A change has to be there twice in a row:
// a file that is still being written is not read.
const LOOK_EVERY_MS = 1_000;

/** What the file works with. */
export type DoNotCallFileDeps = {
  readonly clock: Clock;
  readonly log: Logger;
};

/** The list in one file. Idempotent `close()`. */
export class DoNotCallFile implements DoNotCallList {
  readonly #path: string | undefined;
  readonly #deps: DoNotCallFileDeps;
  #numbers = new NumberList([]);
  /** Which version of the file was read, wrong as it may have been; undefined when it is to be read in any case. */
  #readVersion: string | undefined;
  #seenVersion: string | undefined;
  /** What was warned of and still holds. */
  #trouble: string | undefined;
  #timer: Timer | undefined;
  #isStarted = false;
  #isClosed = false;

  private constructor(path: string | undefined, deps: DoNotCallFileDeps) {
    this.#path = path;
    this.#deps = deps;
  }

  /** Reads the list; without a path nobody is on it. @throws ConfigError that names lines, and no numbers */
  static async open(path: string | undefined, deps: DoNotCallFileDeps): Promise<DoNotCallFile> {
    const file = new DoNotCallFile(path, deps);
    if (path === undefined) return file;
    file.#readVersion = await versionOf(path).catch(() => undefined);
    const read = await numbersIn(path).catch((error: unknown) => {
      const { code = 'no reason given' } = error as NodeJS.ErrnoException;
      throw new ConfigError([`DO_NOT_CALL_FILE: cannot be read (${code})`]);
    });
    if (!(read instanceof NumberList)) throw new ConfigError([`DO_NOT_CALL_FILE: ${wording(read)}`]);
    file.#numbers = read;
    return file;
  }

  /** Keeps an eye on the file from now on. */
  start(): void {
    if (this.#path === undefined || this.#isStarted) return;
    this.#isStarted = true;
    this.#lookLater(this.#path);
  }

  isOnList(number: string): boolean {
    return this.#numbers.has(number);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #lookLater(path: string): void {
    if (this.#isClosed) return;
    this.#timer = this.#deps.clock.after(LOOK_EVERY_MS, () => void this.#look(path).then(() => this.#lookLater(path)));
  }

  async #look(path: string): Promise<void> {
    try {
      const version = await versionOf(path);
      const isSettled = version === this.#seenVersion;
      this.#seenVersion = version;
      if (version !== this.#readVersion && isSettled) await this.#readAgain(path, version);
    } catch (error) {
      this.#readVersion = undefined;
      this.#warn('it cannot be read', { error });
    }
  }

  async #readAgain(path: string, version: string): Promise<void> {
    const read = await numbersIn(path);
    // Written to while it was read: the next look tells.
    if ((await versionOf(path)) !== version) return;
    this.#readVersion = version;
    if (!(read instanceof NumberList)) return this.#warn(wording(read));
    this.#numbers = read;
    this.#trouble = undefined;
    this.#deps.log.info('The do-not-call list was read again', { entries: read.size });
  }

  /** Once for each trouble: it is looked at every second. */
  #warn(trouble: string, fields: { readonly error?: unknown } = {}): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const entries = this.#numbers.size;
    this.#deps.log.warn('DO_NOT_CALL_FILE: the list that was read last holds', { trouble, entries, ...fields });
  }
}

/** Another version of a file has another of these. */
async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(':');
}

/** Between two pieces of the file, calls have their turn. */
async function numbersIn(path: string): Promise<NumberList | WrongLines> {
  const reader = new NumberListReader();
  for await (const piece of createReadStream(path)) reader.read(piece as Buffer);
  return reader.finish();
}

function wording({ first, count }: WrongLines): string {
  const others = count > first.length ? ` and ${count - first.length} more` : '';
  const lines = `${count === 1 ? 'line' : 'lines'} ${first.join(', ')}${others}`;
  return `${lines}: must be a phone number in E.164 form, + and 7 to 15 digits without (0), or a comment after #`;
}

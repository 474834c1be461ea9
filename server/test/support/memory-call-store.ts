// The record of calls in memory; held to the same contract as the SQL one.

import { isDeepStrictEqual } from 'node:util';
import type { Call } from '../../src/calls/call';
import type { Charge } from '../../src/calls/cost';
import { CursorError, RecordRefusedError } from '../../src/calls/errors';
import type {
  CallPage,
  CallQuery,
  CallStore,
  Idempotency,
  Insertion,
  QueuedCallback,
  RecordWrite,
  Replay,
  StoredEntry,
} from '../../src/calls/record-ports';

type StoredCall = { call: Call; readonly idempotency: Idempotency | undefined };

/** A CallStore whose operations a test can delay, fail and look into. */
export class MemoryCallStore implements CallStore {
  readonly #calls = new Map<string, StoredCall>();
  readonly #entries: StoredEntry[] = [];
  readonly callbacks: QueuedCallback[] = [];
  /** Runs before each operation; a test delays or fails operations with it. */
  before: (operation: 'insert' | 'call' | 'entry' | 'callback' | 'find' | 'ping') => Promise<void> = () =>
    Promise.resolve();

  async insert(call: Call, idempotency?: Idempotency): Promise<Insertion> {
    await this.before('insert');
    const known = this.#calls.get(call.callId)?.call;
    if (known && isDeepStrictEqual(known, call)) return { kind: 'inserted' };
    const replay = idempotency && this.#replayOf(idempotency);
    if (replay) return replay;
    if (known) throw new Error('This call id is taken.');
    this.#calls.set(call.callId, { call, idempotency });
    return { kind: 'inserted' };
  }

  findReplay(idempotency: Idempotency): Promise<Replay | undefined> {
    return Promise.resolve(this.#replayOf(idempotency));
  }

  async write(batch: readonly RecordWrite[]): Promise<void> {
    for (const record of batch) await this.before(record.kind);
    for (const record of batch) this.#check(record);
    for (const record of batch) this.#write(record);
  }

  async ping(): Promise<void> {
    await this.before('ping');
  }

  #check(record: RecordWrite): void {
    if (record.kind === 'call') return;
    const { callId } = record.kind === 'entry' ? record.entry : record.callback;
    if (!this.#calls.has(callId)) throw new RecordRefusedError('There is no such call.');
  }

  #write(record: RecordWrite): void {
    if (record.kind === 'call') {
      const stored = this.#calls.get(record.call.callId);
      if (stored) stored.call = record.call;
    }
    if (record.kind === 'callback') this.callbacks.push(record.callback);
    if (record.kind === 'entry') {
      const { callId } = record.entry;
      const sequence = this.#entries.filter((entry) => entry.callId === callId).length + 1;
      this.#entries.push({ ...structuredClone(record.entry), sequence });
    }
  }

  async find(callId: string): Promise<Call | undefined> {
    await this.before('find');
    return this.#calls.get(callId)?.call;
  }

  isCharged(callId: string, { source, reference, items }: Charge): Promise<boolean> {
    const kinds = this.#entries
      .filter((entry) => entry.callId === callId && entry.type === 'usage.added')
      .map(({ data }) => data['charge'] as Charge)
      .filter((charge) => charge.source === source && charge.reference === reference)
      .flatMap((charge) => charge.items.map(({ kind }) => kind));
    return Promise.resolve(items.length > 0 && items.every(({ kind }) => kinds.includes(kind)));
  }

  list(query: CallQuery): Promise<CallPage> {
    const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
    if (after === null) return Promise.reject(new CursorError('This cursor is not one of ours.'));
    const calls = [...this.#calls.values()]
      .map(({ call }) => call)
      .filter((call) => isWanted(call, query))
      .filter((call) => after === undefined || comparePlaces(after, placeOf(call)) < 0)
      .sort((a, b) => comparePlaces(placeOf(a), placeOf(b)));
    const page = calls.slice(0, query.limit);
    const last = page.at(-1);
    return Promise.resolve(
      calls.length > page.length && last ? { calls: page, nextCursor: JSON.stringify(placeOf(last)) } : { calls: page },
    );
  }

  timeline(callId: string, afterSequence = 0): Promise<readonly StoredEntry[]> {
    const entries = this.#entries.filter((entry) => entry.callId === callId && entry.sequence > afterSequence);
    return Promise.resolve(entries);
  }

  #replayOf({ key, fingerprint }: Idempotency): Replay | undefined {
    const stored = [...this.#calls.values()].find(({ idempotency }) => idempotency?.key === key);
    if (!stored) return undefined;
    if (stored.idempotency?.fingerprint !== fingerprint) return { kind: 'mismatched' };
    return { kind: 'replayed', call: stored.call };
  }
}

type Place = readonly [createdAtMs: number, callId: string];

function placeOf(call: Call): Place {
  return [call.timings.createdAtMs, call.callId];
}

/** Newest first; calls of the same moment by their id. */
function comparePlaces(a: Place, b: Place): number {
  if (a[0] !== b[0]) return b[0] - a[0];
  return a[1] === b[1] ? 0 : a[1] > b[1] ? -1 : 1;
}

function parseCursor(cursor: string): Place | null {
  try {
    const place: unknown = JSON.parse(cursor);
    return Array.isArray(place) && place.length === 2 ? (place as unknown as Place) : null;
  } catch {
    // Not JSON, so it is not one of ours.
    return null;
  }
}

function isWanted(call: Call, { statuses, to, sinceMs }: CallQuery): boolean {
  if (statuses && !statuses.includes(call.status)) return false;
  if (to !== undefined && call.to !== to) return false;
  return sinceMs === undefined || call.timings.createdAtMs >= sinceMs;
}

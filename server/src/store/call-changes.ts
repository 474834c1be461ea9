// A batch of records sorted by call: each call is written once, with as many numbers as its new rows need.

import { callIdOf } from '../calls/journal/call-journal';
import type { QueuedCallback, RecordWrite, TimelineEntry } from '../calls/record-ports';
import { type CallProgressData, toProgress } from './call-row';
import { encoded, type EncodedEntry } from './entry-rows';
import type { CallbackRow } from './tables';
import { storableRow } from './text';

/** What a batch changes about one call. */
export type CallChanges = {
  readonly callId: string;
  /** Its last version in the batch. */
  readonly progress: CallProgressData | undefined;
  readonly entries: readonly EncodedEntry[];
  /** As it was noted. */
  readonly lastEntry: TimelineEntry | undefined;
  readonly callbacks: readonly QueuedCallback[];
};

type Growing = {
  readonly callId: string;
  progress: CallProgressData | undefined;
  readonly entries: EncodedEntry[];
  lastEntry: TimelineEntry | undefined;
  readonly callbacks: QueuedCallback[];
};

/** The changes of the batch, call by call in the order of their ids: two writers never wait for each other crosswise. */
export function changesOf(batch: readonly RecordWrite[]): readonly CallChanges[] {
  const byCall = new Map<string, Growing>();
  for (const record of batch) add(changesFor(byCall, callIdOf(record)), record);
  return [...byCall.values()].sort((a, b) => (a.callId < b.callId ? -1 : 1));
}

/** The row of a callback that nobody has tried to deliver. */
export function callbackRow(callback: QueuedCallback, number: number): CallbackRow {
  return storableRow({
    callback_id: callback.callbackId,
    call_id: callback.callId,
    number,
    url: callback.url,
    body: callback.body,
    created_at_ms: callback.createdAtMs,
    state: 'waiting',
    attempts: 0,
    due_at_ms: callback.createdAtMs,
    claimed_until_ms: null,
    settled_at_ms: null,
  });
}

function changesFor(byCall: Map<string, Growing>, callId: string): Growing {
  const known = byCall.get(callId);
  if (known) return known;
  const changes: Growing = { callId, progress: undefined, entries: [], lastEntry: undefined, callbacks: [] };
  byCall.set(callId, changes);
  return changes;
}

function add(changes: Growing, record: RecordWrite): void {
  if (record.kind === 'call') changes.progress = toProgress(record.call);
  if (record.kind === 'entry') {
    changes.entries.push(encoded(record.entry));
    changes.lastEntry = record.entry;
  }
  if (record.kind === 'callback') changes.callbacks.push(record.callback);
}

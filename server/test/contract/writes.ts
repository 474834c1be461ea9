// Single records, written.

import type { Call } from '../../src/calls/call';
import type { QueuedCallback, RecordWriter, TimelineEntry } from '../../src/calls/record-ports';
import { aCallId } from '../support/builders';
import { ManualClock } from '../support/manual-clock';

/** Writes one version of a call. */
export function saved(store: RecordWriter, call: Call): Promise<void> {
  return store.write([{ kind: 'call', call }]);
}

/** Writes entries. */
export function appended(store: RecordWriter, ...entries: readonly TimelineEntry[]): Promise<void> {
  return store.write(entries.map((entry) => ({ kind: 'entry', entry })));
}

/** Writes callbacks. */
export function queued(store: RecordWriter, ...callbacks: readonly QueuedCallback[]): Promise<void> {
  return store.write(callbacks.map((callback) => ({ kind: 'callback', callback })));
}

/** A callback that is due at once. */
export function aCallback(changes: Partial<QueuedCallback> = {}): QueuedCallback {
  return {
    callbackId: 'callback-1',
    callId: aCallId(),
    url: 'https://example.com/hook?a=b',
    body: '{"status":"ringing"}',
    createdAtMs: ManualClock.START_MS,
    ...changes,
  };
}

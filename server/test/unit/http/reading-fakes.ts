// What the routes that read are fed from, in memory.

import type { UsageQuery, UsageReport, UsageRow } from '../../../src/calls/record-ports';
import type { WrittenNews } from '../../../src/http/event-stream';
import type { RecordingFinder } from '../../../src/http/routes/call-reading';

/** News of writes that a test tells. */
export class FakeNews implements WrittenNews {
  readonly listeners = new Set<(callIds: ReadonlySet<string>) => void>();

  onWritten(listener: (callIds: ReadonlySet<string>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(callIds: readonly string[]): void {
    for (const listener of this.listeners) listener(new Set(callIds));
  }
}

/** Usage that a test sets. */
export class FakeUsage implements Pick<UsageReport, 'usage'> {
  readonly queries: UsageQuery[] = [];
  rows: readonly UsageRow[] = [];

  usage(query: UsageQuery): Promise<readonly UsageRow[]> {
    this.queries.push(query);
    return Promise.resolve(this.rows);
  }
}

/** Recordings that are files of a test. */
export class FakeRecordings implements RecordingFinder {
  readonly files = new Map<string, { readonly path: string; readonly bytes: number }>();

  find(callId: string): Promise<{ readonly path: string; readonly bytes: number } | undefined> {
    return Promise.resolve(this.files.get(callId));
  }
}

/** A row of a report on usage. */
export function aUsageRow(changes: Partial<UsageRow> = {}): UsageRow {
  return {
    day: '2026-11-20',
    to: '+12025550123',
    calls: 2,
    answered: 1,
    failed: 1,
    talkSeconds: 61.5,
    inputTokens: 1_000,
    outputTokens: 400,
    aiCostUsd: 0.0123,
    carrierCostUsd: 0.004,
    unpricedCalls: 0,
    ...changes,
  };
}

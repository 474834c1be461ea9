// What goes on beside the calls: this node's lease and the calls of nodes that are gone, the comparison with the carrier,
// the callbacks, the day's budget, the do-not-call list and the end of old data. Started when the server listens (the
// budget before, as it has to be known), stopped with it (the callbacks after it, with the records).

import type { AiBreaker } from '../calls/admission/ai-breaker';
import type { CallService } from '../calls/call-service';
import type { DayBudget } from '../calls/admission/day-budget';
import type { Overload } from '../calls/admission/overload';
import { NodeLease } from '../calls/upkeep/node-lease';
import type { Carrier, Clock, Logger } from '../calls/ports';
import { Reaper, type ReaperTimes } from '../calls/upkeep/reaper';
import { Reconciler } from '../calls/upkeep/reconciler';
import { RetentionSweep } from '../calls/upkeep/retention-sweep';
import type { DoNotCallFile } from './do-not-call-file';
import type { Records } from './records';

/** What the background works with. */
export type BackgroundParts = {
  readonly records: Records;
  readonly retentionDays: number | undefined;
  readonly calls: CallService;
  readonly carrier: Carrier;
  readonly budget: DayBudget;
  readonly breaker: AiBreaker;
  readonly doNotCall: DoNotCallFile;
  readonly overload: Overload | undefined;
  /** Measured until the stop. */
  readonly metrics: { start(): void; close(): void };
  readonly clock: Clock;
  readonly log: Logger;
};

/** Times other than those for real life. */
export type BackgroundTimes = {
  readonly leaseMs?: number | undefined;
  readonly reaper?: Partial<ReaperTimes> | undefined;
};

/** Everything that goes on by itself. */
export type Background = {
  readonly start: () => void;
  /** Nothing new is begun. */
  readonly stop: () => void;
  /** What this node still has is for the others from now on: everything that it knows of it is written. */
  readonly signOff: () => Promise<void>;
};

/** Puts it together; nothing runs yet. */
export function background(parts: BackgroundParts, times: BackgroundTimes): Background {
  const { records, calls, carrier, budget, breaker, doNotCall, overload, metrics, clock, log } = parts;
  const { store, journal, recordings } = records;
  const find = store.find.bind(store);
  const reconciler = new Reconciler({ carrier, clock, log, journal, leases: records.leases, find, recordings });
  const lease = new NodeLease({
    leases: records.leases,
    reconcile: () => reconciler.reconcile(),
    isShared: records.isShared,
    clock,
    log,
    leaseMs: times.leaseMs,
  });
  const reaper = new Reaper({
    carrier,
    live: () => calls.watched(),
    find,
    end: (callId, reason) => calls.onLegGone(callId, reason),
    times: times.reaper,
    clock,
    log,
  });
  const sweep = new RetentionSweep({ ...records, days: parts.retentionDays, clock, log });
  return {
    start: () => {
      lease.start();
      reaper.start();
      sweep.start();
      doNotCall.start();
      records.callbacks.start();
      metrics.start();
    },
    stop: () => {
      for (const worker of [calls, reaper, reconciler, sweep, budget, breaker, doNotCall, overload, metrics])
        worker?.close();
    },
    signOff: () => lease.stop(),
  };
}

// How the records are written and the callbacks delivered: measured around the ports through which both go.

import { Histogram, type Registry } from 'prom-client';
import type { Outbox, RecordWriter } from '../calls/record-ports';
import { childrenOf } from './measures';

type CallbackOutcome = 'delivered' | 'failed' | 'given-up';

const BUCKETS_SECONDS = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Measures what goes to the database. */
export class RecordMeasures {
  readonly #writes: Histogram<'outcome'>;
  readonly #callbacks: ReadonlyMap<unknown, { inc(): void }>;
  readonly #clock: { monotonicMs(): number };
  /** Tries before the one that is under way, of each callback that is. */
  readonly #attempts = new Map<string, number>();

  constructor(registry: Registry, clock: { monotonicMs(): number }) {
    this.#clock = clock;
    this.#writes = new Histogram({
      name: 'ai_calls_record_write_seconds',
      help: 'How long the database took to write a batch of records, by whether it did.',
      labelNames: ['outcome'],
      buckets: BUCKETS_SECONDS,
      registers: [registry],
    });
    this.#writes.zero({ outcome: 'ok' });
    this.#writes.zero({ outcome: 'failed' });
    this.#callbacks = childrenOf<CallbackOutcome>(registry, {
      name: 'ai_calls_callbacks_total',
      help: 'Deliveries of status callbacks: `failed` ones are tried again, those `given-up` are not.',
      label: 'outcome',
      values: { delivered: true, failed: true, 'given-up': true },
    });
  }

  /** The same writer, measured. */
  writer(writer: RecordWriter): RecordWriter {
    return {
      ping: () => writer.ping(),
      write: async (batch) => {
        const startedAtMs = this.#clock.monotonicMs();
        const observe = (outcome: 'ok' | 'failed'): void =>
          this.#writes.observe({ outcome }, (this.#clock.monotonicMs() - startedAtMs) / 1000);
        await writer.write(batch).then(
          () => observe('ok'),
          (error: unknown) => {
            observe('failed');
            throw error;
          },
        );
      },
    };
  }

  /** The same outbox, measured. */
  outbox(outbox: Outbox): Outbox {
    const count = (outcome: CallbackOutcome): void => this.#callbacks.get(outcome)?.inc();
    return {
      claimDue: async (claim) => {
        const due = await outbox.claimDue(claim);
        for (const { callbackId, attempts } of due) this.#attempts.set(callbackId, attempts);
        return due;
      },
      nextDueAtMs: () => outbox.nextDueAtMs(),
      markDelivered: async (callbackId, atMs) => {
        await outbox.markDelivered(callbackId, atMs);
        this.#attempts.delete(callbackId);
        count('delivered');
      },
      postpone: async (callbackId, failed) => {
        await outbox.postpone(callbackId, failed);
        // One that only lets others pass has not been tried.
        if (failed.attempts > (this.#attempts.get(callbackId) ?? 0)) count('failed');
        this.#attempts.delete(callbackId);
      },
      giveUp: async (callbackId, atMs) => {
        await outbox.giveUp(callbackId, atMs);
        this.#attempts.delete(callbackId);
        count('given-up');
      },
    };
  }
}

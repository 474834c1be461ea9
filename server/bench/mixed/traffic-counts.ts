// Counts what became of requests: statuses, right and wrong ones, and how long they took.

import { REQUEST_KINDS, type RequestKind } from './request-kinds';
import type { KindFigures, TrafficFigures } from './traffic-protocol';

/** The requests of one window. */
export class TrafficCounts {
  readonly #sinceMs = performance.now();
  readonly #statuses = new Map<number, number>();
  readonly #tookMs = new Map<RequestKind, number[]>();
  readonly #wrong = new Map<RequestKind, number>();
  #streamed = 0;

  /** A request was answered; 0 for one that was not. */
  add(kind: RequestKind, status: number, tookMs: number): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (!kind.statuses.includes(status)) this.#wrong.set(kind, (this.#wrong.get(kind) ?? 0) + 1);
    const took = this.#tookMs.get(kind) ?? [];
    took.push(tookMs);
    this.#tookMs.set(kind, took);
  }

  /** A piece of an event stream came. */
  addStreamed(text: string): void {
    this.#streamed += text.split('\ndata:').length - 1;
  }

  figures(openStreams: number): TrafficFigures {
    const kinds = REQUEST_KINDS.map((kind) => this.#kind(kind));
    const count = kinds.reduce((sum, each) => sum + each.count, 0);
    return {
      requestsPerSecond: (count / (performance.now() - this.#sinceMs)) * 1000,
      statuses: Object.fromEntries([...this.#statuses].sort(([a], [b]) => a - b)),
      kinds,
      openStreams,
      streamedEvents: this.#streamed,
    };
  }

  #kind(kind: RequestKind): KindFigures {
    const sorted = (this.#tookMs.get(kind) ?? []).sort((a, b) => a - b);
    const at = (share: number): number | null => sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? null;
    const { name } = kind;
    return { name, count: sorted.length, wrong: this.#wrong.get(kind) ?? 0, p50Ms: at(0.5), p99Ms: at(0.99) };
  }
}

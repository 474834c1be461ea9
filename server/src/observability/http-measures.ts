// Requests to the API: how many, how they end, how long they take, and what they were refused for.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { childrenOf } from './measures';

// Local work of milliseconds at one end, a database that is slow or a client far away at the other.
const BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

// Routes are ours; should one get through that is not, it does not fill the memory.
const MAX_ROUTES = 100;
const OTHER_ROUTE = 'other';

/** A request that is over, as the HTTP edge tells it. */
type EndedRequest = {
  readonly method: string;
  readonly route: string;
  readonly outcome: string;
  readonly durationMs: number | undefined;
  readonly problem: string | undefined;
};

/** Measures requests. */
export class HttpMeasures {
  readonly #requests: Counter<'method' | 'route' | 'status'>;
  readonly #durations: Histogram<'method' | 'route'>;
  readonly #inFlight: Gauge;
  readonly #problems: ReadonlyMap<unknown, Counter.Internal>;
  readonly #routes = new Set<string>();

  /** @param problemCodes Every problem that the API answers with. */
  constructor(registry: Registry, problemCodes: readonly string[]) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'ai_calls_http_requests_total',
      help: 'Requests, by method, route and class of the status; `aborted` when the client did not wait.',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#durations = new Histogram({
      name: 'ai_calls_http_request_seconds',
      help: 'From a request to the end of its answer; streams of events are left out.',
      labelNames: ['method', 'route'],
      buckets: BUCKETS_SECONDS,
      registers,
    });
    this.#inFlight = new Gauge({
      name: 'ai_calls_http_requests_in_flight',
      help: 'Requests that are not answered yet, streams of events among them.',
      registers,
    });
    this.#problems = childrenOf(registry, {
      name: 'ai_calls_http_problems_total',
      help: 'Requests that were refused or failed, by the code of the problem.',
      label: 'code',
      values: Object.fromEntries(problemCodes.map((code) => [code, true])),
    });
  }

  onBegun(): void {
    this.#inFlight.inc();
  }

  onEnded({ method, route: named, outcome, durationMs, problem }: EndedRequest): void {
    this.#inFlight.dec();
    const route = this.#known(named);
    this.#requests.inc({ method, route, status: outcome });
    if (durationMs !== undefined) this.#durations.observe({ method, route }, durationMs / 1000);
    if (problem !== undefined) this.#problems.get(problem)?.inc();
  }

  #known(route: string): string {
    if (this.#routes.size < MAX_ROUTES) this.#routes.add(route);
    return this.#routes.has(route) ? route : OTHER_ROUTE;
  }
}

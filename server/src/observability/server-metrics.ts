// All figures of one server, for GET /metrics: those of its calls, of the API, of the records, of the process.

import { type Counter, Registry } from 'prom-client';
import type { LiveStatus } from '../calls/call-state';
import type { Clock } from '../calls/ports';
import { EventLoopLag } from './event-loop-lag';
import { FrameMeasure } from './frame-measure';
import { HttpMeasures } from './http-measures';
import { childrenOf, gauge, gaugeByLabel } from './measures';
import { CallMetrics } from './metrics';
import { showProcess } from './process-measures';
import { RecordMeasures } from './record-measures';

/** Why a connection ended before a route was asked. */
export type ConnectionRefusal = 'no-room' | 'not-websocket' | 'large-headers' | 'slow' | 'malformed';

/** Why a media stream was turned away. */
export type StreamRefusal = 'token' | 'not-started' | 'not-expected';

/** What the server has to tell of itself; asked for whenever somebody reads the figures. */
export type ServerFigures = {
  /** Calls that are not over, by their status. */
  readonly liveCalls: () => Readonly<Record<LiveStatus, number>>;
  readonly maxConcurrentCalls: number;
  /** True while new calls are refused because the AI refuses the account. */
  readonly isAiRefused: () => boolean;
  /** True while new calls are refused because the event loop lags. */
  readonly isOverloaded: () => boolean;
  /** Records that are not written yet. */
  readonly waitingRecords: () => number;
  /** Status callbacks that are not delivered yet; NaN when that is not to be had. */
  readonly waitingCallbacks: () => Promise<number>;
  /** US dollars that calls may still cost today; Infinity without a limit. */
  readonly remainingUsd: () => number;
};

/** What metrics are made of. */
export type ServerMetricsOptions = {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>;
  /** Every problem that the API answers with. */
  readonly problemCodes: readonly string[];
};

/** The figures; each object counts for itself, until `close()`. */
export class ServerMetrics {
  readonly calls: CallMetrics;
  readonly http: HttpMeasures;
  readonly records: RecordMeasures;
  readonly frames: FrameMeasure;
  /** Measured from `start()` on. */
  readonly lag: EventLoopLag;
  readonly #registry = new Registry();
  readonly #refusedStreams: ReadonlyMap<unknown, Counter.Internal>;
  readonly #refusedConnections: ReadonlyMap<unknown, Counter.Internal>;

  constructor({ clock, problemCodes }: ServerMetricsOptions) {
    const registry = this.#registry;
    this.calls = new CallMetrics(registry);
    this.http = new HttpMeasures(registry, problemCodes);
    this.records = new RecordMeasures(registry, clock);
    this.frames = new FrameMeasure(registry, clock);
    this.#refusedStreams = childrenOf<StreamRefusal>(registry, {
      name: 'ai_calls_refused_streams_total',
      help: 'Media streams that were turned away: without a valid token, without a start, for a call that wants none.',
      label: 'why',
      values: { token: true, 'not-started': true, 'not-expected': true },
    });
    this.#refusedConnections = childrenOf<ConnectionRefusal>(registry, {
      name: 'ai_calls_refused_connections_total',
      help: 'Connections that ended before a route was asked: closed to make room, or for a request that is none.',
      label: 'why',
      values: { 'no-room': true, 'not-websocket': true, 'large-headers': true, slow: true, malformed: true },
    });
    this.lag = new EventLoopLag(clock);
    showProcess(registry, this.lag);
  }

  /** Media type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All figures in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  onStreamRefused(why: StreamRefusal): void {
    this.#refusedStreams.get(why)?.inc();
  }

  onConnectionRefused(why: ConnectionRefusal): void {
    this.#refusedConnections.get(why)?.inc();
  }

  /** Shows what the server has to tell of itself; once. */
  show(figures: ServerFigures): void {
    const registry = this.#registry;
    gaugeByLabel(
      registry,
      { name: 'ai_calls_live', help: 'Calls that are not over, by status.', label: 'status' },
      figures.liveCalls,
    );
    for (const [name, help, read] of gaugesOf(figures)) gauge(registry, { name, help }, read);
  }

  /** Begins to measure what goes on by itself; how long the start of the server took says nothing about calls. */
  start(): void {
    this.lag.start();
  }

  /** Measures no more; what was measured can still be read. */
  close(): void {
    this.lag.close();
  }
}

type ShownGauge = readonly [name: string, help: string, read: () => number | Promise<number>];

function gaugesOf(figures: ServerFigures): readonly ShownGauge[] {
  return [
    ['ai_calls_live_max', 'Places for calls, MAX_CONCURRENT_CALLS.', () => figures.maxConcurrentCalls],
    [
      'ai_calls_ai_refused',
      '1 while new calls are refused because OpenAI refuses the account.',
      () => Number(figures.isAiRefused()),
    ],
    [
      'ai_calls_overloaded',
      '1 while new calls are refused because the event loop lags.',
      () => Number(figures.isOverloaded()),
    ],
    ['ai_calls_records_waiting', 'Records that are not in the database yet.', figures.waitingRecords],
    ['ai_calls_callbacks_waiting', 'Status callbacks that are not delivered yet.', figures.waitingCallbacks],
    [
      'ai_calls_day_budget_remaining_usd',
      'What calls may still cost today (UTC); +Inf for no limit.',
      figures.remainingUsd,
    ],
  ];
}

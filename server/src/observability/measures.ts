// The ways in which something is measured: times, counts by kind, amounts. No label has a value that a user, a model or
// a carrier makes up: each new one would be a series that is kept until the process ends.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { TimelineEntry } from '../calls/record-ports';

// Closest together where people notice: a reply within half a second is a conversation, one after two is a bad line.
const BUCKETS_SECONDS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 5, 10];

/** Takes what an entry has to tell; passes over what it does not understand. */
export type Measure = (data: TimelineEntry['data']) => void;

/** Name and explanation of a metric, as Prometheus shows them. */
export type MetricText = { readonly name: string; readonly help: string };

/** A metric by the values of one label; a record, so that the compiler misses none. */
export type LabelText<Value extends string> = MetricText & {
  readonly label: string;
  readonly values: Record<Value, true>;
};

/** Times by what was measured: one series for each part. */
export function histogram(registry: Registry, text: MetricText, labelNames: string[] = []): Histogram {
  return new Histogram({ ...text, labelNames, buckets: BUCKETS_SECONDS, registers: [registry] });
}

/** Measures the milliseconds that a field holds. */
export function measureOfTime(registry: Registry, field: string, text: MetricText): Measure {
  const times = histogram(registry, text);
  return (data) => observeMs(times, data[field]);
}

/** Counts entries. */
export function measureOfCount(registry: Registry, text: MetricText): Measure {
  const counter = new Counter({ ...text, registers: [registry] });
  return () => counter.inc();
}

/** Counts by the field that is called as the label is. */
export function measureOfKind<Value extends string>(registry: Registry, text: LabelText<Value>): Measure {
  const children = childrenOf(registry, text);
  return (data) => children.get(data[text.label])?.inc();
}

/** One counter for each value of a label, from zero. */
export function childrenOf<Value extends string>(
  registry: Registry,
  { label, values, ...text }: LabelText<Value>,
): ReadonlyMap<unknown, Counter.Internal> {
  const counter = new Counter({ ...text, labelNames: [label], registers: [registry] });
  return new Map(Object.keys(values).map((value) => [value, fromZero(counter.labels({ [label]: value }))]));
}

/** Adds up the amounts that a field holds, with a factor between its unit and that of the metric. */
export function measureOfSum(
  registry: Registry,
  field: string,
  text: MetricText & { readonly factor?: number },
): Measure {
  const { factor = 1, ...named } = text;
  const counter = new Counter({ ...named, registers: [registry] });
  return (data) => add(counter, data[field], factor);
}

/** Takes an amount that is one; counters never fall. */
export function add(counter: { inc(amount: number): void } | undefined, amount: unknown, factor = 1): void {
  if (typeof amount === 'number' && Number.isFinite(amount) && amount >= 0) counter?.inc(amount * factor);
}

/** Shows what `read` says at the time when somebody looks. */
export function gauge(registry: Registry, text: MetricText, read: () => number | Promise<number>): void {
  const shown: Gauge = new Gauge({
    ...text,
    registers: [],
    collect: async () => {
      shown.set(await read());
    },
  });
  registry.registerMetric(shown);
}

/** The same by the values of one label; `read` names all of them. */
export function gaugeByLabel(
  registry: Registry,
  { label, ...text }: MetricText & { readonly label: string },
  read: () => Readonly<Record<string, number>>,
): void {
  const shown: Gauge = new Gauge({
    ...text,
    labelNames: [label],
    registers: [],
    collect: () => {
      for (const [value, figure] of Object.entries(read())) shown.set({ [label]: value }, figure);
    },
  });
  registry.registerMetric(shown);
}

/** A series that only appears with its first event never shows that event as an increase. */
export function fromZero(child: Counter.Internal): Counter.Internal {
  child.inc(0);
  return child;
}

/** Takes milliseconds into a histogram of seconds. */
export function observeMs(times: { observe(seconds: number): void }, ms: unknown): void {
  if (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0) times.observe(ms / 1000);
}

/** Several measures of the same entry. */
export function inTurn(...measures: readonly Measure[]): Measure {
  return (data) => {
    for (const measure of measures) measure(data);
  };
}

// What the server weighs over time, and whether it grows: its memory and what it holds once all calls are over.

import { residentMb } from '../bench/load/process-stat';
import type { Resources, ServerProcess } from './server-process';

const SAMPLE_EVERY_MS = 5_000;
const MS_PER_MINUTE = 60_000;
const BYTES_PER_MB = 1024 * 1024;

/** A look at the server's memory. */
export type Sample = {
  readonly atMs: number;
  readonly life: number;
  /** Of the process: also tells how lazily the collector and the allocator give back. */
  readonly residentMb: number;
  /** Heap and buffers in use after a collection. */
  readonly usedMb: number;
  readonly liveCalls: number;
};

/** A quantity at the begin and at the end of a time, in MB; `perMinute` is the slope of the line through all samples. */
export type Trend = { readonly from: number; readonly to: number; readonly perMinute: number };

/** The server's memory over the last half of its last life. */
export type MemoryTrend = { readonly minutes: number; readonly usedMb: Trend; readonly residentMb: Trend };

/** Looks at the server's memory every few seconds. */
export class Sampler {
  readonly samples: Sample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(server: ServerProcess, liveCalls: () => number) {
    // A server that has just been killed says nothing.
    this.#timer = setInterval(() => void this.#look(server, liveCalls()).catch(() => undefined), SAMPLE_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(server: ServerProcess, liveCalls: number): Promise<void> {
    const { lives: life } = server;
    const { memoryBytes } = await server.resources();
    const resident = residentMb(server.pid);
    if (resident === null || life !== server.lives) return;
    const usedMb = memoryBytes / BYTES_PER_MB;
    this.samples.push({ atMs: performance.now(), life, residentMb: resident, usedMb, liveCalls });
  }
}

/** How memory went in the last half of the server's last life; null for too few samples. */
export function memoryTrend(samples: readonly Sample[]): MemoryTrend | null {
  const life = samples.at(-1)?.life;
  const lived = samples.filter((sample) => sample.life === life);
  const half = lived.slice(Math.floor(lived.length / 2));
  const [first, last] = [half[0], half.at(-1)];
  if (first === undefined || last === undefined || half.length < 6) return null;
  const minutes = (last.atMs - first.atMs) / MS_PER_MINUTE;
  return {
    minutes,
    usedMb: trendOf(half, ({ usedMb }) => usedMb),
    residentMb: trendOf(half, ({ residentMb: mb }) => mb),
  };
}

/** What is held now and was not held before, by kind. */
export function heldMore(before: Resources, now: Resources): Readonly<Record<string, number>> {
  const more = Object.entries(now.held).map(([kind, count]): [string, number] => [
    kind,
    count - (before.held[kind] ?? 0),
  ]);
  return Object.fromEntries(more.filter(([, count]) => count > 0));
}

function trendOf(samples: readonly Sample[], of: (sample: Sample) => number): Trend {
  const fifth = Math.ceil(samples.length / 5);
  const begin = samples[0]?.atMs ?? 0;
  return {
    from: median(samples.slice(0, fifth).map(of)),
    to: median(samples.slice(-fifth).map(of)),
    perMinute: slopeOf(samples.map((sample) => [(sample.atMs - begin) / MS_PER_MINUTE, of(sample)])),
  };
}

/** Least squares. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  const spread = mean((point) => (point[0] - x) ** 2);
  return spread === 0 ? 0 : mean((point) => (point[0] - x) * (point[1] - y)) / spread;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

// The process itself: processor time, memory, the lag of its event loop. The names are those that dashboards for
// Prometheus know; the rest of what prom-client would collect (heap spaces, handles, versions) tells nothing of calls.

import { Counter, type Registry } from 'prom-client';
import type { EventLoopLag } from './event-loop-lag';
import { gauge, gaugeByLabel } from './measures';

const MICROSECONDS = 1e6;

/** Shows the figures of the process. */
export function showProcess(registry: Registry, lag: Pick<EventLoopLag, 'figures'>): void {
  showCpu(registry);
  const startedAtSeconds = Math.round(Date.now() / 1000 - process.uptime());
  gauge(
    registry,
    { name: 'process_start_time_seconds', help: 'When the process began, seconds since 1970.' },
    () => startedAtSeconds,
  );
  gauge(registry, { name: 'process_resident_memory_bytes', help: 'Memory of the process.' }, () =>
    process.memoryUsage.rss(),
  );
  gaugeByLabel(
    registry,
    { name: 'ai_calls_memory_bytes', help: 'Memory within it: the heap, and buffers beside the heap.', label: 'kind' },
    () => {
      const { heapUsed, external } = process.memoryUsage();
      return { heap: heapUsed, external };
    },
  );
  gaugeByLabel(
    registry,
    {
      name: 'ai_calls_event_loop_lag_seconds',
      help: 'How late the event loop was within the last 15 s: median, 99th percentile and maximum.',
      label: 'quantile',
    },
    () => {
      const { p50Ms, p99Ms, maxMs } = lag.figures();
      return { '0.5': p50Ms / 1000, '0.99': p99Ms / 1000, '1': maxMs / 1000 };
    },
  );
}

function showCpu(registry: Registry): void {
  let lastSeconds = 0;
  const counter: Counter = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time that the process has used.',
    registers: [],
    collect: () => {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system) / MICROSECONDS;
      counter.inc(Math.max(0, seconds - lastSeconds));
      lastSeconds = seconds;
    },
  });
  registry.registerMetric(counter);
}

import { ServerMetrics, type ServerFigures } from '../../../src/observability/server-metrics';
import type { Outbox, RecordWriter } from '../../../src/calls/record-ports';
import { ManualClock } from '../../support/manual-clock';

const FIGURES: ServerFigures = {
  liveCalls: () => ({ queued: 1, initiated: 0, ringing: 2, 'in-progress': 3 }),
  maxConcurrentCalls: 100,
  isAiRefused: () => false,
  isOverloaded: () => false,
  waitingRecords: () => 7,
  waitingCallbacks: () => Promise.resolve(4),
  remainingUsd: () => Infinity,
};

let clock: ManualClock;
let metrics: ServerMetrics;

beforeEach(() => {
  clock = new ManualClock();
  metrics = new ServerMetrics({ clock, problemCodes: ['TOO_MANY_CALLS', 'UNAUTHORIZED'] });
});

afterEach(() => metrics.close());

/** The line of a series, without its name. */
async function figure(series: string): Promise<string | undefined> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${series} `));
  return line?.slice(series.length + 1);
}

describe('what the server says of itself', () => {
  test('is shown as it is at the time when somebody looks', async () => {
    let isRefused = true;
    metrics.show({ ...FIGURES, isAiRefused: () => isRefused, isOverloaded: () => true });
    expect(await figure('ai_calls_ai_refused')).toBe('1');
    isRefused = false;

    expect(await figure('ai_calls_ai_refused')).toBe('0');
    expect(await figure('ai_calls_overloaded')).toBe('1');
    expect(await figure('ai_calls_live{status="ringing"}')).toBe('2');
    expect(await figure('ai_calls_live_max')).toBe('100');
    expect(await figure('ai_calls_records_waiting')).toBe('7');
    expect(await figure('ai_calls_callbacks_waiting')).toBe('4');
    expect(await figure('ai_calls_day_budget_remaining_usd')).toBe('+Inf');
  });

  test('leaves out what is not to be had, and nothing else', async () => {
    metrics.show({ ...FIGURES, waitingCallbacks: () => Promise.resolve(NaN) });

    expect(await figure('ai_calls_callbacks_waiting')).toBe('Nan');
    expect(await figure('ai_calls_records_waiting')).toBe('7');
  });

  test('tells of the process: time, memory, lag', async () => {
    expect(Number(await figure('process_cpu_seconds_total'))).toBeGreaterThan(0);
    expect(Number(await figure('process_resident_memory_bytes'))).toBeGreaterThan(10_000_000);
    expect(Number(await figure('ai_calls_memory_bytes{kind="heap"}'))).toBeGreaterThan(1_000_000);
    expect(Number(await figure('ai_calls_event_loop_lag_seconds{quantile="0.99"}'))).toBeGreaterThanOrEqual(0);
  });
});

describe('requests', () => {
  const request = { method: 'GET', route: '/api/ai-calls/:callId', outcome: '2xx', durationMs: 30, problem: undefined };

  test('are counted and timed by route, and those under way are shown', async () => {
    metrics.http.onBegun();
    metrics.http.onBegun();
    metrics.http.onEnded(request);

    const labels = 'method="GET",route="/api/ai-calls/:callId"';
    expect(await figure(`ai_calls_http_requests_total{${labels},status="2xx"}`)).toBe('1');
    expect(await figure(`ai_calls_http_request_seconds_sum{${labels}}`)).toBe('0.03');
    expect(await figure('ai_calls_http_requests_in_flight')).toBe('1');
  });

  test('that were refused are counted by the code of the problem, from zero', async () => {
    expect(await figure('ai_calls_http_problems_total{code="TOO_MANY_CALLS"}')).toBe('0');

    metrics.http.onEnded({ ...request, outcome: '4xx', problem: 'TOO_MANY_CALLS' });
    metrics.http.onEnded({ ...request, outcome: '4xx', problem: 'canary' });

    expect(await figure('ai_calls_http_problems_total{code="TOO_MANY_CALLS"}')).toBe('1');
    expect(await metrics.text()).not.toContain('canary');
  });

  test('that take no end of time are counted and not timed', async () => {
    metrics.http.onEnded({ ...request, durationMs: undefined });

    expect(await metrics.text()).not.toContain('ai_calls_http_request_seconds_count{');
  });

  test('make no more than so many series, whatever their routes', async () => {
    for (let number = 0; number < 1_000; number += 1) metrics.http.onEnded({ ...request, route: `/made-up/${number}` });

    const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('ai_calls_http_requests_total{'));
    expect(lines.length).toBeLessThanOrEqual(101);
    expect(lines.at(-1)).toContain('route="other"');
  });
});

test('streams that were turned away are counted by the reason', async () => {
  metrics.onStreamRefused('token');

  expect(await figure('ai_calls_refused_streams_total{why="token"}')).toBe('1');
  expect(await figure('ai_calls_refused_streams_total{why="not-started"}')).toBe('0');
});

describe('writes to the database', () => {
  function writerThat(write: () => Promise<void>): RecordWriter {
    return metrics.records.writer({ ping: () => Promise.resolve(), write });
  }

  test('are timed', async () => {
    await writerThat(() => Promise.resolve(clock.advance(20))).write([]);

    expect(await figure('ai_calls_record_write_seconds_sum{outcome="ok"}')).toBe('0.02');
  });

  test('that fail are timed apart, and fail all the same', async () => {
    const writer = writerThat(() => Promise.reject(new Error('The disk is full.')));

    await expect(writer.write([])).rejects.toThrow('The disk is full.');
    expect(await figure('ai_calls_record_write_seconds_count{outcome="failed"}')).toBe('1');
  });
});

describe('status callbacks', () => {
  const due = { callbackId: 'a', callId: 'c', url: 'https://example.com', body: '{}', createdAtMs: 0, attempts: 2 };
  const claim = { nowMs: 0, claimedUntilMs: 1, limit: 1 };
  const done = (): Promise<void> => Promise.resolve();
  const outbox: Outbox = {
    claimDue: () => Promise.resolve([due]),
    nextDueAtMs: () => Promise.resolve(undefined),
    markDelivered: done,
    postpone: done,
    giveUp: done,
  };

  test('are counted by what became of them', async () => {
    const measured = metrics.records.outbox(outbox);
    await measured.claimDue(claim);
    await measured.postpone('a', { attempts: 3, nextAttemptAtMs: 9 });
    await measured.markDelivered('a', 1);
    await measured.giveUp('b', 1);

    expect(await figure('ai_calls_callbacks_total{outcome="failed"}')).toBe('1');
    expect(await figure('ai_calls_callbacks_total{outcome="delivered"}')).toBe('1');
    expect(await figure('ai_calls_callbacks_total{outcome="given-up"}')).toBe('1');
  });

  test('that only let others pass have not failed', async () => {
    const measured = metrics.records.outbox(outbox);
    await measured.claimDue(claim);
    await measured.postpone('a', { attempts: 2, nextAttemptAtMs: 9 });

    expect(await figure('ai_calls_callbacks_total{outcome="failed"}')).toBe('0');
  });

  test('whose outcome could not be written down are not counted', async () => {
    const measured = metrics.records.outbox({ ...outbox, markDelivered: () => Promise.reject(new Error('away')) });

    await expect(measured.markDelivered('a', 1)).rejects.toThrow('away');
    expect(await figure('ai_calls_callbacks_total{outcome="delivered"}')).toBe('0');
  });
});

test('counts apart from other metrics in the process, in its own media type', async () => {
  const others = new ServerMetrics({ clock, problemCodes: [] });
  metrics.onStreamRefused('token');

  expect(await others.text()).toContain('ai_calls_refused_streams_total{why="token"} 0');
  expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  others.close();
});

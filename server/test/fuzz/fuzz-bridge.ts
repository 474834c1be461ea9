// The whole server for fuzzing: what it may never do is watched all the time, and what may never be left over is looked
// for at the end. Errors that nobody catches are the runner's: they fail the test in which they come up.

import type { LogFields, Logger } from '../../src/calls/ports';
import { SILENT_LOGGER } from '../../src/observability/logger';
import { TestBridge, type TestBridgeOptions } from '../support/test-bridge';
import { until } from '../support/until';

// In proportion to what they are in life, so that nothing is waited for long.
const DEADLINES = {
  dialAnswerMs: 2_000,
  ringGraceMs: 300,
  dialOutcomeMs: 700,
  streamRetryMs: 4_000,
  streamStartMs: 8_000,
  hangupReportMs: 400,
  lastWordsMs: 300,
};

/** How long any one answer may take, milliseconds. */
export const ANSWER_LIMIT_MS = 10_000;

/** Call statuses that are final. */
const TERMINAL = ['completed', 'busy', 'failed', 'no-answer', 'canceled'];

/** A server under fire. */
export class FuzzBridge {
  readonly bridge: TestBridge;
  /** What went wrong inside, in words: has to stay empty. */
  readonly faults: string[];

  private constructor(bridge: TestBridge, faults: string[]) {
    this.bridge = bridge;
    this.faults = faults;
  }

  static async start(options: TestBridgeOptions = {}): Promise<FuzzBridge> {
    const faults: string[] = [];
    const bridge = await TestBridge.start({
      ...options,
      env: { MAX_CONCURRENT_CALLS: '10000', ...options.env },
      compose: { log: faultLog(faults), deadlines: DEADLINES, ...options.compose },
    });
    bridge.telnyx.setDefaultScript({ ringMs: 0 });
    bridge.openai.setDefaultScript({ otherwise: { say: [{ toneHz: 700, ms: 60, text: 'Hello.' }] } });
    return new FuzzBridge(bridge, faults);
  }

  get port(): number {
    return Number(new URL(this.bridge.url).port);
  }

  /** The server lives, nothing went wrong inside, and no object has a property that a request brought. */
  async expectSound(): Promise<void> {
    const health = await fetch(`${this.bridge.url}/health`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    expect(health.status).toBe(200);
    expect(this.faults).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect('polluted' in {}).toBe(false);
  }

  /** Ends the call if need be, and sees to it that it has ended for good: one verdict, one last status, no socket, no leg. */
  async expectEnded(callId: string): Promise<Record<string, unknown>> {
    const { bridge } = this;
    const hangup = await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    expect([200, 409]).toContain(hangup.status);
    await until(() => bridge.app.calls.active().every((call) => call.callId !== callId), { timeoutMs: 10_000 });
    const record = await this.finalRecord(callId);
    const finals = bridge.statuses(callId).filter((status) => TERMINAL.includes(status));
    expect(finals).toEqual([record['status']]);
    expect(record['verdict']).toMatchObject({ status: record['status'] });
    expectSoundFigures(record);
    return record;
  }

  /** The record of a call that is over, once it is written. */
  async finalRecord(callId: string): Promise<Record<string, unknown>> {
    let record: Record<string, unknown> = {};
    await until(
      async () => {
        const answer = await this.bridge.request('GET', `/api/ai-calls/${callId}`);
        expect(answer.status).toBe(200);
        record = answer.body;
        return TERMINAL.includes(String(record['status']));
      },
      { timeoutMs: ANSWER_LIMIT_MS },
    );
    return record;
  }

  async close(): Promise<void> {
    await this.bridge.close();
    expect(this.faults).toEqual([]);
  }
}

/** A sum that is no number any more would be null, in JSON. */
function expectSoundFigures(record: Record<string, unknown>): void {
  const { costUsd, ...counts } = record['usage'] as Record<string, unknown>;
  for (const count of Object.values(counts)) expect(count).toEqual(expect.any(Number));
  for (const count of Object.values(counts)) expect(count).toBeGreaterThanOrEqual(0);
  if (costUsd !== null) expect(costUsd).toBeGreaterThanOrEqual(0);
  const latency = record['latency'] as { readonly turns: unknown };
  expect(latency.turns).toEqual(expect.any(Number));
}

/** An error object in the log's errors is a fault of the server's own, whoever sent what; so are these in its warnings. */
function faultLog(faults: string[]): Logger {
  const note = (message: string, error: unknown): void => void faults.push(`${message}: ${described(error)}`);
  return {
    ...SILENT_LOGGER,
    warn: (message, fields) => {
      if (isProgrammingFault(fields)) note(message, fields?.['error']);
    },
    error: (message, fields) => {
      if (fields?.['error'] !== undefined) note(message, fields['error']);
    },
  };
}

function isProgrammingFault(fields: LogFields | undefined): boolean {
  const error = fields?.['error'];
  // Node's own of these have a code: what they say is about the input.
  return (error instanceof TypeError || error instanceof ReferenceError) && !('code' in error) && !('cause' in error);
}

function described(error: unknown): string {
  if (error instanceof Error) {
    const cause = error.cause === undefined ? '' : ` <- ${described(error.cause)}`;
    return `${error.stack ?? error.message}${cause}`;
  }
  return JSON.stringify(error) ?? 'unknown';
}

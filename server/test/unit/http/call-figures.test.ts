import fc from 'fast-check';
import type { TimelineEntry } from '../../../src/calls/record-ports';
import { latencyView, toolCallViews } from '../../../src/http/call-figures';
import { anEntry } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';

const NOTHING = { turns: 0, medianMs: null, p95Ms: null, maxMs: null, greetingMs: null };

function replies(...waitsMs: readonly number[]): TimelineEntry[] {
  return waitsMs.map((latencyMs) =>
    anEntry({ type: 'reply.started', data: { latencyMs, vadMs: 1, modelMs: 2, bridgeMs: 3, heardAfterMs: 9_999 } }),
  );
}

function finishedTool(changes: Readonly<Record<string, unknown>> = {}): TimelineEntry {
  const data = { toolCallId: 'tool-1', name: 'find_order', outcome: 'ok', output: '{"found":true}', durationMs: 210 };
  return anEntry({ type: 'tool.finished', data: { ...data, argumentsJson: '{"id":17}', ...changes } });
}

describe('the waits of a call', () => {
  test('of which nothing is known are null', () => {
    expect(latencyView([])).toEqual(NOTHING);
    expect(latencyView([anEntry()])).toEqual(NOTHING);
  });

  test('of one reply are that one', () => {
    expect(latencyView(replies(640))).toEqual({ ...NOTHING, turns: 1, medianMs: 640, p95Ms: 640, maxMs: 640 });
  });

  test('are taken in the order of their length, not of their time', () => {
    expect(latencyView(replies(900, 100, 500))).toMatchObject({ turns: 3, medianMs: 500, p95Ms: 900, maxMs: 900 });
  });

  test('lie in the middle between two', () => {
    expect(latencyView(replies(100, 205)).medianMs).toBe(153);
  });

  test('leave one of twenty out of the p95', () => {
    const twenty = Array.from({ length: 20 }, (_, index) => (index + 1) * 100);

    expect(latencyView(replies(...twenty))).toMatchObject({ p95Ms: 1_900, maxMs: 2_000 });
    expect(latencyView(replies(...twenty, 2_100))).toMatchObject({ p95Ms: 2_000, maxMs: 2_100 });
  });

  test('begin with the greeting, the first one if the stream came twice', () => {
    const greetings = [35, 80].map((afterStreamMs) => anEntry({ type: 'greeting.started', data: { afterStreamMs } }));

    expect(latencyView(greetings)).toEqual({ ...NOTHING, greetingMs: 35 });
  });

  test('are in order, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1 }), (waitsMs) => {
        const { turns, medianMs, p95Ms, maxMs } = latencyView(replies(...waitsMs));

        expect(turns).toBe(waitsMs.length);
        expect(maxMs).toBe(Math.max(...waitsMs));
        expect(waitsMs.filter((waitMs) => waitMs <= p95Ms!).length).toBeGreaterThanOrEqual(waitsMs.length * 0.95);
        expect(medianMs!).toBeLessThanOrEqual(p95Ms!);
        expect(p95Ms!).toBeLessThanOrEqual(maxMs!);
      }),
    );
  });
});

describe('the tools of a call', () => {
  test('are told with what they were asked and how it went', () => {
    expect(toolCallViews([anEntry(), finishedTool()])).toEqual([
      {
        name: 'find_order',
        arguments: { id: 17 },
        outcome: 'ok',
        durationMs: 210,
        at: new Date(ManualClock.START_MS).toISOString(),
      },
    ]);
  });

  test.each([
    ['{"id": ', '{"id": '],
    ['', ''],
    ['"text"', 'text'],
    ['null', null],
  ])('show arguments as a value, or as the model wrote them: %j', (argumentsJson, shown) => {
    expect(toolCallViews([finishedTool({ argumentsJson })])[0]?.arguments).toEqual(shown);
  });

  test('come in the order in which they were finished', () => {
    const views = toolCallViews([finishedTool({ name: 'b' }), finishedTool({ name: 'a', outcome: 'timeout' })]);

    expect(views.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['b', 'ok'],
      ['a', 'timeout'],
    ]);
  });
});

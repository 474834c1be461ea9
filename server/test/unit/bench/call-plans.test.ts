// The calls of the conversation bench: enough interruptions of every kind, at moments that differ.

import { type CallPlan, callPlans, RESPONSE_KINDS } from '../../../bench/conversation/call-plans';

const OPTIONS = { calls: 24, delayedCalls: 10, networkDelayMs: 40, interruptions: 4 };

function waitsOf({ phone }: CallPlan): number[] {
  return (phone.steps ?? []).flatMap((step, at, steps) =>
    step.do === 'wait' && steps[at - 1]?.do === 'wait-for-speech' ? [step.ms] : [],
  );
}

test('every call has its interruptions, and ends by itself', () => {
  const plans = callPlans(OPTIONS);

  expect(plans).toHaveLength(34);
  for (const plan of plans) {
    expect(plan.kinds).toHaveLength(4);
    expect(waitsOf(plan)).toHaveLength(4);
    expect(plan.phone.steps?.at(-1)).toEqual({ do: 'hang-up' });
  }
});

test('every kind of response is interrupted equally often, at many moments', () => {
  const moments = new Map<string, number[]>();
  for (const plan of callPlans({ ...OPTIONS, delayedCalls: 0 })) {
    for (const [at, { name }] of plan.kinds.entries()) {
      moments.set(name, [...(moments.get(name) ?? []), waitsOf(plan)[at]!]);
    }
  }

  expect([...moments.keys()].toSorted()).toEqual(RESPONSE_KINDS.map(({ name }) => name).toSorted());
  for (const waits of moments.values()) {
    expect(waits).toHaveLength(16);
    expect(new Set(waits).size).toBeGreaterThanOrEqual(8);
  }
});

test('a response is interrupted before it ends', () => {
  // The callee's tone is noticed so late, and heard so early.
  const noticedMs = 120;

  for (const { turn, untilMs } of RESPONSE_KINDS) {
    const wholeMs = (turn.say ?? []).reduce((sum, speech) => sum + ('ms' in speech ? speech.ms : 0), 0);
    expect(untilMs + noticedMs).toBeLessThan(wholeMs);
  }
});

test('no item ends near the end of a frame', () => {
  const lengthsMs = RESPONSE_KINDS.flatMap(({ turn }) =>
    (turn.say ?? []).map((speech) => ('ms' in speech ? speech.ms : 0)),
  );

  expect(new Set(lengthsMs.map((ms) => ms % 20))).toEqual(new Set([10]));
});

test('the last calls go over a slow network, with delays that meet a frame at all its moments', () => {
  const delaysMs = callPlans(OPTIONS).map(({ networkDelayMs }) => networkDelayMs);

  expect(new Set(delaysMs.slice(0, 24))).toEqual(new Set([0]));
  expect(delaysMs.slice(24, 29)).toEqual([40, 42, 44, 46, 48]);
  expect(callPlans(OPTIONS).map(({ phone }) => phone.networkDelayMs)).toEqual(delaysMs);
});

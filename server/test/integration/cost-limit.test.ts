// Calls that may only cost so much: a hint to the AI, a goodbye that is heard, and no new calls when the day's money is
// spent. In real time: what is heard is the matter.

import { TestBridge } from '../support/test-bridge';
import {
  AI,
  ANSWER_HZ,
  FIRST,
  FIRST_HZ,
  GOODBYE,
  GOODBYE_HZ,
  LISTEN,
  OPENING,
  OPENING_HZ,
  SAY_SOMETHING,
  bridge,
  expectNothingLeft,
  expectWhole,
  heard,
  sound,
  stepsOf,
  useBridge,
} from './tone-calls';

useBridge();

const NO_NUDGE = { silenceNudgeSeconds: 0 };
const TINY_USD = 0.000_001;

/** What a call costs in which the AI only opens the conversation. */
async function costOfOpening(): Promise<number> {
  bridge.telnyx.setDefaultScript({ steps: [...LISTEN, { do: 'hang-up' }] });
  const { usage } = await bridge.ended(await bridge.place(NO_NUDGE));
  return (usage as { costUsd: number }).costUsd;
}

describe('a call that reaches what it may cost', () => {
  test('lets the AI finish its sentence, says goodbye and ends when that is heard', async () => {
    bridge.openai.setDefaultScript({ ...AI, asked: [OPENING, GOODBYE] });

    const record = await bridge.ended(await bridge.place({ ...NO_NUDGE, maxCostUsd: TINY_USD }));

    expect(record).toMatchObject({ status: 'completed', endReason: 'max-cost-reached' });
    expect(stepsOf(record, 'cost.ending')).toEqual(['goodbye']);
    for (const hz of [OPENING_HZ, GOODBYE_HZ]) expectWhole(heard(hz));
    expect(heard(GOODBYE_HZ).startMs).toBeGreaterThanOrEqual(heard(OPENING_HZ).endMs);
    await expectNothingLeft();
  });

  test('has told the AI before, in a call that goes on for one more answer', async () => {
    const maxCostUsd = (await costOfOpening()) / 0.85;
    bridge.openai.setDefaultScript({ ...AI, asked: [OPENING, GOODBYE] });
    bridge.telnyx.setDefaultScript({ steps: [...LISTEN, SAY_SOMETHING, { do: 'wait', ms: 10_000 }] });

    const record = await bridge.ended(await bridge.place({ ...NO_NUDGE, maxCostUsd }));

    expect(record).toMatchObject({ status: 'completed', endReason: 'max-cost-reached' });
    expect(stepsOf(record, 'cost.ending')).toEqual(['warning', 'goodbye']);
    const hints = bridge.openai.sessions[1]!.clientEvents.filter(({ type }) => type === 'conversation.item.create');
    expect(JSON.stringify(hints)).toContain('has to end soon');
    const { startMs } = sound(bridge.telnyx.legs[1]!.heard(), GOODBYE_HZ);
    expect(startMs).toBeGreaterThanOrEqual(sound(bridge.telnyx.legs[1]!.heard(), ANSWER_HZ).endMs);
  });

  test('is limited by the setting when it says nothing of its own', async () => {
    const limited = await TestBridge.start({ env: { MAX_COST_USD_PER_CALL: String(TINY_USD) } });
    try {
      limited.openai.setDefaultScript({ ...AI, asked: [OPENING, GOODBYE] });

      const record = await limited.ended(await limited.place(NO_NUDGE));

      expect(record).toMatchObject({ endReason: 'max-cost-reached', maxCostUsd: TINY_USD });
    } finally {
      await limited.close();
    }
  });

  test('is not bothered by a limit that it does not come near', async () => {
    bridge.openai.setDefaultScript({ ...AI, asked: [OPENING, FIRST] });
    bridge.telnyx.setDefaultScript({ steps: [...LISTEN, SAY_SOMETHING, ...LISTEN, { do: 'hang-up' }] });

    const record = await bridge.ended(await bridge.place({ ...NO_NUDGE, maxCostUsd: 100 }));

    expect(record).toMatchObject({ endReason: 'callee-hung-up' });
    expect(stepsOf(record, 'cost.ending')).toEqual([]);
    expect(heard(FIRST_HZ).totalMs).toBe(0);
    expectWhole(heard(ANSWER_HZ));
  });
});

describe('a day whose money is spent', () => {
  test('ends the calls that live with a goodbye, and takes no new ones until midnight UTC', async () => {
    const limited = await TestBridge.start({ env: { MAX_COST_USD_PER_DAY: String(TINY_USD) } });
    try {
      limited.openai.setDefaultScript({ ...AI, asked: [OPENING, GOODBYE] });

      const record = await limited.ended(await limited.place(NO_NUDGE));
      const refused = await limited.request('POST', '/api/ai-calls/create', { to: '+12025550123' });

      expect(record).toMatchObject({ status: 'completed', endReason: 'max-cost-reached' });
      expect(refused).toMatchObject({ status: 429, body: { code: 'DAILY_BUDGET_SPENT' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(limited.telnyx.legs).toHaveLength(1);
    } finally {
      await limited.close();
    }
  });
});

// Calls that last too long: a warning, a goodbye, and an end that comes whatever the AI and the line do. In real time: a call
// lasts ten seconds at least.

import type { AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import { until } from '../support/until';
import {
  AI,
  ANSWER_HZ,
  CALLEE_HZ,
  FIRST,
  FIRST_HZ,
  GOODBYE,
  GOODBYE_HZ,
  LISTEN,
  OPENING,
  OPENING_HZ,
  SAY_SOMETHING,
  SLACK_MS,
  bridge,
  expectNothingLeft,
  expectWhole,
  heard,
  sound,
  speech,
  stepsOf,
  theLeg,
  useBridge,
} from './tone-calls';

useBridge();

describe('a call that nears its maximum duration', () => {
  const SHORT = { maxDurationSeconds: 10, silenceNudgeSeconds: 0 };

  test('is warned of the end and ends with a goodbye that is heard, before the limit', async () => {
    const record = await bridge.ended(await bridge.place(SHORT), 18_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'max-duration-reached' });
    expect(stepsOf(record, 'time.ending')).toEqual(['warning', 'goodbye']);
    expectWhole(heard(FIRST_HZ));
    expectWhole(heard(GOODBYE_HZ));
    expect(heard(GOODBYE_HZ).startMs).toBeGreaterThan(heard(FIRST_HZ).endMs);
    expect(record['durationSeconds']).toBeLessThan(9.5);
    const [, warning] = bridge.openai.sessions[0]!.responses;
    expect(warning?.instructions).toContain('ends in 8 seconds');
    await expectNothingLeft();
  });

  test('says its goodbye to the end though the callee speaks into it', async () => {
    bridge.openai.setDefaultScript({ ...AI, asked: [OPENING, FIRST, speech(GOODBYE_HZ, 1_500)] });
    bridge.telnyx.setDefaultScript({ steps: [...LISTEN, ...LISTEN, { do: 'wait-for-speech' }, SAY_SOMETHING] });

    const record = await bridge.ended(await bridge.place(SHORT), 18_000);

    const word = sound(theLeg().said(), CALLEE_HZ);
    expect(record).toMatchObject({ endReason: 'max-duration-reached' });
    expect(word.startMs).toBeGreaterThanOrEqual(heard(GOODBYE_HZ).startMs);
    expect(word.endMs).toBeLessThan(heard(GOODBYE_HZ).endMs);
    expectWhole(heard(GOODBYE_HZ), 1_500);
    expect(heard(ANSWER_HZ).totalMs).toBe(0);
    await expectNothingLeft();
  });

  test('cuts off an AI that is in the middle of a story', async () => {
    bridge.openai.setDefaultScript({ ...AI, asked: [speech(OPENING_HZ, 12_000), GOODBYE, GOODBYE] });

    const record = await bridge.ended(await bridge.place(SHORT), 18_000);

    expect(record).toMatchObject({ endReason: 'max-duration-reached' });
    expectWhole(heard(GOODBYE_HZ));
    expect(heard(OPENING_HZ).endMs).toBeLessThanOrEqual(heard(GOODBYE_HZ).startMs);
    expect(record['durationSeconds']).toBeLessThan(9.5);
    await expectNothingLeft();
  });

  test.each<[string, AiTurn]>([
    ['takes every request and does nothing', { deltaLagMs: 60_000 }],
    ['never comes to the end of its goodbye', speech(GOODBYE_HZ, 60_000)],
  ])('ends at the limit with an AI that %s', async (_what, turn) => {
    bridge.openai.setDefaultScript({ asked: [OPENING], otherwise: turn });

    const record = await bridge.ended(await bridge.place(SHORT), 18_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'max-duration-reached' });
    expect(record['durationSeconds']).toBeGreaterThan(9.5);
    expect(record['durationSeconds']).toBeLessThan(10 + (2 * SLACK_MS) / 1_000);
    await bridge.telnyx.allLegsDown();
    await until(() => bridge.openai.liveSessions().length === 0);
  });

  test('ends with its goodbye though the line brings no more audio', async () => {
    bridge.telnyx.setDefaultScript({ steps: [...LISTEN, { do: 'stall' }] });

    const record = await bridge.ended(await bridge.place(SHORT), 18_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'max-duration-reached' });
    expect(stepsOf(record, 'time.ending')).toEqual(['warning', 'goodbye']);
    expectWhole(heard(GOODBYE_HZ));
    await expectNothingLeft();
  });

  test('ends at the limit when the line brings no more audio and the AI no goodbye', async () => {
    bridge.openai.setDefaultScript({ asked: [OPENING], otherwise: { deltaLagMs: 60_000 } });
    bridge.telnyx.setDefaultScript({ steps: [...LISTEN, { do: 'stall' }] });

    const record = await bridge.ended(await bridge.place(SHORT), 18_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'max-duration-reached' });
    expect(record['durationSeconds']).toBeGreaterThan(9.5);
    expect(record['durationSeconds']).toBeLessThan(10 + (2 * SLACK_MS) / 1_000);
    await bridge.telnyx.allLegsDown();
  });
});

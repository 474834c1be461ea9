// Calls in which nobody speaks: what the AI says about it, and when it hangs up. In real time: silence is the matter.

import {
  AI,
  ANSWER_HZ,
  CALLEE_HZ,
  EDGES_MS,
  FIRST,
  FIRST_HZ,
  FRAME_MS,
  GOODBYE_HZ,
  LISTEN,
  OPENING,
  OPENING_HZ,
  SAY_SOMETHING,
  SLACK_MS,
  TURN_MS,
  bridge,
  expectNothingLeft,
  expectWhole,
  heard,
  mediaFrames,
  speech,
  stepsOf,
  theLeg,
  useBridge,
} from './tone-calls';

useBridge();

describe('a callee who says nothing', () => {
  const WATCHED = { silenceNudgeSeconds: 1, silenceGoodbyeSeconds: 3 };

  test('is asked, then told goodbye, and the call ends when that is heard', async () => {
    const record = await bridge.ended(await bridge.place(WATCHED), 18_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'callee-silent', verdict: { result: 'success' } });
    expect(stepsOf(record, 'silence.noticed')).toEqual(['nudge', 'goodbye']);
    for (const hz of [OPENING_HZ, FIRST_HZ, GOODBYE_HZ]) expectWhole(heard(hz));
    const [askedAfterMs, leftAfterMs] = [
      heard(FIRST_HZ).startMs - heard(OPENING_HZ).endMs,
      heard(GOODBYE_HZ).startMs - heard(FIRST_HZ).endMs,
    ];
    expect(askedAfterMs).toBeGreaterThanOrEqual(1_000 - EDGES_MS);
    expect(askedAfterMs).toBeLessThan(1_000 + SLACK_MS);
    expect(leftAfterMs).toBeGreaterThanOrEqual(3_000 - EDGES_MS);
    expect(leftAfterMs).toBeLessThan(3_000 + SLACK_MS);
    await expectNothingLeft();
  });

  test('counts as silent though the line hums and brings a frame every 20 ms', async () => {
    bridge.telnyx.setDefaultScript({ steps: [{ do: 'tone', hz: 200, ms: 12_000, amplitude: 0.001 }] });

    const record = await bridge.ended(await bridge.place(WATCHED), 18_000);

    expect(record).toMatchObject({ endReason: 'callee-silent' });
    expect(stepsOf(record, 'silence.noticed')).toEqual(['nudge', 'goodbye']);
    // Opening, silence, question, silence and goodbye: without a pause in the packets.
    expect(mediaFrames()).toBeGreaterThan((3 * TURN_MS + 4_000) / FRAME_MS - 10);
    await expectNothingLeft();
  });

  test('is asked again later, not told goodbye, after a word in between', async () => {
    bridge.openai.setDefaultScript({ ...AI, asked: [OPENING, FIRST, FIRST] });
    bridge.telnyx.setDefaultScript({
      steps: [...LISTEN, ...LISTEN, SAY_SOMETHING, ...LISTEN, ...LISTEN, { do: 'hang-up' }],
    });

    const record = await bridge.ended(await bridge.place(WATCHED), 18_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
    expect(stepsOf(record, 'silence.noticed')).toEqual(['nudge', 'nudge']);
    expectWhole(heard(ANSWER_HZ));
    expectWhole(heard(FIRST_HZ), 2 * TURN_MS);
    await expectNothingLeft();
  });

  test('is not asked while they speak for longer than the silence would be', async () => {
    bridge.telnyx.setDefaultScript({
      steps: [...LISTEN, { do: 'tone', hz: CALLEE_HZ, ms: 3_000 }, { do: 'hang-up' }],
    });

    const record = await bridge.ended(await bridge.place(WATCHED), 18_000);

    expect(record).toMatchObject({ endReason: 'callee-hung-up' });
    expect(stepsOf(record, 'silence.noticed')).toEqual([]);
    await expectNothingLeft();
  });

  test('keeps the call by cutting into the goodbye, and is answered', async () => {
    bridge.openai.setDefaultScript({ ...AI, asked: [OPENING, FIRST, speech(GOODBYE_HZ, 4_000)] });
    bridge.telnyx.setDefaultScript({
      steps: [
        ...LISTEN,
        ...LISTEN,
        { do: 'wait-for-speech' },
        { do: 'wait', ms: 300 },
        SAY_SOMETHING,
        ...LISTEN,
        { do: 'hang-up' },
      ],
    });

    const record = await bridge.ended(await bridge.place(WATCHED), 18_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
    expect(record['timeline']).toContainEqual(expect.objectContaining({ type: 'goodbye.canceled' }));
    expect(theLeg().clears.length).toBeGreaterThan(0);
    expect(heard(GOODBYE_HZ).totalMs).toBeLessThan(2_000);
    expectWhole(heard(ANSWER_HZ));
    await expectNothingLeft();
  });
});

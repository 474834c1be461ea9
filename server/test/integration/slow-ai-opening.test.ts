// The first seconds of calls whose AI is 60 ms away, as most are: what crosses on the way is neither lost, nor said twice, nor
// waited for. In real time, because it is about one and the same moment at both ends.

import { type PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';
import {
  ANSWER_HZ,
  ANSWER_MS,
  GIVEN_HZ,
  GREETING,
  GREETING_MS,
  assistantTurns,
  call,
  expectPrompt,
  heardBy,
  lastSaidMs,
  soundsOf,
  useSlowBridge,
  whole,
  words,
} from './slow-ai-calls';

useSlowBridge();

describe('a protected greeting', () => {
  const PROTECTED = { greeting: GREETING, protectGreeting: true };

  test.each<[string, PhoneStep[]]>([
    ['before it begins', []],
    ['right as it begins', [{ do: 'wait-for-speech' }]],
  ])('is heard whole by a callee who speaks %s, and their later words are answered', async (_when, steps) => {
    const later: PhoneStep[] = [{ do: 'wait-for-silence', silenceMs: 600 }, words(400)];
    const { callId, leg, session } = await call([...steps, words(400), { do: 'wait-for-speech' }, ...later], PROTECTED);
    await assistantTurns(callId, 2);

    expect(heardBy(leg)).toEqual([...whole(GIVEN_HZ, GREETING_MS), ...whole(ANSWER_HZ, ANSWER_MS)]);
    expectPrompt(leg, ANSWER_HZ, lastSaidMs(leg));
    expect(leg.clears).toEqual([]);
    expect(session.config.audio.input.turn_detection).toMatchObject({
      create_response: true,
      interrupt_response: true,
    });
    expect(session.violations).toEqual([]);
  });

  test('is followed by the answer to words that were finished in the middle of it', async () => {
    const { callId, leg } = await call([{ do: 'wait-for-speech' }, { do: 'wait', ms: 1_700 }, words(300)], PROTECTED);
    await assistantTurns(callId, 2);

    expect(heardBy(leg)).toEqual([...whole(GIVEN_HZ, GREETING_MS), ...whole(ANSWER_HZ, ANSWER_MS)]);
    expectPrompt(leg, ANSWER_HZ, soundsOf(leg)[0]!.endMs);
  });

  test.each([
    ['that outlast it', GREETING_MS - 300, 700],
    ['whose end is noticed just before its own', GREETING_MS - 920, 300],
    ['whose end is noticed as it ends', GREETING_MS - 880, 300],
    ['whose end is noticed just after its own', GREETING_MS - 840, 300],
  ])('is followed by the answer to words %s', async (_when, ms, wordsMs) => {
    const steps: PhoneStep[] = [{ do: 'wait-for-speech' }, { do: 'wait', ms }, words(wordsMs)];
    const { callId, leg } = await call(steps, PROTECTED);
    await assistantTurns(callId, 2);

    expect(heardBy(leg)).toEqual([...whole(GIVEN_HZ, GREETING_MS), ...whole(ANSWER_HZ, ANSWER_MS)]);
    expectPrompt(leg, ANSWER_HZ, Math.max(lastSaidMs(leg), soundsOf(leg)[0]!.endMs));
  });
});

describe('an opening that waits for a hello', () => {
  const WAITING = { opening: 'wait-for-hello', greeting: GREETING };

  test('answers the hello with the greeting, once, and the words after it', async () => {
    const steps: PhoneStep[] = [
      { do: 'wait', ms: 600 },
      words(400),
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 600 },
      words(400),
    ];
    const { callId, leg, session } = await call(steps, { ...WAITING, helloTimeoutMs: 8_000 });
    await assistantTurns(callId, 2);

    expect(heardBy(leg)).toEqual([...whole(GIVEN_HZ, GREETING_MS), ...whole(ANSWER_HZ, ANSWER_MS)]);
    expect(session.responses.map(({ requestedBy }) => requestedBy)).toEqual(['client', 'vad']);
    expectPrompt(leg, ANSWER_HZ, lastSaidMs(leg));
    expect(session.violations).toEqual([]);
  });

  test.each([620])('greets after a hello that begins after %i ms, just before the wait ends', async (ms) => {
    const { callId, leg } = await call([{ do: 'wait', ms }, words(600)], { ...WAITING, helloTimeoutMs: 700 });
    await assistantTurns(callId, 1);

    expect(heardBy(leg)).toEqual(whole(GIVEN_HZ, GREETING_MS));
    expect(soundsOf(leg)[0]!.startMs).toBeGreaterThan(lastSaidMs(leg));
    expectPrompt(leg, GIVEN_HZ, lastSaidMs(leg));
  });

  test('lets its greeting be heard whole, and once, if the hello begins as the wait ends', async () => {
    const { callId, leg } = await call([{ do: 'wait', ms: 700 }, words(400)], { ...WAITING, helloTimeoutMs: 700 });
    await assistantTurns(callId, 1);

    expect(heardBy(leg)[0]).toEqual(whole(GIVEN_HZ, GREETING_MS)[0]);
    expect(heardBy(leg).filter(({ hz }) => hz === GIVEN_HZ)).toHaveLength(1);
    // What was taken back had not been heard.
    expect(leg.playedMsAtClear.every((playedMs) => playedMs === 0)).toBe(true);
    expectPrompt(leg, GIVEN_HZ, lastSaidMs(leg));
  });
});

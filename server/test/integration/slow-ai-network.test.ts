// Calls whose AI is 60 ms away, as most are: what crosses on the way is neither lost, nor said twice, nor waited for. In
// real time, because it is about one and the same moment at both ends.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Deferred, deferred } from '../../src/lib/deferred';
import type { AiSpeech, AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import { MACHINE_BEEP, type PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { expectHeardPosition } from '../support/heard-position';
import { until } from '../support/until';
import {
  ANSWER_HZ,
  ANSWER_MS,
  FIRST_HZ,
  GIVEN_HZ,
  GIVEN_MS_PER_CHARACTER,
  GREETING,
  GREETING_MS,
  SLACK_MS,
  assistantTurns,
  bridge,
  call,
  callMoves,
  calleeTone,
  expectPrompt,
  givenScript,
  heardBy,
  lastSaidMs,
  silentSinceMs,
  soundsOf,
  transcript,
  truncations,
  useSlowBridge,
  whole,
  words,
} from './slow-ai-calls';

useSlowBridge();

describe('a tool for which the callee has to wait', () => {
  let server: Server;
  let result: Deferred<void>;

  beforeEach(async () => {
    result = deferred();
    server = createServer((_request, response) => {
      void result.promise.then(() => response.setHeader('content-type', 'application/json').end('{"state":"baked"}'));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    givenScript({ turns: [{ functionCall: { name: 'find_order', arguments: '{}' } }] });
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise<unknown>((resolve) => void server.close(resolve));
  });

  test('gets its result spoken about once, to a callee who spoke just as it was called', async () => {
    const { callId, leg, session } = await ordered();
    leg.say(calleeTone(400));
    await session.nextSent('input_audio_buffer.speech_stopped');
    const resolvedAtMs = leg.heard().length / 8;
    result.resolve();
    await answered(callId);

    expect(answersHeard(leg)).toEqual(whole(ANSWER_HZ, ANSWER_MS));
    expectPrompt(leg, ANSWER_HZ, resolvedAtMs);
    expect(session.responses.filter(({ requestedBy }) => requestedBy === 'vad')).toHaveLength(1);
    expect(session.violations).toEqual([]);
  });

  test.each([780, 900])(
    'gets its result spoken about once, when it comes %i ms after the callee began to say 400 ms',
    async (ms) => {
      const { callId, leg, session } = await ordered();
      await callMoves(leg, 400);
      leg.say(calleeTone(400));
      await callMoves(leg, ms);
      result.resolve();
      await answered(callId);

      expect(answersHeard(leg)).toEqual(whole(ANSWER_HZ, ANSWER_MS));
      expectPrompt(leg, ANSWER_HZ, lastSaidMs(leg));
      expect(session.violations).toEqual([]);
    },
  );

  /** A call in which the model has just called the tool. */
  async function ordered(): Promise<Awaited<ReturnType<typeof call>>> {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`;
    const tool = { name: 'find_order', description: 'Finds an order.', parameters: { type: 'object' }, url };
    const tools = [{ ...tool, filler: 'Wait.', whileRunning: 'wait', timeoutMs: 9_000 }];
    const talk = await call([words(300)], { opening: 'silent', tools });
    await talk.session.untilSent('response.done');
    return talk;
  }

  /** Resolves when the AI has spoken about the result, and for as long again as it would take to do so once more. */
  async function answered(callId: string): Promise<void> {
    const isAnswer = async (): Promise<boolean> =>
      (await transcript(callId)).some(({ speaker, text }) => speaker === 'assistant' && text === 'I see.');
    await until(isAnswer, { timeoutMs: 9_000 });
    await callMoves(bridge.telnyx.legs[0]!, 1_000);
  }

  function answersHeard(leg: SimulatedLeg): unknown[] {
    return heardBy(leg).filter(({ hz }) => hz === ANSWER_HZ);
  }
});

test.each([500, 580])(
  'a machine whose announcement ended %i ms before the verdict hears no answer to it, and the message once',
  async (ms) => {
    const voicemailMessage = 'Please call us back.';
    const opening: AiSpeech = { toneHz: FIRST_HZ, ms: 6_000, text: 'A long opening.' };
    const answer: AiSpeech = { toneHz: ANSWER_HZ, ms: 2_000, text: 'I see.' };
    givenScript({ turns: [{ say: [opening] }], otherwise: { say: [answer], thinkMs: 0 } });
    const steps: PhoneStep[] = [
      { do: 'wait-for-speech' },
      words(900),
      { do: 'wait', ms },
      { do: 'machine', kind: 'detection', result: 'machine' },
      { do: 'wait', ms: 700 },
      MACHINE_BEEP,
      { do: 'machine', kind: 'greeting', result: 'beep_detected' },
    ];
    const { callId, leg } = await call(steps, { answeringMachine: 'leave-message', voicemailMessage });
    const detected = await bridge.entry(callId, 'machine.detected');
    const record = await bridge.ended(callId, 15_000);

    expect(record).toMatchObject({ endReason: 'voicemail-left' });
    expect(heardBy(leg).at(-1)).toEqual(whole(GIVEN_HZ, voicemailMessage.length * GIVEN_MS_PER_CHARACTER)[0]);
    expect(heardBy(leg).filter(({ hz }) => hz === GIVEN_HZ)).toHaveLength(1);
    // What was already on the line when the verdict came could be heard; after that, nothing.
    for (const { endMs } of soundsOf(leg).filter(({ hz }) => hz === ANSWER_HZ)) {
      expect(endMs).toBeLessThan(detected.atMs - leg.answeredAtMs! + SLACK_MS);
    }
  },
);

test('two interruptions, one of them while the AI is still making its speech, are as exact as close by', async () => {
  const long = (hz: number): AiTurn => ({ say: [{ toneHz: hz, ms: 6_000, text: 'A very long story.' }] });
  givenScript({ turns: [long(FIRST_HZ), { ...long(ANSWER_HZ), speedup: 1.2 }], otherwise: {} });
  const cutIn = (ms: number): PhoneStep[] => [
    { do: 'wait-for-speech' },
    { do: 'wait', ms },
    words(400),
    { do: 'wait-for-clear' },
    { do: 'wait-for-silence', silenceMs: 400 },
  ];
  const { leg, session } = await call([...cutIn(1_500), ...cutIn(900)]);
  await until(() => leg.clears.length === 2 && truncations(session).length === 2, { timeoutMs: 12_000 });
  await callMoves(leg, 500);

  const playedMs = [leg.playedMsAtClear[0]!, leg.playedMsAtClear[1]! - leg.playedMsAtClear[0]!];
  for (const [index, { audio_end_ms: audioEndMs }] of truncations(session).entries()) {
    expectHeardPosition(audioEndMs, playedMs[index]);
  }
  expect(heardBy(leg)).toEqual([...whole(FIRST_HZ, playedMs[0]!), ...whole(ANSWER_HZ, playedMs[1]!)]);
  expect(leg.playedMs()).toBe(leg.playedMsAtClear[1]);
  expect(session.responses.map(({ status }) => status).slice(0, 2)).toEqual(['completed', 'cancelled']);
  expect(session.violations).toEqual([]);
});

describe('words that the API has the AI say', () => {
  const WORDS = 'Your order is ready.';
  const WORDS_MS = WORDS.length * GIVEN_MS_PER_CHARACTER;

  test.each([480, 600])('now, %i ms after the callee fell silent, are heard once', async (ms) => {
    const { callId, leg, session } = await call([{ do: 'wait', ms: 300 }, words(400)], { opening: 'silent' });
    await until(() => silentSinceMs(leg) >= ms);

    await bridge.request('POST', `/api/ai-calls/${callId}/say`, { text: WORDS });
    const said = await bridge.entry(callId, 'say.finished');
    await callMoves(leg, 1_000);

    expect(said.data['outcome']).toBe('heard');
    expect(heardBy(leg).filter(({ hz }) => hz === GIVEN_HZ)).toEqual(whole(GIVEN_HZ, WORDS_MS));
    expectPrompt(leg, GIVEN_HZ, lastSaidMs(leg) + ms);
    expect(session.violations.filter((violation) => !violation.includes('already_has_active_response'))).toEqual([]);
  });

  // Only an opening is talked over with a hello: what is said later is meant, even right as the protected words begin.
  test.each([0, 1_700])(
    'under protection are heard whole, and what was said %i ms into them is answered',
    async (ms) => {
      const { callId, leg, session } = await call([words(400)], { opening: 'silent' });
      await assistantTurns(callId, 1);
      const ordered = leg.next('speech');
      await bridge.request('POST', `/api/ai-calls/${callId}/say`, { text: GREETING, protect: true });
      await ordered;
      await callMoves(leg, ms);
      leg.say(calleeTone(400));
      await assistantTurns(callId, 3);

      const answer = whole(ANSWER_HZ, ANSWER_MS);
      expect(heardBy(leg)).toEqual([...answer, ...whole(GIVEN_HZ, GREETING_MS), ...answer]);
      expectPrompt(leg, ANSWER_HZ, soundsOf(leg)[1]!.endMs);
      expect(leg.clears).toEqual([]);
      expect(session.violations).toEqual([]);
    },
  );
});

describe('the end of a call by the AI', () => {
  const GOODBYE: AiSpeech = { toneHz: FIRST_HZ, ms: 2_000, text: 'Thank you, and goodbye.' };
  const functionCall = { name: 'end_call', arguments: '{"reason":"All is said."}' };

  test('comes when its goodbye was heard whole', async () => {
    givenScript({ turns: [{ say: [GOODBYE], functionCall }] });

    const { callId, leg, session } = await call([words(400)], { opening: 'silent' });
    const record = await bridge.ended(callId);

    expect(record).toMatchObject({ status: 'completed', endReason: 'ai-hung-up' });
    expect(heardBy(leg)).toEqual(whole(FIRST_HZ, 2_000));
    expect(session.responses).toHaveLength(1);
    expect(session.violations).toEqual([]);
  });

  test('is called off by a callee who cuts in, and who is answered', async () => {
    givenScript({ turns: [{ say: [GOODBYE], functionCall }] });

    const { callId, leg, session } = await call([words(400)], { opening: 'silent' });
    await session.untilSent('response.done');
    await leg.until('speech');
    leg.say(calleeTone(400));
    await bridge.entry(callId, 'goodbye.canceled');
    await assistantTurns(callId, 2);

    expect(heardBy(leg).map(({ hz }) => hz)).toEqual([FIRST_HZ, ANSWER_HZ]);
    expectPrompt(leg, ANSWER_HZ, lastSaidMs(leg));
    expect(await bridge.call(callId)).toMatchObject({ status: 'in-progress' });
    expect(session.violations).toEqual([]);
  });
});

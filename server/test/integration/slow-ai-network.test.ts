// Calls whose AI is 60 ms away, as most are: what crosses on the way is neither lost, nor said twice, nor waited for. In
// real time, because it is about what happens in one and the same moment at both ends.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Deferred, deferred } from '../../src/lib/deferred';
import { rms, tone } from '../../src/simulator/pcm';
import type { AiSpeech, AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import { MACHINE_BEEP, type PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { dominantToneHz } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const NETWORK_DELAY_MS = 60;

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
const PHONE_RATE_HZ = 8000;

/** Of the AI's tones as the simulator makes them. */
const TONE_RMS = (0.3 * 32_767) / Math.SQRT2;

/** Who is heard by which tone: the callee; the AI with words it was given, with its answers, and with its first turn. */
const CALLEE_HZ = 400;
const GIVEN_HZ = 700;
const ANSWER_HZ = 1_100;
const FIRST_HZ = 1_500;
const AI_TONES = [GIVEN_HZ, ANSWER_HZ, FIRST_HZ];

/** Whole frames for each character, so that what is heard of a text can be told to the frame. */
const GIVEN_MS_PER_CHARACTER = 80;
const GREETING = 'Good morning, this is Anna from the bakery.';
const GREETING_MS = GREETING.length * GIVEN_MS_PER_CHARACTER;

const ANSWER_MS = 600;
const ANSWER: AiTurn = { say: [{ toneHz: ANSWER_HZ, ms: ANSWER_MS, text: 'I see.' }] };

/** Detection, thinking and the network take less than one second; giving up on an answer that never comes takes five. */
const PROMPT_MS = 2_000;

/** The silence by which the end of the callee's words is noticed. */
const SILENCE_MS = 500;

/** Of the time that something takes to become known everywhere on a busy machine. */
const SLACK_MS = 300;

type Sound = { readonly hz: number; readonly ms: number; readonly startMs: number; readonly endMs: number };
type Turn = { speaker: string; text: string; isInterrupted: boolean };
type Truncation = { audio_end_ms: number };

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start({ env: { ALLOW_PRIVATE_URLS: 'true', VAD_SILENCE_MS: String(SILENCE_MS) } });
  bridge.openai.networkDelayMs = NETWORK_DELAY_MS;
  givenScript();
});

afterEach(async () => {
  await bridge.close();
});

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
    // The phone counts the frame that it is just playing: it may be up to one frame ahead of the ear.
    expect(audioEndMs).toBeGreaterThanOrEqual(playedMs[index]! - 2 * FRAME_MS);
    expect(audioEndMs).toBeLessThanOrEqual(playedMs[index]! + FRAME_MS);
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

/** What the AI says; given words in a voice of their own, and one and the same answer to everything. */
function givenScript(script: Parameters<typeof bridge.openai.setDefaultScript>[0] = {}): void {
  const exact = { toneHz: GIVEN_HZ, msPerCharacter: GIVEN_MS_PER_CHARACTER };
  bridge.openai.setDefaultScript({ exact, otherwise: ANSWER, ...script });
}

/** A call to a callee who does this. */
async function call(
  steps: readonly PhoneStep[],
  body: Readonly<Record<string, unknown>> = {},
): Promise<{ callId: string; leg: SimulatedLeg; session: SimulatedSession }> {
  bridge.telnyx.setDefaultScript({ machineDetection: [], steps });
  const callId = await bridge.place(body);
  const leg = await bridge.telnyx.nextLeg();
  const session = await bridge.openai.nextSession();
  await bridge.entry(callId, 'stream.started');
  return { callId, leg, session };
}

function words(ms: number): PhoneStep {
  return { do: 'tone', hz: CALLEE_HZ, ms };
}

function calleeTone(ms: number): Int16Array {
  return tone({ hz: CALLEE_HZ, ms });
}

async function transcript(callId: string): Promise<Turn[]> {
  return (await bridge.call(callId))['transcript'] as Turn[];
}

/** Resolves when the AI has finished so many turns. */
async function assistantTurns(callId: string, count: number): Promise<void> {
  const turns = async (): Promise<Turn[]> =>
    (await transcript(callId)).filter(({ speaker }) => speaker === 'assistant');
  await until(async () => (await turns()).length >= count, { timeoutMs: 12_000 });
}

function truncations(session: SimulatedSession): Truncation[] {
  return session.clientEvents
    .filter(({ type }) => type === 'conversation.item.truncate')
    .map(({ event }) => event as unknown as Truncation);
}

/** Lets so much of the call go by, on the phone's own time. */
async function callMoves(leg: SimulatedLeg, ms: number): Promise<void> {
  const frames = leg.sent.length + ms / FRAME_MS;
  await until(() => leg.sent.length >= frames);
}

function isLoud(pcm: Int16Array, frame: number): boolean {
  // A frame with less than a fifth of the tone is the end that the conversion of the AI's audio leaves.
  return rms(pcm.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES)) > TONE_RMS * Math.sqrt(0.2);
}

/** What the callee heard, one voice after the other; pauses within one are left out of its length. */
function soundsOf(leg: SimulatedLeg): Sound[] {
  const pcm = leg.heard();
  const sounds: Sound[] = [];
  for (let frame = 0; (frame + 1) * FRAME_SAMPLES <= pcm.length; frame += 1) {
    if (!isLoud(pcm, frame)) continue;
    const samples = pcm.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES);
    const hz = dominantToneHz(samples, AI_TONES, PHONE_RATE_HZ);
    const startMs = frame * FRAME_MS;
    const last = sounds.at(-1);
    if (last?.hz === hz) sounds[sounds.length - 1] = { ...last, ms: last.ms + FRAME_MS, endMs: startMs + FRAME_MS };
    else sounds.push({ hz, ms: FRAME_MS, startMs, endMs: startMs + FRAME_MS });
  }
  return sounds;
}

function heardBy(leg: SimulatedLeg): { hz: number; ms: number }[] {
  return soundsOf(leg).map(({ hz, ms }) => ({ hz, ms }));
}

/** One voice, heard once from beginning to end. */
function whole(hz: number, ms: number): { hz: number; ms: number }[] {
  return [{ hz, ms }];
}

/** When the callee's last words ended, on the time line of what they heard. */
function lastSaidMs(leg: SimulatedLeg): number {
  const pcm = leg.said();
  let frame = Math.floor(pcm.length / FRAME_SAMPLES);
  while (frame > 0 && !isLoud(pcm, frame - 1)) frame -= 1;
  return frame * FRAME_MS;
}

/** How long the callee has been silent, once they have said something. */
function silentSinceMs(leg: SimulatedLeg): number {
  const lastMs = lastSaidMs(leg);
  return lastMs === 0 ? 0 : (leg.said().length * 1_000) / PHONE_RATE_HZ - lastMs;
}

/** The callee did not have to wait for a voice that was due from `sinceMs` on. */
function expectPrompt(leg: SimulatedLeg, hz: number, sinceMs: number): void {
  const sound = soundsOf(leg).findLast((candidate) => candidate.hz === hz);
  expect(sound!.startMs - sinceMs).toBeLessThan(PROMPT_MS);
}

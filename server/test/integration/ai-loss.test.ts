// The AI's connection is lost in every stage of a call, and the conversation goes on: what the callee hears of it is a
// pause at most. Real time, as it is the pause that counts.

import type { AiScript } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import type { PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import { CALLEE_HZ, callMoves, GIVEN_HZ, soundsOf, whole } from './loss-calls';

const FIRST_HZ = 1_500;
const NEXT_HZ = 1_100;

/** The callee hears the conversation go on within this time. */
const GAP_MS = 1_500;

/** The voice, the thinking and the detection of a simulated AI. */
const ANSWERED_WITHIN_MS = 2_500;

const STORY = 'Well, that is a long story, and it began in the spring of last year, in a small town by the sea.';
const FIRST: AiScript = { turns: [{ say: [{ toneHz: FIRST_HZ, ms: 6_000, text: STORY }], speedup: 1.2 }], hears: [] };
const NEXT: AiScript = { otherwise: { say: [{ toneHz: NEXT_HZ, ms: 600, text: 'So much for that.' }] } };

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start({ env: { VAD_SILENCE_MS: '500' } });
});

afterEach(async () => {
  await bridge.close();
});

type Talk = { readonly callId: string; readonly leg: SimulatedLeg };

/** A call in which each session follows the script of its number, the last one for all that follow. */
async function call(
  scripts: readonly AiScript[],
  steps: readonly PhoneStep[],
  body: Readonly<Record<string, unknown>> = {},
): Promise<Talk> {
  bridge.openai.setScriptFor(({ index }) => scripts[Math.min(index, scripts.length - 1)]);
  bridge.telnyx.setDefaultScript({ machineDetection: [], steps });
  const callId = await bridge.place(body);
  const leg = await bridge.telnyx.nextLeg();
  await bridge.entry(callId, 'stream.started');
  return { callId, leg };
}

/** The turns of the record, as one line each. */
async function transcript(callId: string): Promise<string[]> {
  const turns = (await bridge.call(callId))['transcript'] as { speaker: string; text: string }[];
  return turns.map(({ speaker, text }) => `${speaker}: ${text}`);
}

function session(number: number): SimulatedSession {
  return bridge.openai.sessions[number - 1]!;
}

/** The conversation as a session was told it, or took part in it. */
function known(number: number): string[] {
  return session(number)
    .items.filter(({ role, deleted }) => role !== 'system' && role !== undefined && deleted !== true)
    .map(({ role, text, isAudio }) => `${role}: ${isAudio ? '(audio)' : text}`);
}

function entries(callId: string, type: string): unknown[] {
  return bridge.entries.filter((entry) => entry.callId === callId && entry.type === type);
}

function expectNoMistakes(): void {
  expect(bridge.openai.sessions.flatMap(({ violations }) => violations)).toEqual([]);
}

const WORDS: PhoneStep = { do: 'tone', hz: CALLEE_HZ, ms: 1_200 };

test('in the middle of a sentence: the callee hears it go on, and every word is in the record', async () => {
  const { callId, leg } = await call([FIRST, NEXT], []);
  await callMoves(leg, 1_500);

  session(1).drop();
  await until(() => soundsOf(leg).length === 2, { timeoutMs: 8_000 });
  await until(async () => (await transcript(callId)).length === 2);

  const [first, next] = soundsOf(leg);
  expect(first!.ms).toBeGreaterThan(1_500);
  expect(next!.startMs - first!.endMs).toBeLessThan(GAP_MS);
  const [told] = known(2);
  expect(STORY.startsWith(told!.replace('assistant: ', ''))).toBe(true);
  expect(await transcript(callId)).toEqual([told, 'assistant: So much for that.']);
  expect(session(2).responses).toMatchObject([{ requestedBy: 'client' }]);
  expect(entries(callId, 'ai.lost')).toHaveLength(1);
  expect(entries(callId, 'ai.resumed')).toHaveLength(1);
  expectNoMistakes();
});

test('given words are said to their end, and no word twice', async () => {
  const exact = { toneHz: GIVEN_HZ, msPerCharacter: 60 };
  const greeting = 'Good morning, this is Anna from the bakery, and I am calling about the cake that you ordered.';
  const { callId, leg } = await call([{ exact, turns: [] }], [], { greeting });
  await callMoves(leg, 400);

  session(1).drop();
  await until(async () => (await transcript(callId)).length === 2, { timeoutMs: 10_000 });

  const said = (await transcript(callId)).map((turn) => turn.replace('assistant: ', '').trim());
  expect(said.join(' ')).toBe(greeting);
  expectNoMistakes();
});

test('while the callee speaks: not a word of theirs is lost, and they are answered once', async () => {
  const { callId, leg } = await call(
    [{}, { ...NEXT, hears: ['I would like to order a cake.'] }],
    [
      { do: 'wait', ms: 500 },
      { do: 'tone', hz: CALLEE_HZ, ms: 2_500 },
    ],
    { opening: 'silent' },
  );
  await session(1).untilSent('input_audio_buffer.speech_started');
  await callMoves(leg, 800);

  session(1).drop();
  await until(async () => (await transcript(callId)).length === 2, { timeoutMs: 10_000 });

  expect(await transcript(callId)).toEqual(['callee: I would like to order a cake.', 'assistant: So much for that.']);
  const heard = session(2).items.find(({ role }) => role === 'user')!;
  expect(heard.audioMs).toBeGreaterThanOrEqual(2_500);
  expect(session(2).responses).toHaveLength(1);
  expect(soundsOf(leg)).toHaveLength(1);
  expectNoMistakes();
});

test('while the callee waits for the answer: they get it, once', async () => {
  const thinking = { say: [{ toneHz: FIRST_HZ, ms: 600, text: 'Never said.' }], thinkMs: 5_000 };
  const { callId, leg } = await call(
    [
      { turns: [thinking], hears: ['What time is it?'] },
      { ...NEXT, hears: ['What time is it?'] },
    ],
    [{ do: 'wait', ms: 500 }, WORDS],
    { opening: 'silent' },
  );
  await session(1).untilSent('response.created');
  const lostAtMs = (leg.said().length * 1_000) / 8_000;

  session(1).drop();
  await until(async () => (await transcript(callId)).length === 2, { timeoutMs: 10_000 });

  expect(await transcript(callId)).toEqual(['callee: What time is it?', 'assistant: So much for that.']);
  expect(soundsOf(leg)).toHaveLength(1);
  expect(soundsOf(leg)[0]!.startMs - lostAtMs).toBeLessThan(GAP_MS);
  expect(session(2).responses).toHaveLength(1);
  expectNoMistakes();
});

test('while the callee waits, their words known: the answer is asked for', async () => {
  const thinking = { say: [{ toneHz: FIRST_HZ, ms: 600, text: 'Never said.' }], thinkMs: 5_000 };
  const { callId, leg } = await call(
    [{ turns: [thinking], hears: ['What time is it?'] }, NEXT],
    [{ do: 'wait', ms: 500 }, WORDS],
    { opening: 'silent' },
  );
  await until(async () => (await transcript(callId)).length === 1, { timeoutMs: 6_000 });

  session(1).drop();
  await until(async () => (await transcript(callId)).length === 2, { timeoutMs: 6_000 });

  expect(known(2)).toEqual(['user: What time is it?', 'assistant: (audio)']);
  expect(soundsOf(leg).map(({ hz }) => hz)).toEqual([NEXT_HZ]);
  expectNoMistakes();
});

test('while a tool works: its result reaches the model', async () => {
  const functionCall = { name: 'transfer_call', arguments: '{"target":"Sales"}' };
  const { callId, leg } = await call([{ turns: [{ functionCall }] }, NEXT], [{ do: 'wait', ms: 300 }, WORDS], {
    opening: 'silent',
    transferTargets: [{ name: 'Sales', to: '+12025550199' }],
  });
  await until(() => session(1).items.some(({ type }) => type === 'function_call'), { timeoutMs: 6_000 });

  session(1).drop();
  await bridge.entry(callId, 'ai.resumed');
  await until(() => session(2).items.some(({ type }) => type === 'function_call_output'), { timeoutMs: 8_000 });

  expect(session(2).items.filter(({ type }) => type === 'function_call')).toHaveLength(1);
  expect(leg).toBeDefined();
  expectNoMistakes();
});

test('while the phone rings: the greeting is made anew, and the callee notices nothing', async () => {
  bridge.openai.setScriptFor(({ index }) => (index === 0 ? FIRST : NEXT));
  bridge.telnyx.setDefaultScript({ machineDetection: [], ringMs: 1_500, steps: [] });
  const callId = await bridge.place();
  const first = await bridge.openai.nextSession();
  await first.untilSent('response.output_audio.delta');

  first.drop();
  await bridge.entry(callId, 'stream.started');
  await until(async () => (await transcript(callId)).length === 1, { timeoutMs: 6_000 });

  expect(await transcript(callId)).toEqual(['assistant: So much for that.']);
  expect(soundsOf(bridge.telnyx.legs[0]!).map(({ hz }) => hz)).toEqual([NEXT_HZ]);
  expectNoMistakes();
});

test('at the end of its time: as with any other loss', async () => {
  const { leg } = await call([FIRST, NEXT], []);
  await callMoves(leg, 1_000);

  session(1).expire();
  await until(() => soundsOf(leg).length === 2, { timeoutMs: 8_000 });

  const [first, next] = soundsOf(leg);
  expect(next!.startMs - first!.endMs).toBeLessThan(GAP_MS);
  expectNoMistakes();
});

test('with two connections refused: the third one carries the call', async () => {
  const { callId, leg } = await call([FIRST, NEXT], []);
  await callMoves(leg, 1_000);
  bridge.openai.failNextConnection({ kind: 'http', status: 503 }, 2);

  session(1).drop();
  await until(() => soundsOf(leg).length === 2, { timeoutMs: 8_000 });

  expect(entries(callId, 'ai.resumed')).toMatchObject([{ data: { tries: 3 } }]);
  const [first, next] = soundsOf(leg);
  expect(next!.startMs - first!.endMs).toBeLessThan(ANSWERED_WITHIN_MS);
});

test('for good: the call ends with the verdict of the loss', async () => {
  const { callId, leg } = await call([FIRST], []);
  await callMoves(leg, 600);
  bridge.openai.failNextConnection({ kind: 'http', status: 503 }, 3);

  session(1).drop();
  const ended = await bridge.ended(callId, 15_000);

  expect(ended).toMatchObject({ status: 'failed', endReason: 'ai-connection-lost' });
  expect(entries(callId, 'call.failed')).toMatchObject([{ data: { verdict: { details: { tries: 3 } } } }]);
});

test('when the callee cuts in on what still plays of a lost sentence, the model is told what they heard', async () => {
  const { leg } = await call(
    [{ turns: [{ say: [{ toneHz: FIRST_HZ, ms: 6_000, text: STORY }], speedup: 4 }] }, { turns: [], otherwise: {} }],
    [{ do: 'wait', ms: 2_200 }, WORDS],
  );
  await callMoves(leg, 1_200);

  session(1).drop();
  await until(() => bridge.openai.sessions.length === 2);
  await session(2).untilSent('input_audio_buffer.speech_started');
  await until(() => session(2).items.some(({ role, text }) => role === 'system' && text.includes('interrupted: ')));

  expect(soundsOf(leg)).toEqual([expect.objectContaining(whole(FIRST_HZ))]);
  expectNoMistakes();
});

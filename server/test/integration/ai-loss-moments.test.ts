// The AI's connection is lost at moments in which something else is under way: an order, a message, a transfer, an
// interruption, another fault, the end. The AI is 60 ms away, as most are. Real time, as it is the pauses that count.

import { tone } from '../../src/simulator/pcm';
import type { AiScript } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import { MACHINE_BEEP, type PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import { CALLEE_HZ, callMoves, GIVEN_HZ, soundsOf } from './loss-calls';

const NETWORK_DELAY_MS = 60;
const OFFICE = '+12025550177';
const FIRST_HZ = 1_500;
const NEXT_HZ = 1_100;

/** The callee hears the conversation go on within this time. */
const GAP_MS = 1_500;

const WORDS = 'Please have your customer number ready, you find it on the letter, in the upper right corner.';
const ASKED = 'I would like to order a cake.';
const ANSWER = 'So much for that.';

const EXACT = { toneHz: GIVEN_HZ, msPerCharacter: 50 };
const STORY = { say: [{ toneHz: FIRST_HZ, ms: 6_000, text: 'Well, that is a long story.' }], speedup: 2 };
const FIRST: AiScript = { exact: EXACT, turns: [STORY], otherwise: {} };
const NEXT: AiScript = {
  exact: EXACT,
  otherwise: { say: [{ toneHz: NEXT_HZ, ms: 600, text: ANSWER }] },
  hears: [ASKED],
};

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start({ env: { VAD_SILENCE_MS: '500' } });
  bridge.openai.networkDelayMs = NETWORK_DELAY_MS;
});

afterEach(async () => {
  await bridge.close();
});

type Talk = { readonly callId: string; readonly leg: SimulatedLeg };

/** A call whose first session follows the first script, and each that follows the other one. */
async function call(body: Readonly<Record<string, unknown>> = {}, steps: readonly PhoneStep[] = []): Promise<Talk> {
  bridge.openai.setScriptFor(({ index }) => (index === 0 ? FIRST : NEXT));
  bridge.telnyx.setDefaultScript({ machineDetection: [], steps });
  const callId = await bridge.place(body);
  const leg = await bridge.telnyx.nextLeg();
  await bridge.entry(callId, 'stream.started');
  return { callId, leg };
}

function session(number: number): SimulatedSession {
  return bridge.openai.sessions[number - 1]!;
}

/** The turns of the record, as one line each. */
async function transcript(callId: string): Promise<string[]> {
  const said = (await bridge.call(callId))['transcript'] as { speaker: string; text: string }[];
  return said.map(({ speaker, text }) => `${speaker}: ${text.trim()}`);
}

/** Resolves with the transcript when it has so many turns. */
async function turns(callId: string, count: number): Promise<string[]> {
  await until(async () => (await transcript(callId)).length >= count, { timeoutMs: 12_000 });
  return transcript(callId);
}

/** The callee says something of this length; resolves when the AI has noticed that they began. */
async function speak(leg: SimulatedLeg, ms: number, number = 1): Promise<void> {
  const noticed = session(number).nextSent('input_audio_buffer.speech_started');
  leg.say(tone({ hz: CALLEE_HZ, ms }));
  await noticed;
}

function data(callId: string, type: string): unknown[] {
  return bridge.entries.filter((entry) => entry.callId === callId && entry.type === type).map((entry) => entry.data);
}

/** What the callee heard of one voice, milliseconds. */
function heardMs(leg: SimulatedLeg, hz: number): number {
  return soundsOf(leg).reduce((sum, sound) => sum + (sound.hz === hz ? sound.ms : 0), 0);
}

function expectNoMistakes(): void {
  expect(bridge.openai.sessions.flatMap(({ violations }) => violations)).toEqual([]);
}

test('in the middle of a sentence, far away: the callee hears it go on in time', async () => {
  const { leg } = await call();
  await callMoves(leg, 1_500);

  session(1).drop();
  await until(() => soundsOf(leg).some(({ hz }) => hz === NEXT_HZ), { timeoutMs: 8_000 });

  const [first, next] = soundsOf(leg);
  expect(next!.startMs - first!.endMs).toBeLessThan(GAP_MS);
  expectNoMistakes();
});

test('words that were ordered are said to their end, and their order is told to be heard, once', async () => {
  const { callId, leg } = await call({ opening: 'silent' });
  await bridge.request('POST', `/api/ai-calls/${callId}/say`, { text: WORDS });
  await until(() => soundsOf(leg).length > 0);

  session(1).drop();
  await bridge.entry(callId, 'say.finished', 12_000);

  expect(data(callId, 'say.finished')).toMatchObject([{ outcome: 'heard' }]);
  expect((await transcript(callId)).map((turn) => turn.replace('assistant: ', '')).join(' ')).toBe(WORDS);
  expectNoMistakes();
});

test('an order that comes while there is no connection is carried out when there is one', async () => {
  const { callId } = await call({ opening: 'silent' });
  bridge.openai.failNextConnection({ kind: 'http', status: 503 });
  await session(1).untilSent('session.updated');
  session(1).drop();
  await bridge.entry(callId, 'ai.lost');

  await bridge.request('POST', `/api/ai-calls/${callId}/say`, { text: WORDS });
  await bridge.request('POST', `/api/ai-calls/${callId}/instructions`, { instructions: 'Be brief from now on.' });
  await bridge.entry(callId, 'say.finished', 12_000);

  expect(data(callId, 'say.finished')).toMatchObject([{ outcome: 'heard' }]);
  expect(session(2).instructions).toBe('Be brief from now on.');
  expectNoMistakes();
});

test('a message for a machine is left to its last word', async () => {
  const { callId, leg } = await call({ answeringMachine: 'leave-message', voicemailMessage: WORDS }, [
    { do: 'tone', hz: CALLEE_HZ, ms: 800 },
    { do: 'machine', kind: 'detection', result: 'machine' },
    MACHINE_BEEP,
    { do: 'machine', kind: 'greeting', result: 'beep_detected' },
  ]);
  await until(() => soundsOf(leg).some(({ hz }) => hz === GIVEN_HZ), { timeoutMs: 8_000 });

  session(1).drop();
  const record = await bridge.ended(callId, 15_000);

  expect(record).toMatchObject({ endReason: 'voicemail-left' });
  const said = (await transcript(callId)).filter((turn) => turn.startsWith('assistant'));
  expect(said.slice(-2).join(' ').replaceAll('assistant: ', '')).toBe(WORDS);
  expect(data(callId, 'filler.spoken')).toEqual([]);
  expectNoMistakes();
});

test('while another party rings, nobody notices, and both are connected', async () => {
  bridge.telnyx.script(OFFICE, { ringMs: 1_500 });
  const { callId } = await call({ opening: 'silent' });
  await session(1).untilSent('session.updated');
  await bridge.request('POST', `/api/ai-calls/${callId}/transfer`, { to: OFFICE, announcement: 'One moment.' });
  await bridge.entry(callId, 'transfer.started');

  session(1).drop();
  await bridge.entry(callId, 'ai.resumed');
  await bridge.entry(callId, 'transfer.bridged');
  await until(() => bridge.openai.liveSessions().length === 0);

  expect(data(callId, 'filler.spoken')).toEqual([]);
  expect(await bridge.call(callId)).toMatchObject({ status: 'in-progress' });
  expectNoMistakes();
});

test('while another party rings who does not answer: the AI says so', async () => {
  bridge.telnyx.script(OFFICE, { ringMs: 1_000, outcome: 'busy' });
  const { callId } = await call({ opening: 'silent' });
  await session(1).untilSent('session.updated');
  await bridge.request('POST', `/api/ai-calls/${callId}/transfer`, { to: OFFICE, announcement: 'One moment.' });
  await bridge.entry(callId, 'transfer.started');

  session(1).drop();
  await bridge.entry(callId, 'transfer.failed');

  expect(await turns(callId, 2)).toEqual(['assistant: One moment.', `assistant: ${ANSWER}`]);
  expectNoMistakes();
});

test('a protected greeting is said to its end, and what the callee asked over it is answered once', async () => {
  const { callId, leg } = await call({ greeting: WORDS, protectGreeting: true });
  await until(() => soundsOf(leg).length > 0);
  await callMoves(leg, 1_700);
  await speak(leg, 1_500);

  session(1).drop();
  const said = await turns(callId, 3);
  await callMoves(leg, 1_500);

  expect(said.filter((turn) => turn.startsWith('callee'))).toEqual([`callee: ${ASKED}`]);
  const greeting = said.filter((turn) => turn.startsWith('assistant') && !turn.includes(ANSWER));
  expect(greeting.join(' ').replaceAll('assistant: ', '')).toBe(WORDS);
  expect(heardMs(leg, NEXT_HZ)).toBeLessThanOrEqual(640);
  expect(data(callId, 'assistant.interrupted')).toEqual([]);
  expectNoMistakes();
});

test('an interruption stays one: what was cut off is not gone on with, and the callee is answered once', async () => {
  const { callId, leg } = await call();
  await callMoves(leg, 1_500);
  await speak(leg, 2_000);
  await bridge.entry(callId, 'assistant.interrupted');
  await callMoves(leg, 300);

  session(1).drop();
  const said = await turns(callId, 3);
  await callMoves(leg, 1_500);

  expect(said.slice(1)).toEqual([`callee: ${ASKED}`, `assistant: ${ANSWER}`]);
  expect(session(2).items.find(({ role }) => role === 'user')!.audioMs).toBeGreaterThanOrEqual(2_000);
  expect(session(2).responses).toHaveLength(1);
  expectNoMistakes();
});

test('a second loss while the callee’s words are heard again loses none of them', async () => {
  const { callId, leg } = await call({ opening: 'silent' });
  await session(1).untilSent('session.updated');
  await speak(leg, 2_500);
  await callMoves(leg, 400);

  session(1).drop();
  await until(() => bridge.openai.sessions.length === 2);
  await session(2).untilSent('input_audio_buffer.speech_started');
  session(2).drop();
  const said = await turns(callId, 2);
  await callMoves(leg, 1_000);

  expect(said).toEqual([`callee: ${ASKED}`, `assistant: ${ANSWER}`]);
  expect(session(3).items.find(({ role }) => role === 'user')!.audioMs).toBeGreaterThanOrEqual(2_500);
  expect(heardMs(leg, NEXT_HZ)).toBeLessThanOrEqual(640);
  expectNoMistakes();
});

test('with the callee’s line gone as well: what they had said until then is in the record', async () => {
  const { callId, leg } = await call({ opening: 'silent' });
  await session(1).untilSent('session.updated');
  await speak(leg, 1_500);
  await callMoves(leg, 700);

  leg.dropStream({ reconnectsAfterMs: 900 });
  session(1).drop();
  const said = await turns(callId, 2);

  expect(said).toEqual([`callee: ${ASKED}`, `assistant: ${ANSWER}`]);
  expect(session(2).items.find(({ role }) => role === 'user')!.audioMs).toBeGreaterThanOrEqual(700);
  await callMoves(leg, 1_000);
  expect(heardMs(leg, NEXT_HZ)).toBeLessThanOrEqual(640);
  expectNoMistakes();
});

test('a call that ends while its session is replaced leaves none behind', async () => {
  const { callId, leg } = await call();
  await callMoves(leg, 600);

  session(1).drop();
  await bridge.entry(callId, 'ai.lost');
  await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
  await bridge.ended(callId);

  await until(() => bridge.openai.liveSessions().length === 0);
  expect(data(callId, 'ai.resumed')).toEqual([]);
});

test('a connection that is dead at the end delays the record by two seconds at most, and no leg', async () => {
  const { callId, leg } = await call({ opening: 'silent' });
  await session(1).untilSent('session.updated');
  await speak(leg, 5_000);
  session(1).freeze();
  const askedAtMs = performance.now();

  await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
  await until(() => leg.state === 'ended');
  expect(performance.now() - askedAtMs).toBeLessThan(1_000);
  await bridge.ended(callId);
  expect(performance.now() - askedAtMs).toBeLessThan(3_500);
  // The dead connection takes no part in closing.
  await session(1).untilClosed(6_000);
});

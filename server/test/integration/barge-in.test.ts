// Interruptions: what the callee heard of each item is what the model is told, what the record says,
// and all that the line ever played. Each item of the AI is a tone of its own, so that the phone can tell them apart.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Deferred, deferred } from '../../src/lib/deferred';
import { rms } from '../../src/simulator/pcm';
import type { AiSpeech } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import type { PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { dominantToneHz } from '../support/audio-fixtures';
import { expectHeardPosition } from '../support/heard-position';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
const PHONE_RATE_HZ = 8000;

/** How far ahead of the ear the carrier is kept: within this of its end, an item has been sent whole. */
const LEAD_MS = 400;

const VOICES_HZ = [700, 1_100, 1_500] as const;
const CALLEE_HZ = 400;

/** The first item of some tests; the conversion's end takes one more frame on the line. */
const FIRST_ITEM_MS = 1_000;
const FIRST_PLAYED_MS = FIRST_ITEM_MS + FRAME_MS;

/** Of the AI's tones as the simulator makes them. */
const TONE_RMS = (0.3 * 32_767) / Math.SQRT2;

type Turn = { speaker: string; text: string; startedAt: string; isInterrupted: boolean; heardMs?: number };
type Truncation = { item_id: string; content_index: number; audio_end_ms: number };

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start();
});

afterEach(async () => {
  await bridge.close();
});

test('of several items, what was heard stays, what was heard in part is truncated, and the rest is deleted', async () => {
  bridge.openai.setDefaultScript({
    turns: [{ say: [speech(0, FIRST_ITEM_MS), speech(1, 2_000), speech(2, 1_000)] }],
    otherwise: {},
  });
  bridge.telnyx.setDefaultScript({ steps: cutInAfter(1_700) });

  const { callId, leg, session } = await interruptedCall();
  await session.untilSent('conversation.item.deleted');

  const [first, second, third] = assistantItems(session);
  expect(first).not.toHaveProperty('truncatedToMs');
  expect(first).not.toHaveProperty('deleted');
  expect(third).toMatchObject({ deleted: true });
  const [truncation] = truncations(session);
  expect(truncation!.item_id).toBe(second!.id);
  expectExact(leg, { truncation: truncation!, beforeMs: FIRST_PLAYED_MS });
  expect(tonesHeard(leg)).toEqual([
    { hz: VOICES_HZ[0], ms: FIRST_ITEM_MS },
    { hz: VOICES_HZ[1], ms: leg.playedMsAtClear[0]! - FIRST_PLAYED_MS },
  ]);
  const turns = await assistantTurns(callId);
  expect(turns).toMatchObject([
    { text: words(FIRST_ITEM_MS), isInterrupted: false },
    { isInterrupted: true, heardMs: truncation!.audio_end_ms },
  ]);
  expectShareOfWords(turns[1]!, 2_000);
  expect(session.violations).toEqual([]);
});

// The server ends an item behind the first audio of the next one: around that, and around where the callee hears the
// one item turn into the other.
test.each([660, 860, 920, 980])(
  'an interruption after %i ms, about when an item of 1 s gives way to the next, is exact',
  async (ms) => {
    bridge.openai.setDefaultScript({
      turns: [{ say: [speech(0, FIRST_ITEM_MS), speech(1, 4_000)], speedup: 1.5 }],
      otherwise: {},
    });
    bridge.telnyx.setDefaultScript({ steps: cutInAfter(ms) });

    const callId = await bridge.place();
    await bridge.entry(callId, 'assistant.interrupted');
    const leg = bridge.telnyx.legs[0]!;
    const session = bridge.openai.sessions[0]!;
    await session.untilSent('response.done');
    await callMoves(leg, 200);

    const playedMs = leg.playedMsAtClear[0]!;
    expectLateEnd(session);
    expectHeardPosition(knownMs(session), playedMs);
    const [first, second] = tonesHeard(leg);
    expect(first!.ms).toBe(Math.min(playedMs, FIRST_ITEM_MS));
    expect(second?.ms ?? 0).toBe(Math.max(0, playedMs - FIRST_PLAYED_MS));
    expect(session.violations).toEqual([]);
  },
);

test('the record dates each item by when the callee began to hear it', async () => {
  bridge.openai.setDefaultScript({ turns: [{ say: [speech(0, FIRST_ITEM_MS), speech(1, 400)] }] });

  const callId = await bridge.place();
  await until(async () => (await assistantTurns(callId)).length === 2);

  const [first, second] = (await assistantTurns(callId)).map(({ startedAt }) => Date.parse(startedAt));
  // The second goes out up to the carrier's lead before it is played; half of that is slack enough.
  expect(Math.abs(second! - first! - FIRST_PLAYED_MS)).toBeLessThan(LEAD_MS / 2);
});

test('the second and the third interruption of a call are as exact as the first', async () => {
  bridge.openai.setDefaultScript({
    turns: [{ say: [speech(0, 5_000)] }, { say: [speech(1, 5_000)] }, { say: [speech(2, 5_000)] }],
    otherwise: {},
  });
  bridge.telnyx.setDefaultScript({ steps: [...cutInAfter(600), ...cutInAfter(900), ...cutInAfter(1_200)] });

  const callId = await bridge.place();
  await until(() => interruptions(callId).length === 3, { timeoutMs: 15_000 });
  const leg = bridge.telnyx.legs[0]!;
  const session = bridge.openai.sessions[0]!;
  await untilConfirmed(session, 3);

  const items = assistantItems(session).map(({ id }) => id);
  const cuts = truncations(session);
  expect(cuts.map(({ item_id: id }) => id)).toEqual(items.slice(0, 3));
  const playedMs = [0, ...leg.playedMsAtClear];
  for (const [index, truncation] of cuts.entries()) {
    expectExact(leg, { truncation, beforeMs: playedMs[index]!, clear: index });
  }
  expect(interruptions(callId)).toEqual(cuts.map(({ audio_end_ms: heardMs }) => ({ by: 'callee', heardMs })));
  // The voices one after the other, each as long as it was played: nothing of an earlier one comes back.
  expect(tonesHeard(leg)).toEqual(
    VOICES_HZ.map((hz, index) => ({ hz, ms: leg.playedMsAtClear[index]! - playedMs[index]! })),
  );
  const turns = await assistantTurns(callId);
  expect(turns.map(({ heardMs }) => heardMs)).toEqual(cuts.map(({ audio_end_ms: heardMs }) => heardMs));
  for (const turn of turns) expectShareOfWords(turn, 5_000);
  expect(session.violations).toEqual([]);
});

test('an item of which everything has been made and sent is cut off where the callee stopped hearing it', async () => {
  bridge.openai.setDefaultScript({ turns: [{ say: [speech(0, 1_400)], speedup: Infinity }], otherwise: {} });
  bridge.telnyx.setDefaultScript({ steps: cutInAfter(1_100) });

  const { callId, leg, session } = await interruptedCall();

  const sentMs = sentBeforeClear(leg, 0);
  expect(leg.playedMsAtClear[0]).toBeGreaterThan(1_400 - LEAD_MS);
  expect(sentMs).toBeGreaterThanOrEqual(1_400);
  expect(session.responses[0]).toMatchObject({ status: 'completed' });
  expect(session.clientEvents.map(({ type }) => type)).not.toContain('response.cancel');
  expectExact(leg, { truncation: truncations(session)[0]! });
  expect(leg.queuedMs()).toBe(0);
  const [turn] = await assistantTurns(callId);
  expect(turn).toMatchObject({ isInterrupted: true });
  expectShareOfWords(turn!, 1_400);
  expect(session.violations).toEqual([]);
});

test('a greeting with given words is cut off like any other speech', async () => {
  const greeting = words(3_000);
  bridge.openai.setDefaultScript({
    exact: { toneHz: VOICES_HZ[0], msPerCharacter: FRAME_MS },
    turns: [{ say: [speech(1, 400)] }],
    hears: ['Who is this?'],
  });
  bridge.telnyx.setDefaultScript({ steps: cutInAfter(1_000) });

  const { callId, leg, session } = await interruptedCall({ greeting });
  await until(async () => (await transcript(callId)).length === 3);

  const [truncation] = truncations(session);
  expectExact(leg, { truncation: truncation! });
  expect(tonesHeard(leg)).toEqual([
    { hz: VOICES_HZ[0], ms: leg.playedMsAtClear[0]! },
    { hz: VOICES_HZ[1], ms: 400 },
  ]);
  const [opening, question, answer] = await transcript(callId);
  expect(opening).toMatchObject({ speaker: 'assistant', isInterrupted: true, heardMs: truncation!.audio_end_ms });
  expectShareOfWords(opening!, greeting.length * FRAME_MS, greeting);
  expect(question).toMatchObject({ speaker: 'callee', text: 'Who is this?' });
  expect(answer).toMatchObject({ speaker: 'assistant', text: words(400), isInterrupted: false });
});

test('audio that arrives after the interruption is dropped, and items that begin with it are deleted', async () => {
  bridge.openai.setDefaultScript({
    turns: [{ say: [speech(0, 1_500), speech(1, 600), speech(2, 3_000)], speedup: 1.5, deltaLagMs: 1_200 }],
    otherwise: {},
  });
  bridge.telnyx.setDefaultScript({ steps: cutInAfter(900) });

  const { callId, leg, session } = await interruptedCall();
  await session.untilSent('response.done');
  await until(() => assistantItems(session).filter(({ deleted }) => deleted).length === 2);
  await callMoves(leg, 500);

  const sent = session.serverEvents.map(({ type }) => type);
  const late = sent.slice(sent.indexOf('input_audio_buffer.speech_started'));
  expect(late.filter((type) => type === 'response.output_audio.delta').length).toBeGreaterThan(1);
  expect(late).toContain('response.output_item.added');
  expect(mediaAfterClear(leg)).toEqual([]);
  expect(leg.playedMs()).toBe(leg.playedMsAtClear[0]);
  const [truncation, ...others] = truncations(session);
  expect(others).toEqual([]);
  expect(truncation!.item_id).toBe(assistantItems(session)[0]!.id);
  expectExact(leg, { truncation: truncation! });
  expect(await assistantTurns(callId)).toMatchObject([{ isInterrupted: true, heardMs: truncation!.audio_end_ms }]);
  expect(session.violations).toEqual([]);
});

test('over a slow network, the model is told what has been played when the clear arrives', async () => {
  bridge.openai.setDefaultScript({ turns: [{ say: [speech(0, 6_000)] }], otherwise: {} });
  bridge.telnyx.setDefaultScript({ networkDelayMs: 60, steps: cutInAfter(1_500) });

  const { leg, session } = await interruptedCall();
  await until(() => leg.clears.length === 1);

  expectExact(leg, { truncation: truncations(session)[0]! });
  expect(session.violations).toEqual([]);
});

test('the API cuts off a speech in the making as exactly as the callee, and the callee is answered afterwards', async () => {
  bridge.openai.setDefaultScript({
    turns: [{ say: [speech(0, FIRST_ITEM_MS), speech(1, 6_000)], speedup: 1.5 }, { say: [speech(2, 400)] }],
  });
  const callId = await bridge.place();
  const leg = await bridge.telnyx.nextLeg();
  await until(() => leg.playedMs() > 1_600);

  const answer = await bridge.request('POST', `/api/ai-calls/${callId}/interrupt`);
  const session = bridge.openai.sessions[0]!;
  await session.untilSent('response.done');
  await untilConfirmed(session, 1);
  leg.say(calleeTone());
  await until(async () => (await assistantTurns(callId)).length === 3);

  expect(answer.body).toMatchObject({ interrupted: true });
  expect(session.responses.map(({ status }) => status)).toEqual(['cancelled', 'completed']);
  const [truncation] = truncations(session);
  expect(truncation!.item_id).toBe(assistantItems(session)[1]!.id);
  expectExact(leg, { truncation: truncation!, beforeMs: FIRST_PLAYED_MS });
  expect(interruptions(callId)).toEqual([{ by: 'api', heardMs: truncation!.audio_end_ms }]);
  expect(tonesHeard(leg)).toEqual([
    { hz: VOICES_HZ[0], ms: FIRST_ITEM_MS },
    { hz: VOICES_HZ[1], ms: leg.playedMsAtClear[0]! - FIRST_PLAYED_MS },
    { hz: VOICES_HZ[2], ms: 400 },
  ]);
  expect((await assistantTurns(callId)).map(({ isInterrupted }) => isInterrupted)).toEqual([false, true, false]);
  expect(session.violations).toEqual([]);
});

test('the API interrupts a speech of which everything has been made, and there is nothing to cancel', async () => {
  bridge.openai.setDefaultScript({ turns: [{ say: [speech(0, 3_000)], speedup: Infinity }] });
  const callId = await bridge.place();
  const leg = await bridge.telnyx.nextLeg();
  await until(() => leg.playedMs() > 800);

  const answer = await bridge.request('POST', `/api/ai-calls/${callId}/interrupt`);
  const session = bridge.openai.sessions[0]!;
  await untilConfirmed(session, 1);
  await callMoves(leg, 300);

  expect(answer.body).toMatchObject({ interrupted: true });
  expect(session.clientEvents.map(({ type }) => type)).not.toContain('response.cancel');
  expectExact(leg, { truncation: truncations(session)[0]! });
  expect(leg.playedMs()).toBe(leg.playedMsAtClear[0]);
  expect((await assistantTurns(callId))[0]).toMatchObject({ isInterrupted: true });
  expect(session.violations).toEqual([]);
});

describe('while a tool runs', () => {
  let toolServer: Server;
  let asked: Deferred<void>;
  let result: Deferred<string>;

  beforeEach(async () => {
    asked = deferred();
    result = deferred();
    await bridge.close();
    bridge = await TestBridge.start({ env: { ALLOW_PRIVATE_URLS: 'true' } });
    toolServer = createServer((_request, response) => {
      asked.resolve();
      void result.promise.then((body) => response.setHeader('content-type', 'application/json').end(body));
    });
    await new Promise<void>((resolve) => void toolServer.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    toolServer.closeAllConnections();
    await new Promise<unknown>((resolve) => void toolServer.close(resolve));
  });

  test('an interruption is exact, and the tool is neither stopped nor forgotten', async () => {
    const functionCall = { name: 'find_order', arguments: '{}' };
    bridge.openai.setDefaultScript({
      turns: [{ say: [speech(0, 4_000)], functionCall, speedup: Infinity }],
      otherwise: { say: [speech(1, 400)] },
    });
    bridge.telnyx.setDefaultScript({ steps: cutInAfter(1_200) });

    const { callId, leg, session } = await interruptedCall({ tools: [findOrder()] });
    await asked.promise;
    const toolsBefore = bridge.entries.filter(({ type }) => type === 'tool.finished');
    result.resolve('{"state":"baked"}');
    const finished = await bridge.entry(callId, 'tool.finished');
    await until(async () => (await assistantTurns(callId)).some(({ isInterrupted }) => !isInterrupted));

    expect(toolsBefore).toEqual([]);
    expect(finished.data).toMatchObject({ name: 'find_order', outcome: 'ok' });
    expectExact(leg, { truncation: truncations(session)[0]! });
    expect(truncations(session)).toHaveLength(1);
    expect(tonesHeard(leg)[0]).toEqual({ hz: VOICES_HZ[0], ms: leg.playedMsAtClear[0]! });
    expect(
      tonesHeard(leg)
        .slice(1)
        .map(({ hz }) => hz),
    ).toEqual([VOICES_HZ[1]]);
    expect(session.items.find(({ type }) => type === 'function_call')).not.toHaveProperty('deleted');
    expect(session.items.find(({ type }) => type === 'function_call_output')!.text).toContain('baked');
    expect((await assistantTurns(callId))[0]).toMatchObject({ isInterrupted: true });
    expect(session.violations).toEqual([]);
  });

  function findOrder(): Record<string, unknown> {
    const { port } = toolServer.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/orders`;
    return {
      name: 'find_order',
      description: 'Finds an order.',
      parameters: { type: 'object' },
      url,
      timeoutMs: 9_000,
    };
  }
});

/** Places a call and waits for its interruption, to the end of what follows from it on the wire. */
async function interruptedCall(
  body: Readonly<Record<string, unknown>> = {},
): Promise<{ callId: string; leg: SimulatedLeg; session: SimulatedSession }> {
  const callId = await bridge.place(body);
  await bridge.entry(callId, 'assistant.interrupted');
  const session = bridge.openai.sessions[0]!;
  await untilConfirmed(session, 1);
  return { callId, leg: bridge.telnyx.legs[0]!, session };
}

/** A callee who cuts in when the AI has been speaking for so long. */
function cutInAfter(ms: number): PhoneStep[] {
  return [
    { do: 'wait-for-speech' },
    { do: 'wait', ms },
    { do: 'tone', hz: CALLEE_HZ, ms: 400 },
    { do: 'wait-for-clear' },
    { do: 'wait-for-silence', silenceMs: 400 },
  ];
}

function calleeTone(): Int16Array {
  const radiansPerSample = (2 * Math.PI * CALLEE_HZ) / PHONE_RATE_HZ;
  return Int16Array.from({ length: 20 * FRAME_SAMPLES }, (_, index) => 9_000 * Math.sin(radiansPerSample * index));
}

/** An item in one of the AI's voices. */
function speech(voice: 0 | 1 | 2, ms: number): AiSpeech {
  return { toneHz: VOICES_HZ[voice], ms, text: words(ms) };
}

/** Numbered words, one for every 100 ms. */
function words(ms: number): string {
  return Array.from({ length: ms / 100 }, (_, index) => `w${String(index).padStart(2, '0')}`).join(' ');
}

function assistantItems(session: SimulatedSession): SimulatedSession['items'] {
  return session.items.filter(({ role }) => role === 'assistant');
}

function truncations(session: SimulatedSession): Truncation[] {
  return session.clientEvents
    .filter(({ type }) => type === 'conversation.item.truncate')
    .map(({ event }) => event as unknown as Truncation);
}

async function untilConfirmed(session: SimulatedSession, count: number): Promise<void> {
  const confirmed = (): number =>
    session.serverEvents.filter(({ type }) => type === 'conversation.item.truncated').length;
  await until(() => confirmed() >= count);
}

function interruptions(callId: string): unknown[] {
  return bridge.entries
    .filter((entry) => entry.callId === callId && entry.type === 'assistant.interrupted')
    .map(({ data }) => data);
}

async function transcript(callId: string): Promise<Turn[]> {
  return (await bridge.call(callId))['transcript'] as Turn[];
}

async function assistantTurns(callId: string): Promise<Turn[]> {
  return (await transcript(callId)).filter(({ speaker }) => speaker === 'assistant');
}

/** Lets so much of the call go by, on the phone's own time. */
async function callMoves(leg: SimulatedLeg, ms: number): Promise<void> {
  const frames = leg.sent.length + ms / FRAME_MS;
  await until(() => leg.sent.length >= frames);
}

/** Audio that the carrier got before a clear, milliseconds. */
function sentBeforeClear(leg: SimulatedLeg, clear: number): number {
  const clears = leg.received.flatMap((frame, index) => (frame.event === 'clear' ? [index] : []));
  return leg.received.slice(0, clears[clear]).reduce((sum, { audioMs = 0 }) => sum + audioMs, 0);
}

function mediaAfterClear(leg: SimulatedLeg): unknown[] {
  const clear = leg.received.findIndex(({ event }) => event === 'clear');
  return leg.received.slice(clear + 1).filter(({ event }) => event === 'media');
}

/** The simulator must do what the test is about: end the first item behind the first audio of the second. */
function expectLateEnd(session: SimulatedSession): void {
  const [first, second] = assistantItems(session);
  const indexOf = (type: string, itemId: string): number =>
    session.serverEvents.findIndex(({ type: sent, event }) => sent === type && event['item_id'] === itemId);
  const begunAt = indexOf('response.output_audio.delta', second!.id);
  expect(begunAt).toBeGreaterThan(0);
  expect(indexOf('response.output_audio.done', first!.id)).toBeGreaterThan(begunAt);
}

/** How much of all that it said the model believes to have been heard. */
function knownMs(session: SimulatedSession): number {
  return assistantItems(session)
    .filter(({ deleted }) => deleted !== true)
    .reduce((sum, { audioMs, truncatedToMs }) => sum + (truncatedToMs ?? audioMs), 0);
}

/** The truncation against what the phone had played of the item when the clear took effect, and what it had been sent. */
function expectExact(
  leg: SimulatedLeg,
  { truncation, beforeMs = 0, clear = 0 }: { truncation: Truncation; beforeMs?: number; clear?: number },
): void {
  const { audio_end_ms: audioEndMs, content_index: contentIndex } = truncation;
  const playedMs = leg.playedMsAtClear[clear]! - beforeMs;
  expect(contentIndex).toBe(0);
  expectHeardPosition(audioEndMs, playedMs);
  expect(audioEndMs).toBeLessThanOrEqual(sentBeforeClear(leg, clear) - beforeMs);
}

/** The words of an interrupted turn are those that were heard; which they were is known to within two. */
function expectShareOfWords(turn: Turn, audioMs: number, text = words(audioMs)): void {
  const heard = turn.text.split(' ');
  const all = text.split(' ');
  expect(turn.isInterrupted).toBe(true);
  expect(heard).toEqual(all.slice(0, heard.length));
  expect(Math.abs(heard.length - (all.length * turn.heardMs!) / audioMs)).toBeLessThanOrEqual(2);
}

/** The AI's voices as the callee heard them, one after the other, silence left out. */
function tonesHeard(leg: SimulatedLeg): { hz: number; ms: number }[] {
  const pcm = leg.heard();
  const tones: { hz: number; ms: number }[] = [];
  for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
    const frame = pcm.subarray(at, at + FRAME_SAMPLES);
    // A frame with less than a fifth of the tone is the end that the conversion of the AI's audio leaves.
    if (rms(frame) < TONE_RMS * Math.sqrt(0.2)) continue;
    const hz = dominantToneHz(frame, VOICES_HZ, PHONE_RATE_HZ);
    const last = tones.at(-1);
    if (last?.hz === hz) last.ms += FRAME_MS;
    else tones.push({ hz, ms: FRAME_MS });
  }
  return tones;
}

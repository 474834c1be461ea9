// What the API can ask of a call that goes on (say, instructions, dtmf): heard at the phone, seen on the wire to the
// model, and kept in the record. What the AI says is tones, one for each text, so that it can be told apart.

import { randomUUID } from 'node:crypto';
import { rms, tone } from '../../src/simulator/pcm';
import type { AiScript, AiSpeech } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import type { PhoneScript } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { dominantToneHz } from '../support/audio-fixtures';
import { type Answer, TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const PHONE_RATE_HZ = 8000;
const FRAME_MS = 20;
/** Above what is left in the frame after a tone, below a tone. */
const LOUD_RMS = 3_500;

/** Who is heard by which tone. */
const CALLEE_HZ = 500;
const STORY_HZ = 700;
const ANSWER_HZ = 900;
const ORDERED_HZ = 1_300;

const EXACT = { toneHz: ORDERED_HZ, msPerCharacter: 25 };
const WORDS = 'Your table is ready.';
const WORDS_MS = 500;
const LONG_WORDS = 'Please stay on the line and do not hang up, for I have something of great value.';
const LONG_WORDS_MS = 2_000;
const STORY_TEXT = 'One two three four five six seven eight nine ten.';

const INSTRUCTIONS = 'You are a waiter.';
const NEW_INSTRUCTIONS = 'You are a pilot.';

type Talk = { readonly callId: string; readonly leg: SimulatedLeg; readonly session: SimulatedSession };

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start({ env: { VAD_SILENCE_MS: '200' } });
});

afterEach(async () => {
  await bridge.close();
});

/** A call whose stream is open. */
async function talk(script: AiScript = {}, body: Readonly<Record<string, unknown>> = {}): Promise<Talk> {
  bridge.openai.setDefaultScript({ exact: EXACT, otherwise: {}, ...script });
  bridge.telnyx.setDefaultScript({ ringMs: 50 });
  const callId = await bridge.place({ instructions: INSTRUCTIONS, opening: 'silent', ...body });
  await bridge.entry(callId, 'stream.started');
  await bridge.entry(callId, 'ai.ready');
  return { callId, leg: await bridge.telnyx.nextLeg(), session: await bridge.openai.nextSession() };
}

/** A call in which the callee hears the AI tell a story. */
async function story(ms: number): Promise<Talk> {
  const talking = await talk({ turns: [{ say: [storyOf(ms)] }] }, { opening: 'greet' });
  await until(() => talking.leg.playedMs() >= 300);
  return talking;
}

function storyOf(ms: number): AiSpeech {
  return { toneHz: STORY_HZ, ms, text: STORY_TEXT };
}

/** A call whose phone rings until somebody hangs up. */
async function ringing(script: PhoneScript = { ringMs: 60_000 }): Promise<string> {
  bridge.openai.setDefaultScript({ exact: EXACT, otherwise: {} });
  bridge.telnyx.setDefaultScript(script);
  const callId = await bridge.place({ instructions: INSTRUCTIONS, opening: 'silent' });
  await bridge.entry(callId, 'call.ringing');
  return callId;
}

function command(callId: string, name: string, body: Readonly<Record<string, unknown>>): Promise<Answer> {
  return bridge.request('POST', `/api/ai-calls/${callId}/${name}`, body);
}

/** What became of a text that was ordered. */
async function outcomeOf(callId: string, { body: { sayId } }: Answer): Promise<unknown> {
  const isOf = ({ type, data }: { type: string; data: Readonly<Record<string, unknown>> }): boolean =>
    type === 'say.finished' && data['sayId'] === sayId;
  const find = (): unknown => bridge.entries.find((entry) => entry.callId === callId && isOf(entry))?.data['outcome'];
  await until(() => find() !== undefined, { timeoutMs: 10_000 });
  return find();
}

/** What the callee heard, one tone after the other, with its length; pauses are left out. */
function tonesOf(leg: SimulatedLeg): { hz: number; ms: number }[] {
  const pcm = leg.heard();
  const samples = (PHONE_RATE_HZ * FRAME_MS) / 1000;
  const tones: { hz: number; ms: number }[] = [];
  for (let at = 0; at + samples <= pcm.length; at += samples) {
    const frame = pcm.subarray(at, at + samples);
    if (rms(frame) < LOUD_RMS) continue;
    const hz = dominantToneHz(frame, [STORY_HZ, ANSWER_HZ, ORDERED_HZ], PHONE_RATE_HZ);
    const last = tones.at(-1);
    if (last?.hz === hz) last.ms += FRAME_MS;
    else tones.push({ hz, ms: FRAME_MS });
  }
  return tones;
}

/** The same to a tenth of a second. */
function heardBy(leg: SimulatedLeg): string[] {
  return tonesOf(leg).map(({ hz, ms }) => `${hz} Hz for ${Math.round(ms / 100) * 100} ms`);
}

function assistantTurns(record: Record<string, unknown>): Record<string, unknown>[] {
  return (record['transcript'] as Record<string, unknown>[]).filter(({ speaker }) => speaker === 'assistant');
}

describe('say', () => {
  test('now cuts off what the AI is saying, and is heard word for word', async () => {
    const { callId, leg, session } = await story(6_000);

    const answer = await command(callId, 'say', { text: WORDS });
    const outcome = await outcomeOf(callId, answer);

    expect(answer).toMatchObject({ status: 202, body: { callId, status: 'in-progress' } });
    expect(outcome).toBe('heard');
    const [told, ordered, ...rest] = tonesOf(leg);
    expect(told!.hz).toBe(STORY_HZ);
    expect(told!.ms).toBeLessThan(5_000);
    expect(ordered).toEqual({ hz: ORDERED_HZ, ms: WORDS_MS });
    expect(rest).toEqual([]);
    expect(leg.clears.length).toBe(1);
    const truncate = await session.until('conversation.item.truncate');
    expect(session.responses.at(-1)!.instructions).toContain(JSON.stringify(WORDS));
    const record = await bridge.call(callId);
    expect(assistantTurns(record)).toEqual([
      expect.objectContaining({ isInterrupted: true, heardMs: truncate['audio_end_ms'] }),
      expect.objectContaining({ isInterrupted: false, text: WORDS }),
    ]);
    expect(session.violations).toEqual([]);
  });

  test('at the next pause waits until the AI has finished', async () => {
    const { callId, leg, session } = await story(1_500);

    const answer = await command(callId, 'say', { text: WORDS, when: 'next-pause' });
    const outcome = await outcomeOf(callId, answer);

    expect(outcome).toBe('heard');
    expect(heardBy(leg)).toEqual([`${STORY_HZ} Hz for 1500 ms`, `${ORDERED_HZ} Hz for ${WORDS_MS} ms`]);
    expect(leg.clears).toEqual([]);
    expect(session.responses.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(assistantTurns(await bridge.call(callId)).map(({ text }) => text)).toEqual([STORY_TEXT, WORDS]);
  });

  test('at the next pause waits until the callee has finished and was answered', async () => {
    const answering = { say: [{ toneHz: ANSWER_HZ, ms: 600, text: 'I see.' }] };
    const { callId, leg, session } = await talk({ turns: [answering] });
    leg.say(tone({ hz: CALLEE_HZ, ms: 600 }));
    await session.untilSent('input_audio_buffer.speech_started');

    const answer = await command(callId, 'say', { text: WORDS, when: 'next-pause' });
    const outcome = await outcomeOf(callId, answer);

    expect(outcome).toBe('heard');
    expect(heardBy(leg)).toEqual([`${ANSWER_HZ} Hz for 600 ms`, `${ORDERED_HZ} Hz for ${WORDS_MS} ms`]);
    expect(session.responses.map(({ requestedBy }) => requestedBy)).toEqual(['vad', 'client']);
    expect(session.violations).toEqual([]);
  });

  test('takes texts that wait in their order', async () => {
    const { callId, leg } = await story(600);

    await command(callId, 'say', { text: WORDS, when: 'next-pause' });
    const last = await command(callId, 'say', { text: LONG_WORDS, when: 'next-pause' });
    await outcomeOf(callId, last);

    const texts = assistantTurns(await bridge.call(callId)).map(({ text }) => text);
    expect(texts).toEqual([STORY_TEXT, WORDS, LONG_WORDS]);
    expect(heardBy(leg).at(-1)).toBe(`${ORDERED_HZ} Hz for ${WORDS_MS + LONG_WORDS_MS} ms`);
  });

  test('lets nobody interrupt a text that is protected', async () => {
    const { callId, leg, session } = await talk();
    const answer = await command(callId, 'say', { text: LONG_WORDS, protect: true });
    await leg.until('speech');

    leg.say(tone({ hz: CALLEE_HZ, ms: 400 }));
    await session.untilSent('input_audio_buffer.speech_stopped');
    const outcome = await outcomeOf(callId, answer);

    expect(outcome).toBe('heard');
    expect(heardBy(leg)).toEqual([`${ORDERED_HZ} Hz for ${LONG_WORDS_MS} ms`]);
    expect(leg.clears).toEqual([]);
    expect(session.responses.map(({ status }) => status)).toEqual(['completed']);
    await until(() => session.config.audio.input.turn_detection?.interrupt_response === true);
    expect(session.violations).toEqual([]);
  });

  test('lets the callee interrupt any other text, and tells so', async () => {
    const { callId, leg, session } = await talk();
    const answer = await command(callId, 'say', { text: LONG_WORDS });
    await leg.until('speech');

    leg.say(tone({ hz: CALLEE_HZ, ms: 400 }));
    const outcome = await outcomeOf(callId, answer);

    expect(outcome).toBe('interrupted');
    await until(() => leg.clears.length === 1);
    expect(tonesOf(leg)[0]!.ms).toBeLessThan(LONG_WORDS_MS);
    const truncate = await session.until('conversation.item.truncate');
    const [turn] = assistantTurns(await bridge.call(callId));
    expect(turn).toMatchObject({ isInterrupted: true, heardMs: truncate['audio_end_ms'] });
  });
});

describe('instructions', () => {
  test('that replace the old ones reach the model and the record', async () => {
    const { callId, session } = await talk();
    const update = session.next('session.update');

    const answer = await command(callId, 'instructions', { instructions: NEW_INSTRUCTIONS });

    expect(answer).toMatchObject({ status: 200, body: { callId, status: 'in-progress' } });
    expect((await update)['session']).toEqual({ type: 'realtime', instructions: NEW_INSTRUCTIONS });
    await until(() => session.instructions === NEW_INSTRUCTIONS);
    expect(await bridge.call(callId)).toMatchObject({ instructions: NEW_INSTRUCTIONS });
    expect(session.violations).toEqual([]);
  });

  test('that are appended stand after all earlier ones', async () => {
    const { callId, session } = await talk();
    const whole = `${INSTRUCTIONS}\n\n${NEW_INSTRUCTIONS}\n\nBe brief.`;

    await command(callId, 'instructions', { instructions: NEW_INSTRUCTIONS, mode: 'append' });
    await command(callId, 'instructions', { instructions: 'Be brief.', mode: 'append' });

    await until(() => session.instructions === whole);
    expect(await bridge.call(callId)).toMatchObject({ instructions: whole });
  });

  test('that come before the callee answers hold from the first word on', async () => {
    const callId = await ringing({ ringMs: 1_000 });
    await bridge.entry(callId, 'ai.ready');

    const answer = await command(callId, 'instructions', { instructions: NEW_INSTRUCTIONS });
    await bridge.entry(callId, 'stream.started');

    expect(answer).toMatchObject({ status: 200, body: { status: 'ringing' } });
    expect(bridge.openai.sessions[0]!.instructions).toBe(NEW_INSTRUCTIONS);
    expect(await bridge.call(callId)).toMatchObject({ status: 'in-progress', instructions: NEW_INSTRUCTIONS });
  });

  test('that come before the session is open are the first that it gets', async () => {
    bridge.openai.failNextConnection({ kind: 'slow', delayMs: 800 });
    const callId = await ringing({ ringMs: 300 });

    const answer = await command(callId, 'instructions', { instructions: NEW_INSTRUCTIONS, mode: 'append' });
    await bridge.entry(callId, 'ai.ready');

    const [session] = bridge.openai.sessions;
    expect(answer.status).toBe(200);
    expect(session!.instructions).toBe(`${INSTRUCTIONS}\n\n${NEW_INSTRUCTIONS}`);
    expect(session!.clientEvents.filter(({ type }) => type === 'session.update')).toHaveLength(1);
  });
});

describe('dtmf', () => {
  test('sounds at the phone', async () => {
    const { callId, leg } = await talk();

    const answer = await command(callId, 'dtmf', { digits: '1w2#' });

    expect(answer).toMatchObject({ status: 200, body: { callId, status: 'in-progress' } });
    expect(leg.dtmfHeard).toEqual(['1', '2', '#']);
    expect((await bridge.entry(callId, 'dtmf.sent')).data).toEqual({ digits: '1w2#' });
  });

  test('answers 502 when the carrier refuses, and notes nothing', async () => {
    const { callId, leg } = await talk();
    bridge.telnyx.failNext('send_dtmf', { kind: 'status', httpStatus: 422 });

    const answer = await command(callId, 'dtmf', { digits: '1' });

    expect(answer).toMatchObject({ status: 502, body: { code: 'CARRIER_ERROR' } });
    expect(leg.dtmfHeard).toEqual([]);
    expect((await bridge.call(callId))['timeline']).not.toContainEqual(expect.objectContaining({ type: 'dtmf.sent' }));
  });
});

test('the timeline of the call shows every command', async () => {
  const { callId } = await talk();

  await command(callId, 'instructions', { instructions: NEW_INSTRUCTIONS });
  await command(callId, 'dtmf', { digits: '42' });
  const answer = await command(callId, 'say', { text: WORDS });
  await outcomeOf(callId, answer);

  const { timeline } = (await bridge.call(callId)) as { timeline: { type: string }[] };
  const types = ['instructions.changed', 'dtmf.sent', 'say.finished'];
  expect(timeline.filter(({ type }) => types.includes(type))).toEqual([
    expect.objectContaining({ type: 'instructions.changed', instructions: NEW_INSTRUCTIONS }),
    expect.objectContaining({ type: 'dtmf.sent', digits: '42' }),
    expect.objectContaining({ type: 'say.finished', sayId: answer.body['sayId'], outcome: 'heard' }),
  ]);
});

describe.each([
  ['say', { text: WORDS }, { text: ' ', when: 'later', protect: 'yes', loud: true }],
  ['instructions', { instructions: NEW_INSTRUCTIONS }, { instructions: '', mode: 'prepend', tone: 'kind' }],
  ['dtmf', { digits: '1' }, { digits: 'x', speed: 2 }],
  ['transfer', { to: '+12025550177' }, { to: '555', announcement: '', by: 'me' }],
])('%s', (name, body, wrong) => {
  test('answers 404 for a call that is not known', async () => {
    const answer = await command(randomUUID(), name, body);

    expect(answer).toMatchObject({ status: 404, body: { code: 'CALL_NOT_FOUND' } });
  });

  test('answers 409 for a call that is over', async () => {
    const callId = await ringing();
    await command(callId, 'hangup', {});
    await bridge.ended(callId);

    const answer = await command(callId, name, body);

    expect(answer).toMatchObject({ status: 409, body: { code: 'CALL_STATE_CONFLICT' } });
  });

  test('answers 400 with each field that is wrong', async () => {
    const callId = await ringing();

    const answer = await command(callId, name, wrong);

    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    const fields = (answer.body['errors'] as { field: string }[]).map(({ field }) => field);
    expect(fields.toSorted()).toEqual(Object.keys(wrong).toSorted());
  });
});

test.each([
  ['say', { text: WORDS }],
  ['dtmf', { digits: '1' }],
  ['transfer', { to: '+12025550177' }],
])('%s answers 409 while the phone rings', async (name, body) => {
  const callId = await ringing();

  const answer = await command(callId, name, body);

  expect(answer).toMatchObject({ status: 409, body: { code: 'CALL_STATE_CONFLICT' } });
  expect(bridge.telnyx.requests.map(({ operation }) => operation)).toEqual(['dial']);
});

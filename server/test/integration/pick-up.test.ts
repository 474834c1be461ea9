// The first seconds of a call: who speaks first and when, that a late AI loses nothing of what the callee says, and that
// a protected greeting is heard to its end.

import { decodeMulaw, encodeMulaw, rms } from '../../src/simulator/pcm';
import type { AiTurn, ExactVoice } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { dominantToneHz } from '../support/audio-fixtures';
import { BUSY_MACHINE_MS } from '../support/heard-position';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
const PHONE_RATE_HZ = 8000;

/** The AI speaks fixed words in one voice, and words of its own in another. */
const GIVEN_HZ = 700;
const OWN_HZ = 1_100;

/** Of the AI's tones as the simulator makes them. */
const TONE_RMS = (0.3 * 32_767) / Math.SQRT2;

/** Whole frames for each character, so that what is heard of a text can be told to the frame. */
const GIVEN_VOICE: ExactVoice = { toneHz: GIVEN_HZ, msPerCharacter: FRAME_MS };
const OWN_WORDS: AiTurn = { say: [{ toneHz: OWN_HZ, ms: 600, text: 'How can I help?' }] };

const GREETING = 'Good morning, this is "Anna" from the bakery.';

type Turn = { speaker: string; text: string; isInterrupted: boolean };

let bridge: TestBridge;

afterEach(async () => {
  await bridge.close();
});

describe('a call that greets', () => {
  test('has its greeting made while the phone rings, and lets it be heard with the first moment of the line', async () => {
    bridge = await TestBridge.start();
    bridge.openai.setDefaultScript({ turns: [OWN_WORDS] });
    bridge.telnyx.setDefaultScript({ ringMs: 800 });

    const callId = await bridge.place();
    const started = await bridge.entry(callId, 'greeting.started');
    const leg = bridge.telnyx.legs[0]!;
    await leg.until('speech');

    const madeAtMs = performance.timeOrigin + sentAtMs(bridge.openai.sessions[0]!, 'response.output_audio.delta');
    expect(madeAtMs).toBeLessThan(leg.answeredAtMs!);
    expect(started.data['afterStreamMs']).toBeLessThanOrEqual(50 + BUSY_MACHINE_MS);
    // Seen from the phone; what a busy machine adds to the bridge's own 50 ms is not the bridge's.
    expect(leg.firstAudioAtMs! - leg.streamStartedAtMs!).toBeLessThan(250);
    expect((await bridge.call(callId))['latency']).toMatchObject({ greetingMs: started.data['afterStreamMs'] });
  });

  test('speaks a greeting as it is given, and nothing else', async () => {
    bridge = await TestBridge.start();
    bridge.openai.setDefaultScript({ exact: GIVEN_VOICE, turns: [OWN_WORDS] });

    const callId = await bridge.place({ greeting: GREETING });
    await bridge.entry(callId, 'turn.finished');

    const leg = bridge.telnyx.legs[0]!;
    const session = bridge.openai.sessions[0]!;
    expect(tonesHeard(leg)).toEqual([{ hz: GIVEN_HZ, ms: GREETING.length * FRAME_MS }]);
    expect(session.responses).toMatchObject([{ requestedBy: 'client', status: 'completed' }]);
    expect(session.responses[0]!.instructions).toContain(JSON.stringify(GREETING));
    expect(await transcript(callId)).toMatchObject([{ speaker: 'assistant', text: GREETING, isInterrupted: false }]);
    expect(session.violations).toEqual([]);
  });

  test('opens by its instructions when no greeting is given', async () => {
    bridge = await TestBridge.start();
    bridge.openai.setDefaultScript({ exact: GIVEN_VOICE, turns: [OWN_WORDS] });

    const callId = await bridge.place({ instructions: 'You are Anna. Remind people of their order.' });
    await bridge.entry(callId, 'turn.finished');

    const [response] = bridge.openai.sessions[0]!.responses;
    expect(response!.requestedBy).toBe('client');
    expect(response!.instructions).toMatch(
      /^You are Anna\. Remind people of their order\.\s+\S.*open the conversation/is,
    );
    expect(tonesHeard(bridge.telnyx.legs[0]!)).toEqual([{ hz: OWN_HZ, ms: 600 }]);
  });
});

describe('a call that waits for a hello', () => {
  test('is silent until the callee has said it, and then opens with its greeting', async () => {
    bridge = await TestBridge.start();
    bridge.openai.setDefaultScript({ exact: GIVEN_VOICE, turns: [OWN_WORDS], hears: ['Hello?'] });
    bridge.telnyx.setDefaultScript({
      steps: [
        { do: 'wait', ms: 800 },
        { do: 'say', clip: 'callee-hello' },
      ],
    });

    const callId = await bridge.place({ opening: 'wait-for-hello', helloTimeoutMs: 8_000, greeting: GREETING });
    await bridge.entry(callId, 'reply.started');
    await until(async () => (await transcript(callId)).length === 2);

    const leg = bridge.telnyx.legs[0]!;
    expect(firstSoundMs(leg.heard())).toBeGreaterThan(lastSoundMs(leg.said()));
    expect(tonesHeard(leg)).toEqual([{ hz: GIVEN_HZ, ms: GREETING.length * FRAME_MS }]);
    // The hello itself is answered by the opening, and not once more by the model.
    expect(bridge.openai.sessions[0]!.responses).toMatchObject([{ requestedBy: 'client', status: 'completed' }]);
    expect(await transcript(callId)).toMatchObject([
      { speaker: 'callee', text: 'Hello?' },
      { speaker: 'assistant', text: GREETING, isInterrupted: false },
    ]);
  });

  test('speaks by itself when no hello comes in time', async () => {
    bridge = await TestBridge.start({ env: { OPENING: 'wait-for-hello', HELLO_TIMEOUT_MS: '700' } });
    bridge.openai.setDefaultScript({ turns: [OWN_WORDS] });

    const callId = await bridge.place();
    await bridge.entry(callId, 'turn.finished');

    const leg = bridge.telnyx.legs[0]!;
    const streamMs = leg.streamStartedAtMs! - leg.answeredAtMs!;
    const silentMs = firstSoundMs(leg.heard()) - streamMs;
    expect(silentMs).toBeGreaterThan(700);
    expect(silentMs).toBeLessThan(1_700);
    expect(tonesHeard(leg)).toEqual([{ hz: OWN_HZ, ms: 600 }]);
    expect(bridge.openai.sessions[0]!.responses).toMatchObject([{ requestedBy: 'client', status: 'completed' }]);
  });

  test('does not interrupt a callee who is still speaking when the time is over', async () => {
    bridge = await TestBridge.start();
    bridge.openai.setDefaultScript({ turns: [OWN_WORDS] });
    bridge.telnyx.setDefaultScript({ steps: [{ do: 'tone', hz: 400, ms: 2_000 }] });

    const callId = await bridge.place({ opening: 'wait-for-hello', helloTimeoutMs: 700 });
    await bridge.entry(callId, 'turn.finished');

    const leg = bridge.telnyx.legs[0]!;
    const session = bridge.openai.sessions[0]!;
    expect(receivedAtMs(session, 'response.create')).toBeGreaterThan(
      sentAtMs(session, 'input_audio_buffer.speech_stopped'),
    );
    expect(firstSoundMs(leg.heard())).toBeGreaterThan(lastSoundMs(leg.said()));
    expect(tonesHeard(leg)).toEqual([{ hz: OWN_HZ, ms: 600 }]);
    expect(leg.clears).toEqual([]);
    expect(session.responses).toHaveLength(1);
    expect(session.responses[0]!.instructions).toMatch(/spoken first/);
  });
});

test('a silent call says nothing until it is spoken to, and then answers', async () => {
  bridge = await TestBridge.start({ env: { OPENING: 'silent' } });
  bridge.openai.setDefaultScript({ turns: [OWN_WORDS], hears: ['Hello?'] });
  bridge.telnyx.setDefaultScript({
    steps: [
      { do: 'wait', ms: 1_500 },
      { do: 'say', clip: 'callee-hello' },
    ],
  });

  const callId = await bridge.place();
  await until(async () => (await transcript(callId)).length === 2);

  const leg = bridge.telnyx.legs[0]!;
  const session = bridge.openai.sessions[0]!;
  expect(firstSoundMs(leg.heard())).toBeGreaterThan(lastSoundMs(leg.said()));
  expect(session.responses).toMatchObject([{ requestedBy: 'vad', status: 'completed' }]);
  expect(session.clientEvents.filter(({ type }) => type === 'response.create')).toEqual([]);
  expect((await transcript(callId)).map(({ speaker }) => speaker)).toEqual(['callee', 'assistant']);
});

describe('an AI that comes 600 ms after the callee', () => {
  const RING_MS = 400;

  beforeEach(async () => {
    bridge = await TestBridge.start({ env: { OPENAI_AUDIO_FORMAT: 'pcmu' } });
    // The session is opened with the ringing.
    bridge.openai.failNextConnection({ kind: 'slow', delayMs: RING_MS + 600 });
    bridge.telnyx.setDefaultScript({ ringMs: RING_MS, steps: [{ do: 'say', clip: 'callee-question' }] });
  });

  test('hears every byte of what the callee has said by then', async () => {
    bridge.openai.setDefaultScript({ otherwise: {} });

    const callId = await bridge.place({ opening: 'silent' });
    const ready = await bridge.entry(callId, 'ai.ready');
    const session = bridge.openai.sessions[0]!;
    await session.untilSent('input_audio_buffer.speech_stopped');

    const leg = bridge.telnyx.legs[0]!;
    const said = streamed(leg);
    const heard = mulawHeard(session);
    expect(ready.atMs - leg.streamStartedAtMs!).toBeGreaterThan(300);
    expect(lastSoundMs(said)).toBeGreaterThan(1_000);
    expect(heard.length).toBeGreaterThan((lastSoundMs(said) * PHONE_RATE_HZ) / 1_000);
    expect(bytesOf(heard).equals(bytesOf(said.subarray(0, heard.length)))).toBe(true);
  });

  test('says nothing by itself in a silent call', async () => {
    bridge.telnyx.setDefaultScript({ ringMs: RING_MS });
    bridge.openai.setDefaultScript({ otherwise: OWN_WORDS });

    const callId = await bridge.place({ opening: 'silent', helloTimeoutMs: 500 });
    await bridge.entry(callId, 'ai.ready');
    const leg = bridge.telnyx.legs[0]!;
    const framesAtReady = leg.sent.length;
    await until(() => leg.sent.length >= framesAtReady + 1_000 / FRAME_MS);

    expect(tonesHeard(leg)).toEqual([]);
    expect(bridge.openai.sessions[0]!.responses).toEqual([]);
  });

  test('still speaks its greeting: whole, once, and instead of an answer', async () => {
    bridge.openai.setDefaultScript({ exact: GIVEN_VOICE, otherwise: OWN_WORDS, hears: ['Where are you exactly?'] });

    const callId = await bridge.place({ greeting: GREETING });
    await bridge.entry(callId, 'ai.ready');
    await until(async () => (await transcript(callId)).length === 2);

    const leg = bridge.telnyx.legs[0]!;
    const session = bridge.openai.sessions[0]!;
    expect(tonesHeard(leg)).toEqual([{ hz: GIVEN_HZ, ms: GREETING.length * FRAME_MS }]);
    expect(firstSoundMs(leg.heard())).toBeGreaterThan(lastSoundMs(leg.said()));
    expect(session.responses.filter(({ status }) => status === 'completed')).toHaveLength(1);
    expect(session.responses.filter(({ requestedBy }) => requestedBy === 'vad')).toEqual([]);
    expect(await transcript(callId)).toMatchObject([
      { speaker: 'callee', text: 'Where are you exactly?' },
      { speaker: 'assistant', text: GREETING, isInterrupted: false },
    ]);
    expect(session.violations).toEqual([]);
  });
});

describe('a protected greeting', () => {
  const CALLEE_HZ = 400;

  beforeEach(async () => {
    bridge = await TestBridge.start();
    const long: AiTurn = {
      say: [{ toneHz: OWN_HZ, ms: 6_000, text: 'One two three four five six seven eight nine.' }],
    };
    bridge.openai.setDefaultScript({
      exact: { ...GIVEN_VOICE, msPerCharacter: 2 * FRAME_MS },
      turns: [long],
      hears: ['Hello?', 'Wait.', 'Stop.'],
    });
  });

  test('is heard to its end by a callee who speaks into it, and the AI hears what they say', async () => {
    bridge.telnyx.setDefaultScript({
      steps: [{ do: 'wait-for-speech' }, { do: 'wait', ms: 300 }, { do: 'say', clip: 'callee-hello' }],
    });

    const callId = await bridge.place({ greeting: GREETING, protectGreeting: true });
    await until(async () => (await transcript(callId)).length === 2);

    const leg = bridge.telnyx.legs[0]!;
    const session = bridge.openai.sessions[0]!;
    expect(lastSoundMs(leg.said())).toBeLessThan(lastSoundMs(leg.heard()));
    expect(tonesHeard(leg)).toEqual([{ hz: GIVEN_HZ, ms: GREETING.length * 2 * FRAME_MS }]);
    expect(leg.clears).toEqual([]);
    expect(session.clientEvents.map(({ type }) => type)).not.toContain('conversation.item.truncate');
    expect(session.items.filter(({ role }) => role === 'user')).toMatchObject([{ text: 'Hello?' }]);
    expect(await transcript(callId)).toMatchObject([
      { speaker: 'assistant', text: GREETING, isInterrupted: false },
      { speaker: 'callee', text: 'Hello?' },
    ]);
  });

  test('leaves the AI open to interruption once it is over', async () => {
    bridge.telnyx.setDefaultScript({
      steps: [
        { do: 'wait-for-speech' },
        { do: 'wait-for-silence', silenceMs: 500 },
        { do: 'tone', hz: CALLEE_HZ, ms: 400 },
        { do: 'wait-for-speech' },
        { do: 'wait', ms: 800 },
        { do: 'tone', hz: CALLEE_HZ, ms: 400 },
      ],
    });

    const callId = await bridge.place({ greeting: GREETING, protectGreeting: true });
    await bridge.entry(callId, 'assistant.interrupted', 15_000);
    const session = bridge.openai.sessions[0]!;
    await session.untilSent('conversation.item.truncated');

    const updates = session.clientEvents.filter(({ type }) => type === 'session.update').map(({ event }) => event);
    expect(updates.map(actsOnSpeech)).toEqual([true, false, true]);
    expect(tonesHeard(bridge.telnyx.legs[0]!)).toMatchObject([
      { hz: GIVEN_HZ, ms: GREETING.length * 2 * FRAME_MS },
      { hz: OWN_HZ },
    ]);
    expect(bridge.telnyx.legs[0]!.clears).toHaveLength(1);
    expect(session.violations).toEqual([]);
  });
});

async function transcript(callId: string): Promise<Turn[]> {
  return (await bridge.call(callId))['transcript'] as Turn[];
}

/** Whether a session.update lets the server answer and interrupt by itself. */
function actsOnSpeech(update: unknown): boolean {
  const { session } = update as {
    session: { audio: { input: { turn_detection: { create_response: boolean; interrupt_response: boolean } } } };
  };
  const { create_response: answers, interrupt_response: interrupts } = session.audio.input.turn_detection;
  expect(answers).toBe(interrupts);
  return answers;
}

/** On the clock of `performance.now()`. */
function sentAtMs(session: SimulatedSession, type: string): number {
  return session.serverEvents.find((event) => event.type === type)!.atMs;
}

function receivedAtMs(session: SimulatedSession, type: string): number {
  return session.clientEvents.find((event) => event.type === type)!.atMs;
}

/** The AI's voices as the callee heard them, one after the other, silence left out. */
function tonesHeard(leg: SimulatedLeg): { hz: number; ms: number }[] {
  const tones: { hz: number; ms: number }[] = [];
  for (const frame of framesOf(leg.heard())) {
    // A frame with less than a fifth of the tone is the end that the conversion of the AI's audio leaves.
    if (rms(frame) < TONE_RMS * Math.sqrt(0.2)) continue;
    const hz = dominantToneHz(frame, [GIVEN_HZ, OWN_HZ], PHONE_RATE_HZ);
    const last = tones.at(-1);
    if (last?.hz === hz) last.ms += FRAME_MS;
    else tones.push({ hz, ms: FRAME_MS });
  }
  return tones;
}

/** Where the first sound begins, and where the last one ends, in milliseconds of a recording by the phone. */
function firstSoundMs(pcm: Int16Array): number {
  return framesOf(pcm).findIndex(isSound) * FRAME_MS;
}

function lastSoundMs(pcm: Int16Array): number {
  return (framesOf(pcm).findLastIndex(isSound) + 1) * FRAME_MS;
}

function framesOf(pcm: Int16Array): Int16Array[] {
  return Array.from({ length: Math.floor(pcm.length / FRAME_SAMPLES) }, (_, index) =>
    pcm.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES),
  );
}

function isSound(frame: Int16Array): boolean {
  return rms(frame) > 150;
}

/** What the callee said from the first frame of the stream on, as mu-law leaves it. */
function streamed(leg: SimulatedLeg): Int16Array {
  const frames = leg.sent.filter(({ event }) => event === 'media').length;
  return decodeMulaw(encodeMulaw(leg.said().slice(-frames * FRAME_SAMPLES)));
}

/** What the AI heard; it is raised from 8 kHz by repeating each sample. */
function mulawHeard(session: SimulatedSession): Int16Array {
  return session.heard().filter((_, index) => index % 3 === 0);
}

function bytesOf(pcm: Int16Array): Buffer {
  return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

// The main job, end to end: words both ways, interruptions exact to the frame, and the record of it all.

import { decodeMulaw, encodeMulaw, rms } from '../../src/simulator/pcm';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import { SpeechSource } from '../../src/simulator/simulated-openai/speech-source';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { clip } from '../../src/simulator/voices/voices';
import { correlationPeak, toneAmplitude } from '../support/audio-fixtures';
import { BUSY_MACHINE_MS, expectHeardPosition } from '../support/heard-position';
import { scriptExchange } from '../support/exchange';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

let bridge: TestBridge;

afterEach(async () => {
  await bridge.close();
});

const PHONE_RATE_HZ = 8000;
const AI_RATE_HZ = 24_000;

const FRAME_MS = 20;

// Of the signal in each part of a clip, how much has to be found at its place: a missing part has none.
const WHOLE = 0.95;

type Turn = { speaker: string; text: string; isInterrupted: boolean; heardMs?: number };

function turnsOf(record: Record<string, unknown>): Turn[] {
  return record['transcript'] as Turn[];
}

test('carries the words of both sides, keeps the record and lets the callee end the call', async () => {
  bridge = await TestBridge.start();
  scriptExchange(bridge);

  const callId = await bridge.place({ metadata: { order: '17' } });
  const record = await bridge.ended(callId, 15_000);

  expect(bridge.statuses(callId)).toEqual(['queued', 'initiated', 'ringing', 'in-progress', 'completed']);
  expect(record).toMatchObject({ status: 'completed', endReason: 'callee-hung-up', metadata: { order: '17' } });
  expect(turnsOf(record).map(({ speaker, text }) => `${speaker}: ${text}`)).toEqual([
    'assistant: I see. Please go on.',
    'callee: Sorry, where are you exactly?',
    'assistant: I see. Please go on.',
  ]);
  const usage = record['usage'] as { responses: number; costUsd: number };
  expect(usage.responses).toBe(2);
  expect(usage.costUsd).toBeGreaterThan(0);
  const leg = bridge.telnyx.legs[0]!;
  const session = bridge.openai.sessions[0]!;
  expect(wholeness(leg.heard(), clip('ai-acknowledge', PHONE_RATE_HZ))).toBeGreaterThan(WHOLE);
  expect(wholeness(session.heard(), clip('callee-question', AI_RATE_HZ))).toBeGreaterThan(WHOLE);
  expect(leg.violations).toEqual([]);
  expect(session.violations).toEqual([]);
});

test('speaks at once when the stream is there, with a greeting made while the phone rang', async () => {
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript({ turns: [{ say: [{ toneHz: 700, ms: 400, text: 'Good morning.' }] }] });
  bridge.telnyx.setDefaultScript({ ringMs: 800 });

  const callId = await bridge.place({ greeting: 'Good morning.' });
  const entry = await bridge.entry(callId, 'greeting.started');

  expect(entry.data['afterStreamMs']).toBeLessThanOrEqual(50 + BUSY_MACHINE_MS);
  const create = await bridge.openai.sessions[0]!.until('response.create');
  expect(JSON.stringify(create)).toContain('Good morning.');
});

test('a callee who cuts in silences the AI at once, and the AI is told how much was heard', async () => {
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript({
    turns: [{ say: [{ toneHz: 700, ms: 6_000, text: 'One two three four five six seven eight nine ten.' }] }],
    otherwise: {},
  });
  bridge.telnyx.setDefaultScript({
    steps: [{ do: 'wait-for-speech' }, { do: 'wait', ms: 1_000 }, { do: 'tone', hz: 500, ms: 500 }],
  });

  const callId = await bridge.place();
  const interrupted = await bridge.entry(callId, 'assistant.interrupted');
  const leg = bridge.telnyx.legs[0]!;
  const session = bridge.openai.sessions[0]!;
  const truncate = await session.until('conversation.item.truncate');
  await session.untilSent('conversation.item.truncated');

  const playedMs = leg.playedMsAtClear[0]!;
  const sentMs = leg.received.reduce((sum, { audioMs = 0 }) => sum + audioMs, 0);
  const audioEndMs = (truncate as unknown as { audio_end_ms: number }).audio_end_ms;
  expect(leg.received.some((frame) => frame.event === 'clear')).toBe(true);
  expect(leg.queuedMs()).toBe(0);
  expectHeardPosition(audioEndMs, playedMs);
  expect(audioEndMs).toBeLessThanOrEqual(sentMs);
  // Nothing of it was played after the clear.
  expect(leg.playedMs()).toBe(playedMs);
  expect(interrupted.data).toEqual({ by: 'callee', heardMs: audioEndMs });
  expect(session.violations).toEqual([]);
  const [turn] = turnsOf(await bridge.call(callId));
  expect(turn).toMatchObject({ isInterrupted: true, heardMs: audioEndMs });
  expect(turn!.text).toMatch(/^One two/);
  expect(turn!.text).not.toContain('ten');
});

test('interrupting through the API silences the AI and cancels what it was about to say', async () => {
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript({
    turns: [{ say: [{ toneHz: 700, ms: 8_000, text: 'A very long story.' }], speedup: 1.2 }],
  });
  const callId = await bridge.place();
  const leg = await bridge.telnyx.nextLeg();
  await leg.until('speech');

  const answer = await bridge.request('POST', `/api/ai-calls/${callId}/interrupt`);

  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ callId, status: 'in-progress', interrupted: true });
  const session = bridge.openai.sessions[0]!;
  await session.until('response.cancel');
  await session.untilSent('response.done');
  await until(() => leg.queuedMs() === 0);
  const playedMs = leg.playedMs();
  const frames = leg.sent.length;
  const second = await bridge.request('POST', `/api/ai-calls/${callId}/interrupt`);
  // Half a second of the line, in which the story would have gone on.
  await until(() => leg.sent.length >= frames + 25);
  expect(second.body).toMatchObject({ interrupted: false });
  expect(leg.playedMs() - playedMs).toBeLessThanOrEqual(FRAME_MS);
  expect(session.violations).toEqual([]);
});

test('a callee who speaks before the AI session is open is heard whole', async () => {
  bridge = await TestBridge.start();
  bridge.openai.failNextConnection({ kind: 'slow', delayMs: 1_500 });
  bridge.openai.setDefaultScript({ otherwise: {} });
  bridge.telnyx.setDefaultScript({ ringMs: 200, steps: [{ do: 'say', clip: 'callee-question' }] });

  const callId = await bridge.place();
  await bridge.entry(callId, 'ai.ready');
  const session = bridge.openai.sessions[0]!;
  await session.untilSent('input_audio_buffer.speech_stopped');

  expect(wholeness(session.heard(), clip('callee-question', AI_RATE_HZ))).toBeGreaterThan(WHOLE);
});

test.each(['PCMU', 'PCMA'] as const)('understands a line that announces %s', async (encoding) => {
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript({ turns: [{ say: [{ toneHz: 700, ms: 600, text: 'Hello.' }] }], otherwise: {} });
  bridge.telnyx.setDefaultScript({ encoding, steps: [{ do: 'tone', hz: 500, ms: 600 }] });

  await bridge.place();
  const leg = await bridge.telnyx.nextLeg();
  const session = await bridge.openai.nextSession();
  await session.untilSent('input_audio_buffer.speech_started');

  await until(() => amplitude(session.heard(), 500, AI_RATE_HZ) > 1_000);
  await until(() => amplitude(leg.heard(), 700, PHONE_RATE_HZ) > 1_000);
  expect(amplitude(session.heard(), 500, AI_RATE_HZ)).toBeGreaterThan(1_000);
});

test('passes mu-law through untouched, byte for byte both ways, when the AI speaks it too', async () => {
  bridge = await TestBridge.start({ env: { OPENAI_AUDIO_FORMAT: 'pcmu' } });
  const speech = { clip: 'ai-acknowledge' };
  bridge.openai.setDefaultScript({ turns: [{ say: [speech] }], otherwise: {} });
  bridge.telnyx.setDefaultScript({ steps: [{ do: 'say', clip: 'callee-question' }] });

  const callId = await bridge.place({ protectGreeting: true });
  await bridge.entry(callId, 'turn.finished');
  const leg = bridge.telnyx.legs[0]!;
  const session = bridge.openai.sessions[0]!;
  await session.untilSent('input_audio_buffer.speech_stopped');

  const format = { type: 'audio/pcmu' } as const;
  const spoken = new SpeechSource((name) => clip(name, AI_RATE_HZ)).speak(speech, format);
  const bytes = Buffer.concat(spoken.chunks.map(({ base64 }) => Buffer.from(base64, 'base64')));
  expect(session.config.audio).toMatchObject({ input: { format }, output: { format } });
  expect(bytes.length).toBeGreaterThan(PHONE_RATE_HZ);
  expect(bytesOf(leg.heard()).includes(bytesOf(decodeMulaw(bytes)))).toBe(true);
  const heard = mulawHeard(session);
  expect(heard.length).toBeGreaterThan(PHONE_RATE_HZ);
  expect(rms(heard)).toBeGreaterThan(150);
  expect(bytesOf(heard).equals(bytesOf(streamed(leg).subarray(0, heard.length)))).toBe(true);
});

/**
 * How well the worst part of the clip is found in the recording, every part at the one place that fits the clip as a
 * whole: a hole, a repetition or a missing end shows as a part that is not there.
 */
function wholeness(recording: Int16Array, wanted: Int16Array): number {
  const { lagSamples } = correlationPeak(recording, wanted);
  const partSamples = Math.floor(wanted.length / 12);
  const parts = Array.from({ length: 12 }, (_, index) => index * partSamples);
  const loud = parts.filter((start) => rms(wanted.subarray(start, start + partSamples)) > 500);
  return Math.min(
    ...loud.map((start) =>
      correlation(
        recording.subarray(lagSamples + start, lagSamples + start + partSamples),
        wanted.subarray(start, start + partSamples),
      ),
    ),
  );
}

/** 1 when both are the same but for loudness. */
function correlation(a: Int16Array, b: Int16Array): number {
  let product = 0;
  let energyA = 0;
  let energyB = 0;
  for (const [index, sample] of b.entries()) {
    const other = a[index] ?? 0;
    product += sample * other;
    energyA += other * other;
    energyB += sample * sample;
  }
  return energyA === 0 ? 0 : product / Math.sqrt(energyA * energyB);
}

/** Of the whole recording, silence included. */
function amplitude(pcm: Int16Array, hz: number, sampleRateHz: number): number {
  return pcm.length === 0 ? 0 : toneAmplitude(pcm, { hz, sampleRateHz });
}

/** What the callee said from the first frame of the stream on, as mu-law leaves it. */
function streamed(leg: SimulatedLeg): Int16Array {
  const frames = leg.sent.filter(({ event }) => event === 'media').length;
  return decodeMulaw(encodeMulaw(leg.said().slice((-frames * PHONE_RATE_HZ * FRAME_MS) / 1_000)));
}

/** What the AI heard; it is raised from 8 kHz by repeating each sample. */
function mulawHeard(session: SimulatedSession): Int16Array {
  return session.heard().filter((_, index) => index % 3 === 0);
}

function bytesOf(pcm: Int16Array): Buffer {
  return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

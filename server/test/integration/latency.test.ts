// How long the callee waits for a reply, as the record, the metrics and the API tell it, held against what the script of
// the AI takes and against what the phone itself recorded.

import { rms } from '../../src/simulator/pcm';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

const SILENCE_MS = 800;
const THINK_MS = 600;

/** What a busy machine may add to a time that is scripted. */
const SLACK_MS = 300;

type Latency = { latencyMs: number; vadMs: number; modelMs: number; bridgeMs: number; heardAfterMs: number };

let bridge: TestBridge;

afterEach(async () => {
  await bridge.close();
});

/** A server on which a callee asks twice, and each time gets an answer. */
async function startTwoReplies(): Promise<string> {
  bridge = await TestBridge.start({ env: { OPENING: 'silent', VAD_SILENCE_MS: String(SILENCE_MS) } });
  bridge.openai.setDefaultScript({
    otherwise: { say: [{ toneHz: 700, ms: 400, text: 'Yes.' }], thinkMs: THINK_MS },
  });
  bridge.telnyx.setDefaultScript({
    steps: [
      { do: 'wait', ms: 300 },
      { do: 'tone', hz: 400, ms: 300 },
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 300 },
      { do: 'tone', hz: 400, ms: 300 },
    ],
  });
  const callId = await bridge.place();
  await until(() => replies(callId).length === 2, { timeoutMs: 10_000 });
  return callId;
}

test('each reply is split into what detection, model and bridge took of it', async () => {
  const callId = await startTwoReplies();

  for (const { latencyMs, vadMs, modelMs, bridgeMs, heardAfterMs } of replies(callId)) {
    expect(vadMs + modelMs + bridgeMs).toBe(latencyMs);
    // The detector looks at whole frames, and the end of the tone may lie anywhere in one.
    expect(vadMs).toBeGreaterThan(SILENCE_MS - 2 * FRAME_MS);
    expect(vadMs).toBeLessThan(SILENCE_MS + SLACK_MS);
    expect(modelMs).toBeGreaterThan(THINK_MS - FRAME_MS);
    expect(modelMs).toBeLessThan(THINK_MS + SLACK_MS);
    expect(bridgeMs).toBeLessThan(SLACK_MS);
    expect(heardAfterMs).toBeGreaterThanOrEqual(latencyMs);
  }
});

test.each([
  ['high', 400],
  ['low', 1_200],
])('in a whole conversation, a %s eagerness to answer is the wait of the detection', async (eagerness, waitMs) => {
  bridge = await TestBridge.start({ env: { TURN_DETECTION: 'semantic-vad', VAD_EAGERNESS: eagerness } });
  const say = [{ toneHz: 700, ms: 400, text: 'Yes.' }];
  bridge.openai.setDefaultScript({ otherwise: { say, thinkMs: THINK_MS }, hears: ['Are you there?'] });
  bridge.telnyx.setDefaultScript({
    steps: [
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 300 },
      { do: 'tone', hz: 400, ms: 300 },
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 300 },
      { do: 'hang-up' },
    ],
  });

  const callId = await bridge.place();
  const record = await bridge.ended(callId);

  expect(record).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
  const said = (record['transcript'] as { speaker: string; text: string }[]).map(({ speaker, text }) => [
    speaker,
    text,
  ]);
  expect(said).toEqual([
    ['assistant', 'Yes.'],
    ['callee', 'Are you there?'],
    ['assistant', 'Yes.'],
  ]);
  const [{ latencyMs, vadMs, modelMs, bridgeMs }] = replies(callId) as [Latency];
  expect(vadMs).toBeGreaterThan(waitMs - 2 * FRAME_MS);
  expect(vadMs).toBeLessThan(waitMs + SLACK_MS);
  expect(modelMs).toBeGreaterThan(THINK_MS - FRAME_MS);
  expect(vadMs + modelMs + bridgeMs).toBe(latencyMs);
  expect(bridge.openai.sessions[0]!.violations).toEqual([]);
});

test('the wait is the one between the end of a question and the beginning of its answer on the phone', async () => {
  const callId = await startTwoReplies();

  const leg = bridge.telnyx.legs[0]!;
  await until(() => soundsOf(leg.heard()).length === 2);
  const questions = soundsOf(leg.said());
  const answers = soundsOf(leg.heard());
  for (const [index, { heardAfterMs }] of replies(callId).entries()) {
    const waitedMs = answers[index]!.startMs - questions[index]!.endMs;
    // The phone plays in whole frames of its own, and a busy machine holds either of them up.
    expect(Math.abs(waitedMs - heardAfterMs)).toBeLessThanOrEqual(100);
  }
});

test('the API sums the waits of a call up', async () => {
  const callId = await startTwoReplies();

  const [first, second] = replies(callId)
    .map(({ latencyMs }) => latencyMs)
    .sort((a, b) => a - b);
  const record = await bridge.call(callId);
  expect(record['latency']).toEqual({
    turns: 2,
    medianMs: Math.round((first! + second!) / 2),
    p95Ms: second,
    maxMs: second,
    // The AI did not open the conversation.
    greetingMs: null,
  });
  const timeline = record['timeline'] as Record<string, unknown>[];
  expect(timeline.filter(({ type }) => type === 'reply.started')).toMatchObject(replies(callId));
});

test('the metrics count each reply, in all and by part', async () => {
  const callId = await startTwoReplies();

  const metrics = await (await fetch(`${bridge.url}/metrics`)).text();
  const parts = { total: 'latencyMs', vad: 'vadMs', model: 'modelMs', bridge: 'bridgeMs' } as const;
  for (const [part, field] of Object.entries(parts)) {
    const sumMs = replies(callId).reduce((sum, reply) => sum + reply[field], 0);
    expect(sample(metrics, `ai_calls_reply_seconds_count{part="${part}"}`)).toBe(2);
    expect(sample(metrics, `ai_calls_reply_seconds_sum{part="${part}"}`)).toBeCloseTo(sumMs / 1_000, 6);
    expect(sample(metrics, `ai_calls_reply_seconds_bucket{le="+Inf",part="${part}"}`)).toBe(2);
  }
});

test('what the callee is told unasked is no reply, even to somebody who has spoken', async () => {
  bridge = await TestBridge.start({ env: { PROTECT_GREETING: 'true' } });
  bridge.openai.setDefaultScript({ exact: { toneHz: 700, msPerCharacter: 50 }, otherwise: {} });
  bridge.telnyx.setDefaultScript({
    steps: [{ do: 'wait-for-speech' }, { do: 'wait', ms: 200 }, { do: 'tone', hz: 400, ms: 300 }],
  });

  const callId = await bridge.place({ greeting: 'Good morning, this is Anna from the bakery.' });
  await bridge.entry(callId, 'turn.finished');
  await bridge.request('POST', `/api/ai-calls/${callId}/say`, { text: 'One more thing.' });
  const said = await bridge.entry(callId, 'say.finished');

  expect(said.data['outcome']).toBe('heard');
  const sent = bridge.openai.sessions[0]!.serverEvents.map(({ type }) => type);
  expect(sent).toContain('input_audio_buffer.speech_stopped');
  expect(replies(callId)).toEqual([]);
  expect((await bridge.call(callId))['latency']).toMatchObject({ turns: 0, medianMs: null, p95Ms: null, maxMs: null });
});

function replies(callId: string): Latency[] {
  return bridge.entries
    .filter((entry) => entry.callId === callId && entry.type === 'reply.started')
    .map(({ data }) => data as Latency);
}

/** The value of one line of the metrics. */
function sample(metrics: string, name: string): number | undefined {
  const line = metrics.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
}

/** Stretches of sound in a recording by the phone, to its frame. */
function soundsOf(pcm: Int16Array): { startMs: number; endMs: number }[] {
  const sounds: { startMs: number; endMs: number }[] = [];
  for (let at = 0; at + FRAME_SAMPLES <= pcm.length; at += FRAME_SAMPLES) {
    if (rms(pcm.subarray(at, at + FRAME_SAMPLES)) < 150) continue;
    const startMs = (at / FRAME_SAMPLES) * FRAME_MS;
    const last = sounds.at(-1);
    if (last?.endMs === startMs) last.endMs += FRAME_MS;
    else sounds.push({ startMs, endMs: startMs + FRAME_MS });
  }
  return sounds;
}

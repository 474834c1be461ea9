// How the callee's turns are found: that the settings of the server and of a call reach the session, and what a hold
// before interruptions lets through and what not.

import { rms } from '../../src/simulator/pcm';
import type { PhoneScript } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { dominantToneHz } from '../support/audio-fixtures';
import { expectHeardPosition } from '../support/heard-position';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const CALLEE_HZ = 400;
const AI_HZ = 700;
const ANSWER_HZ = 1_100;

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;

/** What the server's own detection, the frames and a busy machine may add to a hold. */
const HOLD_SLACK_MS = 250;

type Turn = { speaker: string; text: string; isInterrupted: boolean; heardMs?: number };
type Detection = Readonly<Record<string, unknown>>;
type Input = { turn_detection: Detection; noise_reduction?: Detection | null };

let bridge: TestBridge;

afterEach(async () => {
  await bridge.close();
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  bridge = await TestBridge.start({ env });
  bridge.openai.setDefaultScript({ otherwise: { say: [{ toneHz: AI_HZ, ms: 400, text: 'Hello.' }] } });
}

/** The input settings that the first session.update of a call asks for, and those that are in force. */
async function inputSettings(body: Readonly<Record<string, unknown>> = {}): Promise<{ asked: Input; inForce: Input }> {
  const callId = await bridge.place(body);
  await bridge.entry(callId, 'ai.ready');
  const session = bridge.openai.sessions[0]!;
  const update = (await session.until('session.update')) as unknown as { session: { audio: { input: Input } } };
  expect(session.violations).toEqual([]);
  return { asked: update.session.audio.input, inForce: session.config.audio.input as unknown as Input };
}

describe('without any settings', () => {
  test('the server finds turns by level, with a pause that lets people breathe, and a filter for telephones', async () => {
    await start();

    const { asked, inForce } = await inputSettings();

    const detection = {
      type: 'server_vad',
      threshold: 0.5,
      prefix_padding_ms: 300,
      silence_duration_ms: 500,
      create_response: true,
      interrupt_response: true,
    };
    expect(asked.turn_detection).toEqual(detection);
    expect(inForce.turn_detection).toMatchObject(detection);
    expect(asked.noise_reduction).toEqual({ type: 'near_field' });
  });
});

describe('by the environment', () => {
  test('threshold, padding and silence reach the session', async () => {
    await start({ VAD_THRESHOLD: '0.8', VAD_PREFIX_PADDING_MS: '150', VAD_SILENCE_MS: '900' });

    const { inForce } = await inputSettings();

    const detection = { type: 'server_vad', threshold: 0.8, prefix_padding_ms: 150, silence_duration_ms: 900 };
    expect(inForce.turn_detection).toMatchObject(detection);
  });

  test('the semantic detection and its eagerness reach the session', async () => {
    await start({ TURN_DETECTION: 'semantic-vad', VAD_EAGERNESS: 'high' });

    const { asked, inForce } = await inputSettings();

    const detection = { type: 'semantic_vad', eagerness: 'high', create_response: true, interrupt_response: true };
    expect(asked.turn_detection).toEqual(detection);
    expect(inForce.turn_detection).toMatchObject(detection);
  });

  test.each([
    ['far-field', { type: 'far_field' }],
    ['off', null],
  ])('noise reduction %s reaches the session', async (setting, inForceAs) => {
    await start({ NOISE_REDUCTION: setting });

    const { inForce } = await inputSettings();

    expect(inForce.noise_reduction ?? null).toEqual(inForceAs);
  });
});

describe('by the call', () => {
  test('what is given replaces the settings of the server, and what is not stays', async () => {
    await start({ VAD_THRESHOLD: '0.8', VAD_PREFIX_PADDING_MS: '150', VAD_SILENCE_MS: '900' });

    const { inForce } = await inputSettings({ turnDetection: { type: 'server-vad', threshold: 0.3, silenceMs: 700 } });

    const detection = { type: 'server_vad', threshold: 0.3, prefix_padding_ms: 150, silence_duration_ms: 700 };
    expect(inForce.turn_detection).toMatchObject(detection);
  });

  test.each(['low', 'medium', 'high', 'auto'])('the semantic detection can be %s', async (eagerness) => {
    await start();

    const { inForce } = await inputSettings({ turnDetection: { type: 'semantic-vad', eagerness } });

    expect(inForce.turn_detection).toMatchObject({ type: 'semantic_vad', eagerness });
  });

  test('noise reduction can be switched off, and the record says how the call was conducted', async () => {
    await start({ NOISE_REDUCTION: 'far-field' });
    const turnDetection = { type: 'server-vad', threshold: 0.3, prefixPaddingMs: 0, silenceMs: 700 };

    const { inForce } = await inputSettings({ noiseReduction: 'off', turnDetection, bargeInHoldMs: 120 });

    const [{ callId } = { callId: '' }] = bridge.app.calls.active();
    expect(inForce.noise_reduction ?? null).toBeNull();
    expect((await bridge.call(callId))['behaviour']).toMatchObject({
      noiseReduction: 'off',
      turnDetection,
      bargeInHoldMs: 120,
    });
  });

  test('a longer silence keeps a callee who pauses in one turn', async () => {
    await start();
    bridge.telnyx.setDefaultScript({
      steps: [
        { do: 'tone', hz: CALLEE_HZ, ms: 400 },
        { do: 'wait', ms: 700 },
        { do: 'tone', hz: CALLEE_HZ, ms: 400 },
      ],
    });

    const callId = await bridge.place({ opening: 'silent', turnDetection: { type: 'server-vad', silenceMs: 1_100 } });
    await bridge.entry(callId, 'turn.finished');

    const session = bridge.openai.sessions[0]!;
    const sent = session.serverEvents.map(({ type }) => type);
    expect(sent.filter((type) => type === 'input_audio_buffer.speech_stopped')).toHaveLength(1);
    expect(session.responses).toHaveLength(1);
  });
});

describe('with a hold of 250 ms', () => {
  const STORY_MS = 3_000;
  const HELD = { bargeInHoldMs: 250 };

  function tellStoryTo(script: PhoneScript): void {
    bridge.openai.setDefaultScript({
      turns: [{ say: [{ toneHz: AI_HZ, ms: STORY_MS, text: 'One two three four five six.' }], speedup: 1.5 }],
      otherwise: { say: [{ toneHz: ANSWER_HZ, ms: 400, text: 'I see.' }] },
      hears: ['Wait, please.'],
    });
    bridge.telnyx.setDefaultScript(script);
  }

  test('a burst of 100 ms does not cut the AI off, and is not answered', async () => {
    await start();
    tellStoryTo({
      steps: [{ do: 'wait-for-speech' }, { do: 'wait', ms: 500 }, { do: 'tone', hz: CALLEE_HZ, ms: 100 }],
    });

    const callId = await bridge.place(HELD);
    const heldOff = await bridge.entry(callId, 'callee.held-off');
    await until(async () => (await turns(callId, 'assistant')).length === 1);

    const leg = bridge.telnyx.legs[0]!;
    const session = bridge.openai.sessions[0]!;
    expect(heldOff.data['voicedMs']).toBeLessThan(250);
    expect(leg.clears).toEqual([]);
    expect(leg.playedMs()).toBeGreaterThanOrEqual(STORY_MS);
    expect(session.responses).toMatchObject([{ status: 'completed' }]);
    expect(await turns(callId, 'assistant')).toMatchObject([{ isInterrupted: false }]);
  });

  test('a sentence cuts the AI off once it has lasted that long, and is answered', async () => {
    await start();
    tellStoryTo({
      steps: [{ do: 'wait-for-speech' }, { do: 'wait', ms: 500 }, { do: 'say', clip: 'callee-interrupt' }],
    });

    const callId = await bridge.place(HELD);
    const interrupted = await bridge.entry(callId, 'assistant.interrupted');
    await until(async () => (await turns(callId, 'assistant')).length === 2);

    const leg = bridge.telnyx.legs[0]!;
    const session = bridge.openai.sessions[0]!;
    expect(leg.playedMsAtClear).toHaveLength(1);
    expect(storyEndMs(leg) - firstSoundMs(leg.said())).toBeGreaterThanOrEqual(250);
    expect(leg.playedMsAtClear[0]).toBeLessThan(STORY_MS);
    const truncate = await session.until('conversation.item.truncate');
    expectTruncation(truncate, leg);
    expect(session.responses).toMatchObject([{ status: 'cancelled' }, { status: 'completed' }]);
    expect(interrupted.data).toEqual({ by: 'callee', heardMs: truncate['audio_end_ms'] });
    expect((await turns(callId, 'assistant')).map(({ isInterrupted }) => isInterrupted)).toEqual([true, false]);
    expect(await turns(callId, 'callee')).toMatchObject([{ text: 'Wait, please.' }]);
    expect(session.violations).toEqual([]);
  });

  test('an unbroken sound cuts the AI off as soon as the hold is over, and the AI is told how much was heard', async () => {
    await start();
    tellStoryTo({
      steps: [{ do: 'wait-for-speech' }, { do: 'wait', ms: 500 }, { do: 'tone', hz: CALLEE_HZ, ms: 1_200 }],
    });

    const callId = await bridge.place(HELD);
    await bridge.entry(callId, 'assistant.interrupted');

    const leg = bridge.telnyx.legs[0]!;
    const truncate = await bridge.openai.sessions[0]!.until('conversation.item.truncate');
    await until(() => leg.clears.length === 1);
    const heldMs = storyEndMs(leg) - firstSoundMs(leg.said());
    expect(heldMs).toBeGreaterThanOrEqual(250);
    expect(heldMs).toBeLessThan(250 + HOLD_SLACK_MS);
    expectTruncation(truncate, leg);
  });

  test('what the callee says while the AI is silent is answered, however short', async () => {
    await start({ BARGE_IN_HOLD_MS: '250' });
    bridge.telnyx.setDefaultScript({
      steps: [
        { do: 'wait', ms: 200 },
        { do: 'tone', hz: CALLEE_HZ, ms: 100 },
      ],
    });

    const callId = await bridge.place({ opening: 'silent' });
    await until(async () => (await turns(callId, 'assistant')).length === 1);

    expect(bridge.telnyx.legs[0]!.clears).toEqual([]);
    expect(bridge.openai.sessions[0]!.responses).toMatchObject([{ status: 'completed' }]);
    expect(bridge.entries.filter(({ type }) => type === 'callee.held-off')).toEqual([]);
  });
});

async function turns(callId: string, speaker: string): Promise<Turn[]> {
  const transcript = (await bridge.call(callId))['transcript'] as Turn[];
  return transcript.filter((turn) => turn.speaker === speaker);
}

/** The model is told what the phone had played when the clear took effect. */
function expectTruncation(truncate: Readonly<Record<string, unknown>>, leg: SimulatedLeg): void {
  expectHeardPosition(truncate['audio_end_ms'], leg.playedMsAtClear[0]);
}

/** Where the first sound begins in a recording by the phone. */
function firstSoundMs(pcm: Int16Array): number {
  return framesOf(pcm).findIndex(isSound) * FRAME_MS;
}

/** Where the story fell silent for the callee. */
function storyEndMs(leg: SimulatedLeg): number {
  const isStory = (frame: Int16Array): boolean =>
    isSound(frame) && dominantToneHz(frame, [AI_HZ, ANSWER_HZ], 8_000) === AI_HZ;
  return (framesOf(leg.heard()).findLastIndex(isStory) + 1) * FRAME_MS;
}

function framesOf(pcm: Int16Array): Int16Array[] {
  return Array.from({ length: Math.floor(pcm.length / FRAME_SAMPLES) }, (_, index) =>
    pcm.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES),
  );
}

function isSound(frame: Int16Array): boolean {
  return rms(frame) > 150;
}

// Many calls at once stay apart: each callee hears its own AI, each AI its own callee, and nobody anybody else.

import { rms } from '../../src/simulator/pcm';
import { dominantToneHz } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const CALLS = 20;
const FIRST_CALLEE_HZ = 400;
const FIRST_AI_HZ = 1_500;
const STEP_HZ = 50;

let bridge: TestBridge;

afterEach(async () => {
  await bridge.close();
});

function number(index: number): string {
  return `+120255501${String(20 + index)}`;
}

function frequencies(firstHz: number): number[] {
  return Array.from({ length: CALLS }, (_, index) => firstHz + index * STEP_HZ);
}

/** The loudest 400 ms: long enough to tell two neighbouring tones apart. */
function loudest(pcm: Int16Array, sampleRateHz: number): Int16Array {
  const windowSamples = sampleRateHz * 0.4;
  const stepSamples = sampleRateHz * 0.1;
  const starts = Array.from({ length: Math.ceil(pcm.length / stepSamples) }, (_, index) => index * stepSamples);
  const windows = starts.map((start) => pcm.subarray(start, start + windowSamples));
  return windows.reduce((best, window) => (rms(window) > rms(best) ? window : best));
}

test('20 calls at once carry their own tone each way', async () => {
  bridge = await TestBridge.start();
  bridge.openai.setScriptFor(({ instructions }) => {
    const index = Number(/call (\d+)/.exec(instructions)?.[1]);
    return { turns: [{ say: [{ toneHz: FIRST_AI_HZ + index * STEP_HZ, ms: 1_500, text: 'la' }] }], otherwise: {} };
  });
  for (let index = 0; index < CALLS; index += 1) {
    const hz = FIRST_CALLEE_HZ + index * STEP_HZ;
    bridge.telnyx.script(number(index), {
      steps: [
        { do: 'wait-for-speech' },
        { do: 'wait-for-silence', silenceMs: 300 },
        { do: 'tone', hz, ms: 800 },
        { do: 'wait', ms: 200 },
        { do: 'hang-up' },
      ],
    });
  }

  const callIds = await Promise.all(
    Array.from({ length: CALLS }, (_, index) =>
      bridge.place({ to: number(index), instructions: `You are call ${index}.` }),
    ),
  );
  const records = await Promise.all(callIds.map((callId) => bridge.ended(callId, 40_000)));

  expect(records.map((record) => record['status'])).toEqual(callIds.map(() => 'completed'));
  for (let index = 0; index < CALLS; index += 1) {
    const leg = bridge.telnyx.leg(number(index))!;
    const session = bridge.openai.sessions.find(({ instructions }) => instructions === `You are call ${index}.`)!;
    expect(dominantToneHz(loudest(leg.heard(), 8_000), frequencies(FIRST_AI_HZ), 8_000)).toBe(
      FIRST_AI_HZ + index * STEP_HZ,
    );
    expect(dominantToneHz(loudest(session.heard(), 24_000), frequencies(FIRST_CALLEE_HZ), 24_000)).toBe(
      FIRST_CALLEE_HZ + index * STEP_HZ,
    );
    expect([...leg.violations, ...session.violations]).toEqual([]);
  }
  expect(bridge.telnyx.liveLegs()).toEqual([]);
  await until(() => bridge.openai.liveSessions().length === 0);
}, 60_000);

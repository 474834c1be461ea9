// A call in every encoding that a carrier may send and an AI may take, from REST to the ear: a tone each way has to
// arrive as that tone and nothing else.

import { goertzelPower, rmsDbfs, sinad } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import type { ByteOrder, LineEncoding } from '../../src/simulator/simulated-telnyx/phone-script';

const CALLEE = '+12025550141';
const CALLEE_HZ = 700;
const AI_HZ = 1_100;

type Line = {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly script: { readonly encoding?: LineEncoding; readonly l16ByteOrder?: ByteOrder };
};

const LINES: readonly Line[] = [
  { name: 'PCMU', env: {}, script: {} },
  { name: 'PCMA', env: { TELNYX_STREAM_CODEC: 'PCMA' }, script: {} },
  { name: 'PCMA although PCMU was asked for', env: {}, script: { encoding: 'PCMA' } },
  { name: 'L16, little-endian', env: { TELNYX_STREAM_CODEC: 'L16' }, script: {} },
  {
    name: 'L16, big-endian as set',
    env: { TELNYX_STREAM_CODEC: 'L16', TELNYX_L16_BYTE_ORDER: 'big' },
    script: { l16ByteOrder: 'big' },
  },
  {
    name: 'L16, big-endian against the setting',
    env: { TELNYX_STREAM_CODEC: 'L16' },
    script: { l16ByteOrder: 'big' },
  },
];

/** The loudest stretch: the middle of the tone. */
function loudest(pcm: Int16Array, sampleRateHz: number): Int16Array {
  const samples = sampleRateHz * 0.4;
  let best = pcm.subarray(0, samples);
  for (let at = 0; at + samples <= pcm.length; at += sampleRateHz * 0.05) {
    const window = pcm.subarray(at, at + samples);
    if (rmsDbfs(window) > rmsDbfs(best)) best = window;
  }
  return best;
}

function everyThird(pcm: Int16Array): Int16Array {
  return pcm.filter((_sample, at) => at % 3 === 0);
}

type Evidence = {
  readonly status: unknown;
  /** What the callee heard and what the AI heard, both at 8 kHz. */
  readonly onThePhone: Int16Array;
  readonly atTheAi: Int16Array;
  readonly violations: readonly string[];
};

/** One whole call on a server of its own. */
async function callOn({ env, script }: Line, aiFormat: string): Promise<Evidence> {
  const bridge = await TestBridge.start({ env: { OPENAI_AUDIO_FORMAT: aiFormat, ...env } });
  try {
    bridge.openai.setDefaultScript({
      turns: [{ say: [] }, { say: [{ toneHz: AI_HZ, ms: 900, text: 'la' }] }],
      otherwise: {},
    });
    bridge.telnyx.script(CALLEE, {
      ...script,
      steps: [
        { do: 'wait', ms: 200 },
        { do: 'tone', hz: CALLEE_HZ, ms: 900 },
        { do: 'wait-for-speech' },
        { do: 'wait-for-silence', silenceMs: 300 },
        { do: 'hang-up' },
      ],
    });
    const record = await bridge.ended(await bridge.place({ to: CALLEE }), 30_000);
    const leg = bridge.telnyx.leg(CALLEE)!;
    const session = bridge.openai.sessions[0]!;
    return {
      status: record['status'],
      onThePhone: loudest(leg.heard(), 8_000),
      // What the simulator shows of mu-law is each sample three times.
      atTheAi: loudest(everyThird(session.heard()), 8_000),
      violations: [...leg.violations, ...session.violations],
    };
  } finally {
    await bridge.close();
  }
}

/** mu-law leaves some 37 dB, A-law and mu-law one after the other 32; a wrong law or byte order less than 10. */
function expectTone(pcm: Int16Array, hz: number): void {
  const probe = { hz, sampleRateHz: 8_000 };
  expect(10 * Math.log10(goertzelPower(pcm, probe))).toBeGreaterThan(-13);
  expect(sinad(pcm, probe)).toBeGreaterThan(30);
}

// A call takes some three seconds of real time: they all take place at once.
const CALLS = ['pcm16', 'pcmu'].flatMap((aiFormat) => LINES.map((line) => ({ aiFormat, line, name: line.name })));
let evidence: readonly Evidence[];

beforeAll(async () => {
  evidence = await Promise.all(CALLS.map(({ line, aiFormat }) => callOn(line, aiFormat)));
}, 60_000);

test.each(CALLS.map((call, index) => ({ ...call, index })))(
  'a call in $name with an AI that takes $aiFormat carries a tone each way',
  ({ index }) => {
    const { status, onThePhone, atTheAi, violations } = evidence[index]!;

    expect(status).toBe('completed');
    expectTone(onThePhone, AI_HZ);
    expectTone(atTheAi, CALLEE_HZ);
    expect(violations).toEqual([]);
  },
);

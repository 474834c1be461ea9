// A call in every encoding that a carrier may send and an AI may take, from REST to the ear: a tone each way has to
// arrive as that tone and nothing else.

import { goertzelPower, rmsDbfs, sinad } from '../support/audio-fixtures';
import { RecordingLogger } from '../support/fakes';
import { TestBridge } from '../support/test-bridge';
import type { ByteOrder, LineEncoding } from '../../src/simulator/simulated-telnyx/phone-script';

const CALLEE = '+12025550141';
const CALLEE_HZ = 700;
const AI_HZ = 1_100;

type Line = {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly script: { readonly encoding?: LineEncoding; readonly l16ByteOrder?: ByteOrder };
  /** What has to be asked for, and what the stream has to announce. */
  readonly asked: readonly [codec: string, sampleRateHz: number];
  readonly announced: readonly [encoding: string, sampleRateHz: number];
  /** Whether the log has to tell of a wrong byte order. */
  readonly isCorrected?: true;
};

const PCMU = ['PCMU', 8_000] as const;
const PCMA = ['PCMA', 8_000] as const;
const L16 = ['L16', 16_000] as const;
const ASK_FOR_L16 = { TELNYX_STREAM_CODEC: 'L16' };

const LINES: readonly Line[] = [
  { name: 'PCMU', env: {}, script: {}, asked: PCMU, announced: PCMU },
  { name: 'PCMA', env: { TELNYX_STREAM_CODEC: 'PCMA' }, script: {}, asked: PCMA, announced: PCMA },
  {
    name: 'PCMA although PCMU was asked for',
    env: {},
    script: { encoding: 'PCMA' },
    asked: PCMU,
    announced: PCMA,
  },
  { name: 'L16, little-endian', env: ASK_FOR_L16, script: {}, asked: L16, announced: L16 },
  {
    name: 'L16, big-endian as set',
    env: { ...ASK_FOR_L16, TELNYX_L16_BYTE_ORDER: 'big' },
    script: { l16ByteOrder: 'big' },
    asked: L16,
    announced: L16,
  },
  {
    name: 'L16, big-endian against the setting',
    env: ASK_FOR_L16,
    script: { l16ByteOrder: 'big' },
    asked: L16,
    announced: L16,
    isCorrected: true,
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

type Recording = { readonly pcm: Int16Array; readonly sampleRateHz: number };

type Evidence = {
  readonly status: unknown;
  readonly asked: readonly unknown[];
  readonly announced: readonly unknown[];
  readonly aiFormat: string;
  readonly byteOrderWarnings: number;
  readonly onThePhone: Recording;
  readonly atTheAi: Recording;
  readonly violations: readonly string[];
};

/** One whole call on a server of its own. */
async function callOn({ env, script }: Line, aiFormat: string): Promise<Evidence> {
  const log = new RecordingLogger();
  const bridge = await TestBridge.start({ env: { OPENAI_AUDIO_FORMAT: aiFormat, ...env }, compose: { log } });
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
    const callId = await bridge.place({ to: CALLEE });
    const { status } = (await bridge.ended(callId, 30_000)) as { status: unknown };
    return { status, byteOrderWarnings: byteOrderWarnings(log), ...(await heardOn(bridge, callId)) };
  } finally {
    await bridge.close();
  }
}

async function heardOn(bridge: TestBridge, callId: string): Promise<Omit<Evidence, 'status' | 'byteOrderWarnings'>> {
  const leg = bridge.telnyx.leg(CALLEE)!;
  const session = bridge.openai.sessions[0]!;
  const dial = bridge.telnyx.requests.find(({ operation }) => operation === 'dial')!.body as Record<string, unknown>;
  const { encoding, sampleRateHz } = (await bridge.entry(callId, 'stream.started')).data;
  const aiFormat = session.config.audio.input.format.type;
  const isPcm = aiFormat === 'audio/pcm';
  return {
    asked: [dial['stream_bidirectional_codec'], dial['stream_bidirectional_sampling_rate']],
    announced: [encoding, sampleRateHz],
    aiFormat,
    onThePhone: { pcm: loudest(leg.heard(), 8_000), sampleRateHz: 8_000 },
    // What the simulator shows of mu-law is each sample three times.
    atTheAi: isPcm
      ? { pcm: loudest(session.heard(), 24_000), sampleRateHz: 24_000 }
      : { pcm: loudest(everyThird(session.heard()), 8_000), sampleRateHz: 8_000 },
    violations: [...leg.violations, ...session.violations],
  };
}

function byteOrderWarnings(log: RecordingLogger): number {
  return log.at('warn').filter(({ message }) => message.includes('TELNYX_L16_BYTE_ORDER')).length;
}

/** mu-law leaves some 37 dB, A-law and mu-law one after the other 32; a wrong law or byte order less than 10. */
function expectTone({ pcm, sampleRateHz }: Recording, hz: number): void {
  const probe = { hz, sampleRateHz };
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
  ({ index, line, aiFormat }) => {
    const call = evidence[index]!;

    expect(call.status).toBe('completed');
    expect([call.asked, call.announced]).toEqual([line.asked, line.announced]);
    expect(call.aiFormat).toBe(aiFormat === 'pcm16' ? 'audio/pcm' : 'audio/pcmu');
    expectTone(call.onThePhone, AI_HZ);
    expectTone(call.atTheAi, CALLEE_HZ);
    expect(call.byteOrderWarnings).toBe(line.isCorrected ? 1 : 0);
    expect(call.violations).toEqual([]);
  },
);

/** The simulated OpenAI's voice activity detection: speech and tones count, silence, clicks and line noise do not. */
import { concatPcm, decodeAlaw, decodeMulaw, encodeMulaw, tone } from '../../../src/simulator/pcm';
import { EnergyVad, type VadChange } from '../../../src/simulator/simulated-openai/energy-vad';
import { clip } from '../../../src/simulator/voices/voices';

const RATE_HZ = 8000;

function changesIn(samples: Int16Array, options: { silenceMs?: number; threshold?: number } = {}): VadChange[] {
  const vad = new EnergyVad({ sampleRateHz: RATE_HZ, threshold: 0.5, silenceMs: 500, ...options }, 0);
  const changes: VadChange[] = [];
  // Frames that do not match the detector's own windows.
  for (let at = 0; at < samples.length; at += 170) changes.push(...vad.feed(samples.subarray(at, at + 170)));
  return changes;
}

function silence(ms: number): Int16Array {
  return new Int16Array((ms * RATE_HZ) / 1000);
}

/** Noise of a level, from a fixed generator so that a failure can be repeated. */
function noise(ms: number, dbfs: number): Int16Array {
  let state = 12_345;
  const peak = 32_768 * 10 ** (dbfs / 20) * Math.sqrt(3);
  return silence(ms).map(() => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.round((state / 0x3fffffff - 1) * peak);
  });
}

it('finds a tone between silences, at its place on the timeline of the audio', () => {
  const changes = changesIn(concatPcm([silence(400), tone({ hz: 1000, ms: 600 }), silence(1000)]));

  expect(changes).toEqual([
    { kind: 'started', atMs: 400 },
    { kind: 'stopped', atMs: 1500 },
  ]);
});

it('finds each recorded line of the callee as one turn', () => {
  for (const name of ['callee-hello', 'callee-question', 'callee-interrupt', 'callee-yes', 'callee-goodbye']) {
    const changes = changesIn(concatPcm([silence(300), clip(name, RATE_HZ), silence(800)]));

    expect([name, ...changes.map(({ kind }) => kind)]).toEqual([name, 'started', 'stopped']);
  }
});

it('finds a line that is carried over mu-law in line noise', () => {
  const line = concatPcm([noise(500, -50), clip('callee-question', RATE_HZ), noise(1000, -50)]);

  const changes = changesIn(decodeMulaw(encodeMulaw(line)));

  expect(changes.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
});

it.each([
  ['digital silence', silence(3000)],
  ['mu-law silence', decodeMulaw(new Uint8Array(24_000).fill(0xff))],
  ['A-law silence', decodeAlaw(new Uint8Array(24_000).fill(0xd5))],
  ['line noise at -50 dBFS', noise(5000, -50)],
  ['a click of 40 ms', concatPcm([silence(400), tone({ hz: 1000, ms: 40 }), silence(600)])],
])('hears nothing in %s', (_, samples) => {
  expect(changesIn(samples)).toEqual([]);
  expect(changesIn(samples, { threshold: 0 })).toEqual([]);
});

it('bridges a pause that is shorter than the silence asked for', () => {
  const audio = concatPcm([tone({ hz: 500, ms: 300 }), silence(400), tone({ hz: 500, ms: 300 }), silence(600)]);

  expect(changesIn(audio).map(({ kind }) => kind)).toEqual(['started', 'stopped']);
  expect(changesIn(audio, { silenceMs: 200 })).toHaveLength(4);
});

it('needs a louder voice at a higher threshold', () => {
  // -38 dBFS as a sine.
  const quiet = concatPcm([tone({ hz: 500, ms: 500, amplitude: 0.0178 }), silence(600)]);

  expect(changesIn(quiet, { threshold: 0.5 })).toHaveLength(2);
  expect(changesIn(quiet, { threshold: 1 })).toEqual([]);
});

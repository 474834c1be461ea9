// What a recording holds: both sides on one timeline, each where it was heard.

import { PCM16_16K, PCM16_24K, PCM16_8K, PCMA_8K, PCMU_8K } from '../../../../src/audio/audio-format';
import { KERNEL } from '../../../../src/audio/kernel';
import { encodeAlaw, encodeL16, encodeMulaw, tone } from '../../../../src/simulator/pcm';
import { dominantToneHz, toneAmplitude } from '../../../support/audio-fixtures';
import { latenessMs, PER_MS, ramp, RecorderRig } from './recorder-rig';

const CANDIDATES_HZ = [500, 700, 900];

/** Frames of the callee in real time. */
function speak(rig: RecorderRig, fromMs: number, toMs: number): void {
  for (let ms = fromMs; ms < toMs; ms += 20) rig.at(ms).callee(ms);
}

/** The milliseconds in which there is sound, as stretches. */
function sounding(pcm: Int16Array): [number, number][] {
  const stretches: [number, number][] = [];
  for (let ms = 0; ms < pcm.length / PER_MS; ms += 1) {
    if (pcm[ms * PER_MS] === 0) continue;
    const last = stretches.at(-1);
    if (last?.[1] === ms) last[1] = ms + 1;
    else stretches.push([ms, ms + 1]);
  }
  return stretches;
}

test('has the callee on the left and the AI on the right, from the first stream on', () => {
  const rig = RecorderRig.streaming();
  speak(rig, 0, 1_000);
  rig.at(1_000).ai(1_200, 400);
  speak(rig, 1_000, 3_000);

  const { left, right } = rig.at(3_000).finish();

  expect(sounding(left)).toEqual([[0, 3_000]]);
  expect(sounding(right)).toEqual([[1_200, 1_600]]);
  expect(left.length).toBe(3_000 * PER_MS);
  expect(right[1_300 * PER_MS]).toBe(-2_300);
});

test('is as long as the call, with silence where nothing came', () => {
  const rig = RecorderRig.streaming();
  rig.at(10_000).callee(10_000);

  const { left } = rig.at(60_000).finish();

  expect(left.length).toBe(60_000 * PER_MS);
  expect(sounding(left)).toEqual([[10_000, 10_020]]);
});

test('keeps what was heard of the AI, and nothing of what a barge-in took back', () => {
  const rig = RecorderRig.streaming();
  rig.at(1_000).ai(1_000, 400);
  rig.at(1_100).ai(1_400, 100);
  rig.at(1_150);
  rig.clearAi(1_170);
  rig.at(2_000).ai(2_000, 100);

  const { right } = rig.at(4_000).finish();

  expect(sounding(right)).toEqual([
    [1_000, 1_170],
    [2_000, 2_100],
  ]);
});

test('has nothing of what the AI would have said after the end', () => {
  const rig = RecorderRig.streaming();
  rig.at(1_000).ai(1_000, 400);

  const { right } = rig.at(1_250).finish();

  expect(sounding(right)).toEqual([[1_000, 1_250]]);
  expect(right.length).toBe(1_250 * PER_MS);
});

test('keeps speech in one piece while the estimate of its time trembles', () => {
  const rig = RecorderRig.streaming();
  for (let ms = 0; ms < 2_000; ms += 100) rig.at(ms).ai(300 + ms, 100, 300 + ms + (ms % 300 === 0 ? 15 : -15));

  const { right } = rig.at(3_000).finish();

  expect(sounding(right)).toEqual([[315, 2_315]]);
});

test('has a pause in speech where the AI was too slow', () => {
  const rig = RecorderRig.streaming();
  rig.at(0).ai(50, 100);
  rig.at(400).ai(450, 100);

  const { right } = rig.at(2_000).finish();

  expect(sounding(right)).toEqual([
    [50, 150],
    [450, 550],
  ]);
});

test('goes on with another stream of the same call', () => {
  const rig = RecorderRig.streaming();
  speak(rig, 0, 1_000);
  rig.at(4_000).recorder.onStream(PCM16_8K);
  speak(rig, 4_050, 5_010);

  const { left } = rig.at(5_010).finish();

  expect(rig.opened).toEqual([8_000]);
  expect(sounding(left)).toEqual([
    [0, 1_000],
    [4_050, 5_010],
  ]);
});

test('leaves the place of frames that are lost, as few as they may be', () => {
  const rig = RecorderRig.streaming();
  speak(rig, 0, 1_000);

  rig.at(1_080).missing(40);
  for (const ms of [1_040, 1_060]) rig.callee(ms);
  speak(rig, 1_080, 1_500);
  const { left } = rig.at(1_500).finish();

  expect(sounding(left)).toEqual([
    [0, 1_000],
    [1_040, 1_500],
  ]);
  expect(latenessMs(left[1_050 * PER_MS]!, 1_050 * PER_MS)).toBe(0);
});

test('believes no loss that is longer than the time that has gone by', () => {
  const rig = RecorderRig.streaming();
  speak(rig, 0, 1_000);

  rig.at(1_060).missing(3_600_000);
  speak(rig, 1_060, 1_500);
  const { left } = rig.at(1_500).finish();

  expect(sounding(left)).toEqual([
    [0, 1_000],
    [1_060, 1_500],
  ]);
});

test.each([
  ['mu-law', PCMU_8K, encodeMulaw, 8_000],
  ['A-law', PCMA_8K, encodeAlaw, 8_000],
  ['16-bit samples at 16 kHz', PCM16_16K, encodeL16, 16_000],
] as const)('decodes %s, on both sides', (_name, format, encode, sampleRateHz) => {
  const rig = RecorderRig.streaming(format, format);
  const bytesPerFrame = (sampleRateHz / 50) * (format.encoding === 'pcm16' ? 2 : 1);
  const callee = encode(tone({ hz: 500, ms: 2_000, sampleRateHz }));
  const ai = encode(tone({ hz: 900, ms: 2_000, sampleRateHz }));
  for (let frame = 0; frame < 100; frame += 1) {
    const piece = [frame * bytesPerFrame, (frame + 1) * bytesPerFrame] as const;
    rig.at(frame * 20).recorder.onCallee(callee.subarray(...piece), rig.clock.nowMs);
    rig.recorder.onAi(ai.subarray(...piece), rig.clock.nowMs + 200);
  }

  const { left, right } = rig.at(2_500).finish();

  expect(rig.opened).toEqual([sampleRateHz]);
  const middle = [sampleRateHz * 0.5, sampleRateHz * 1.5] as const;
  expect(dominantToneHz(left.subarray(...middle), CANDIDATES_HZ, sampleRateHz)).toBe(500);
  expect(dominantToneHz(right.subarray(...middle), CANDIDATES_HZ, sampleRateHz)).toBe(900);
  expect(toneAmplitude(left.subarray(...middle), { hz: 500, sampleRateHz })).toBeCloseTo(0.3 * 32_767, -3);
});

describe('rates that differ', () => {
  test('are brought to the higher one of the first stream and of the AI', () => {
    const rig = RecorderRig.streaming(PCMU_8K, PCM16_16K);
    const callee = encodeMulaw(tone({ hz: 700, ms: 2_000 }));
    for (let frame = 0; frame < 100; frame += 1) {
      const piece = callee.subarray(frame * 160, (frame + 1) * 160);
      rig.at(frame * 20).recorder.onCallee(piece, rig.clock.nowMs);
    }

    const { left } = rig.at(2_000).finish();

    expect(rig.opened).toEqual([16_000]);
    expect(left.length).toBe(32_000);
    expect(dominantToneHz(left.subarray(8_000, 24_000), CANDIDATES_HZ, 16_000)).toBe(700);
  });

  test('of a later stream are brought to that of the file', () => {
    const rig = RecorderRig.streaming(PCMU_8K, PCMU_8K);
    rig.recorder.onStream(PCM16_16K);
    const callee = encodeL16(tone({ hz: 700, ms: 2_000, sampleRateHz: 16_000 }));
    for (let frame = 0; frame < 100; frame += 1) {
      const piece = callee.subarray(frame * 640, (frame + 1) * 640);
      rig.at(frame * 20).recorder.onCallee(piece, rig.clock.nowMs);
    }

    const { left } = rig.at(2_000).finish();

    expect(rig.opened).toEqual([8_000]);
    expect(dominantToneHz(left.subarray(4_000, 12_000), CANDIDATES_HZ, 8_000)).toBe(700);
  });

  test('leave the memory alone in which the audio of all calls is converted', () => {
    const rig = RecorderRig.streaming(PCM16_24K, PCM16_16K);
    const before = Buffer.from(KERNEL.bytes);

    rig.recorder.onAi(KERNEL.bytes.subarray(16_384, 16_384 + 640), rig.clock.nowMs);
    rig.recorder.onCallee(KERNEL.bytes.subarray(4_096, 4_096 + 640), rig.clock.nowMs);

    expect(KERNEL.bytes.equals(before)).toBe(true);
  });
});

test('takes samples that are cut in the middle', () => {
  const rig = RecorderRig.streaming();
  const audio = ramp(0, 1_000);
  for (let at = 0; at < audio.length; at += 321) {
    rig.at(at / 16).recorder.onCallee(audio.subarray(at, at + 321), rig.clock.nowMs);
  }

  const { left } = rig.at(1_000).finish();

  expect(Buffer.from(left.buffer).subarray(0, audio.length).equals(audio)).toBe(true);
});

test('is not begun for a call without a stream', () => {
  const rig = new RecorderRig();
  rig.callee(0);
  rig.ai(0, 100);
  rig.clearAi(0);

  rig.at(1_000).finish();

  expect(rig.opened).toEqual([]);
  expect(rig.writes).toEqual([]);
});

test('takes nothing more after its end', () => {
  const rig = RecorderRig.streaming();
  speak(rig, 0, 100);
  rig.at(100).finish();
  const { writtenSamples } = rig;

  rig.recorder.onStream(PCM16_8K);
  rig.at(5_000).callee(5_000);
  rig.ai(5_000, 100);
  rig.clearAi(5_000);
  rig.recorder.close();

  expect(rig.writtenSamples).toBe(writtenSamples);
});

test('is written in steps, soon after it was heard, and never before the AI could be taken back', () => {
  const rig = RecorderRig.streaming();
  const behindMs: number[] = [];
  for (let ms = 0; ms < 60_000; ms += 20) {
    rig.at(ms).callee(ms);
    behindMs.push(ms - rig.writtenSamples / PER_MS);
  }

  expect(Math.min(...behindMs.slice(100))).toBeGreaterThanOrEqual(1_500);
  expect(Math.max(...behindMs)).toBeLessThan(1_790);
  expect(rig.writes.length).toBeLessThan(60_000 / 250);
});

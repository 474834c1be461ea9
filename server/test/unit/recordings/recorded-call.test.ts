// A long call from the first frame to the file: what waits on its way stays little, and both voices are where they were.

import { readFileSync } from 'node:fs';
import { PCMU_8K } from '../../../src/audio/audio-format';
import { CallRecorder } from '../../../src/media/recording/call-recorder';
import { encodeMulaw, rms, tone } from '../../../src/simulator/pcm';
import { dominantToneHz } from '../../support/audio-fixtures';
import { aCallId } from '../../support/builders';
import { until } from '../../support/until';
import { RecordingsRig } from './recordings-rig';

const HALF_HOUR_MS = 1_800_000;
const FRAME_BYTES = 160;
const PER_MS = 8;
const BLOCK_BYTES = 64 * 1024;
const CANDIDATES_HZ = [500, 900];

let rig: RecordingsRig;

beforeEach(() => {
  rig = new RecordingsRig();
});

afterEach(async () => {
  await rig.close();
});

/** What a call of half an hour was like for the memory. */
type Strain = { mostBehindMs: number; mostWaitingBytes: number };

/** Half an hour in which the callee always speaks, and the AI in every other second. */
async function talkForHalfAnHour(): Promise<Strain> {
  const callee = encodeMulaw(tone({ hz: 500, ms: 1_000 }));
  const ai = encodeMulaw(tone({ hz: 900, ms: 1_000 }));
  const clock = { nowMs: 0 };
  const file = rig.files.open(aCallId(), { sampleRateHz: 8_000 });
  let takenBytes = 0;
  const write = (stereoPcm: Buffer): void => {
    takenBytes += stereoPcm.length;
    file.write(stereoPcm);
  };
  const recorder = new CallRecorder({ clock, outboundFormat: PCMU_8K, open: () => ({ write }) });
  const strain: Strain = { mostBehindMs: 0, mostWaitingBytes: 0 };
  recorder.onStream(PCMU_8K);
  for (; clock.nowMs < HALF_HOUR_MS; clock.nowMs += 20) {
    const at = (clock.nowMs % 1_000) * PER_MS;
    recorder.onCallee(callee.subarray(at, at + FRAME_BYTES), clock.nowMs);
    if (clock.nowMs % 2_000 < 1_000) recorder.onAi(ai.subarray(at, at + FRAME_BYTES), clock.nowMs + 400);
    strain.mostBehindMs = Math.max(strain.mostBehindMs, clock.nowMs - takenBytes / (4 * PER_MS));
    strain.mostWaitingBytes = Math.max(strain.mostWaitingBytes, file.waitingBytes);
    // Here half an hour takes a second, which is too little for some disks.
    if (clock.nowMs % 30_000 === 0) await until(() => file.waitingBytes <= BLOCK_BYTES);
  }
  recorder.close();
  return strain;
}

test('half an hour of talk is a file of half an hour, and hardly any memory', async () => {
  const { mostBehindMs, mostWaitingBytes } = await talkForHalfAnHour();

  expect(mostBehindMs).toBeLessThan(1_800);
  expect(mostWaitingBytes).toBeLessThanOrEqual(30_250 * 4 * PER_MS + BLOCK_BYTES);
  expect(await rig.files.finish(aCallId())).toMatchObject({ state: 'ready', durationMs: HALF_HOUR_MS });
  const wav = readFileSync(rig.pathOf(aCallId()));
  expect(wav.readUInt32LE(40)).toBe(HALF_HOUR_MS * PER_MS * 4);
  expect(wav.length).toBe(44 + HALF_HOUR_MS * PER_MS * 4);
  const stretch = (channel: 0 | 1, fromMs: number): Int16Array =>
    Int16Array.from({ length: 200 * PER_MS }, (_, i) => wav.readInt16LE(44 + (fromMs * PER_MS + i) * 4 + channel * 2));
  for (const minute of [0, 10, 29]) {
    const ms = minute * 60_000;
    expect(dominantToneHz(stretch(0, ms + 600), CANDIDATES_HZ, 8_000)).toBe(500);
    expect(dominantToneHz(stretch(1, ms + 600), CANDIDATES_HZ, 8_000)).toBe(900);
    expect(rms(stretch(1, ms + 1_600))).toBe(0);
  }
});

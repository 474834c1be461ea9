// What tests of lost connections have in common: a callee and an AI of tones, and an ear for what the callee hears.

import { rms } from '../../src/simulator/pcm';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { dominantToneHz } from '../support/audio-fixtures';
import { until } from '../support/until';

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
const PHONE_RATE_HZ = 8_000;

/** Half of the loudness of the AI's tones as the simulator makes them. */
const LOUD_RMS = (0.15 * 32_767) / Math.SQRT2;

/** Who is heard by which tone: the callee, and the AI with words that it was given. */
export const CALLEE_HZ = 400;
export const GIVEN_HZ = 700;
const AI_TONES = [GIVEN_HZ, 1_100, 1_500];

/** One voice without a pause, on the time line of what the callee heard. */
export type Sound = { readonly hz: number; readonly ms: number; readonly startMs: number; readonly endMs: number };

/** Lets so much of the call go by, on the phone's own time. */
export async function callMoves(leg: SimulatedLeg, ms: number): Promise<void> {
  const frames = leg.sent.length + ms / FRAME_MS;
  await until(() => leg.sent.length >= frames, { timeoutMs: ms + 5_000 });
}

/** What the callee heard, one voice after the other. */
export function soundsOf(leg: SimulatedLeg): Sound[] {
  const pcm = leg.heard();
  const sounds: Sound[] = [];
  for (let frame = 0; (frame + 1) * FRAME_SAMPLES <= pcm.length; frame += 1) {
    const samples = pcm.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES);
    if (rms(samples) < LOUD_RMS) continue;
    const hz = dominantToneHz(samples, AI_TONES, PHONE_RATE_HZ);
    const startMs = frame * FRAME_MS;
    const last = sounds.at(-1);
    if (last?.hz === hz) sounds[sounds.length - 1] = { ...last, ms: last.ms + FRAME_MS, endMs: startMs + FRAME_MS };
    else sounds.push({ hz, ms: FRAME_MS, startMs, endMs: startMs + FRAME_MS });
  }
  return sounds;
}

/** One voice, and no other. */
export function whole(hz: number): Pick<Sound, 'hz'> {
  return { hz };
}

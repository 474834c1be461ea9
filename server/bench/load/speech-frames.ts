// One second of sound that behaves like speech (harmonics under a syllable rhythm), cut into 20 ms frames as base64.
// Every period divides the second, so that it can be repeated without a click.

import { mulaw } from 'alawmulaw';

/** How the AI leg's audio may be encoded. */
export const AUDIO_MODES = ['pcm16', 'pcmu'] as const;

/** How it is. */
export type AudioMode = (typeof AUDIO_MODES)[number];

/** Duration of one frame. */
export const FRAME_MS = 20;

/** Bytes of one frame in each encoding. */
export const FRAME_BYTES = { pcm16: 960, pcmu: 160 } as const;

const FRAMES_PER_SECOND = 1000 / FRAME_MS;
const PHONE_RATE_HZ = 8_000;
const AI_RATE_HZ = 24_000;
const PEAK = 12_000;

/** What the phone sends: mu-law 8 kHz, whatever the AI leg uses. */
export function callerFrames(): string[] {
  return cut(mulawBytes(speech(PHONE_RATE_HZ, 130)));
}

/** What the AI sends. */
export function deltaFrames(mode: AudioMode): string[] {
  if (mode === 'pcmu') return cut(mulawBytes(speech(PHONE_RATE_HZ, 210)));
  const samples = speech(AI_RATE_HZ, 210);
  return cut(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
}

function speech(rateHz: number, pitchHz: number): Int16Array {
  return Int16Array.from({ length: rateHz }, (_, i) => {
    const turns = (2 * Math.PI * i) / rateHz;
    let sum = 0;
    for (let harmonic = 1; harmonic * pitchHz < 3_400; harmonic++)
      sum += Math.sin(turns * harmonic * pitchHz) / harmonic;
    const syllables = 0.1 + 0.9 * Math.sin(turns * 2) ** 2;
    return Math.round((PEAK / 2) * sum * syllables);
  });
}

function mulawBytes(samples: Int16Array): Buffer {
  return Buffer.from(mulaw.encode(samples));
}

function cut(audio: Buffer): string[] {
  const frameBytes = audio.length / FRAMES_PER_SECOND;
  return Array.from({ length: FRAMES_PER_SECOND }, (_, k) =>
    audio.subarray(k * frameBytes, (k + 1) * frameBytes).toString('base64'),
  );
}

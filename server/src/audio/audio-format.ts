// What the bytes of a stream of mono audio mean. The formats of this project, whatever either network calls them.

/** G.711 at 8 kHz (`pcmu`, `pcma`), or signed 16-bit little-endian samples at the given rate. */
export type AudioFormat =
  | { readonly encoding: 'pcmu' | 'pcma'; readonly sampleRateHz: 8000 }
  | { readonly encoding: 'pcm16'; readonly sampleRateHz: SampleRateHz };

/** Sample rates that can be converted into each other. */
export type SampleRateHz = 8000 | 16_000 | 24_000;

export const PCMU_8K: AudioFormat = { encoding: 'pcmu', sampleRateHz: 8000 };
export const PCMA_8K: AudioFormat = { encoding: 'pcma', sampleRateHz: 8000 };
export const PCM16_8K: AudioFormat = { encoding: 'pcm16', sampleRateHz: 8000 };
export const PCM16_16K: AudioFormat = { encoding: 'pcm16', sampleRateHz: 16_000 };
export const PCM16_24K: AudioFormat = { encoding: 'pcm16', sampleRateHz: 24_000 };

const SILENCE_BYTE = { pcmu: 0xff, pcma: 0xd5, pcm16: 0 } as const;

/** Bytes of one sample. */
export function bytesPerSample({ encoding }: AudioFormat): 1 | 2 {
  return encoding === 'pcm16' ? 2 : 1;
}

/** Bytes of one millisecond: 8 for G.711, 16, 32 or 48 for 16-bit samples. */
export function bytesPerMs(format: AudioFormat): number {
  return (format.sampleRateHz / 1000) * bytesPerSample(format);
}

/** The byte of which silence consists (sample value 0; in A-law, which has no 0, the smallest positive step). */
export function silenceByte({ encoding }: AudioFormat): number {
  return SILENCE_BYTE[encoding];
}

/** True when the bytes of one are the bytes of the other. */
export function isSameFormat(a: AudioFormat, b: AudioFormat): boolean {
  return a.encoding === b.encoding && a.sampleRateHz === b.sampleRateHz;
}

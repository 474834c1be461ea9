// The arithmetic of formats: what a byte, a millisecond and silence are in each.
import {
  bytesPerMs,
  bytesPerSample,
  isSameFormat,
  PCM16_16K,
  PCM16_24K,
  PCM16_8K,
  PCMA_8K,
  PCMU_8K,
  silenceByte,
} from '../../../src/audio/audio-format';
import { FORMATS, samplesOf } from './reference-conversion';

describe('audio formats', () => {
  it('count bytes a sample and a millisecond', () => {
    const formats = [PCMU_8K, PCMA_8K, PCM16_8K, PCM16_16K, PCM16_24K];

    expect(formats.map(bytesPerSample)).toEqual([1, 1, 2, 2, 2]);
    expect(formats.map(bytesPerMs)).toEqual([8, 8, 16, 32, 48]);
  });

  it.each(FORMATS)('have a byte of silence: $encoding at $sampleRateHz Hz', (format) => {
    const silence = samplesOf(format, new Uint8Array(4).fill(silenceByte(format)));

    // A-law has no zero: +8 is its smallest positive step.
    expect(new Set(silence)).toEqual(new Set([format.encoding === 'pcma' ? 8 : 0]));
  });

  it('are the same when encoding and rate are', () => {
    for (const a of FORMATS) {
      for (const b of FORMATS) expect(isSameFormat({ ...a }, b)).toBe(a === b);
    }
  });
});

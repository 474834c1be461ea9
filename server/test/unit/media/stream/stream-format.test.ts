import { PCM16_16K, PCM16_24K, PCM16_8K, PCMA_8K, PCMU_8K } from '../../../../src/audio/audio-format';
import { aiFormat, carrierFormat, requestedFormat } from '../../../../src/media/stream/stream-format';

test.each([
  ['PCMU', 8_000, PCMU_8K],
  ['PCMA', 8_000, PCMA_8K],
  ['L16', 8_000, PCM16_8K],
  ['L16', 16_000, PCM16_16K],
  ['L16', 24_000, PCM16_24K],
  ['pcma', 8_000, PCMA_8K],
])('%s at %i Hz is understood', (encoding, sampleRateHz, format) => {
  expect(carrierFormat({ encoding, sampleRateHz, channels: 1 })).toEqual(format);
});

test.each([
  ['L16', 22_050],
  ['L16', 48_000],
  ['G722', 8_000],
  ['OPUS', 48_000],
  ['AMR-WB', 16_000],
  ['PCMU', 16_000],
  ['', 8_000],
  ['constructor', 8_000],
  ['__proto__', 8_000],
])('%s at %i Hz is not', (encoding, sampleRateHz) => {
  expect(carrierFormat({ encoding, sampleRateHz, channels: 1 })).toBeUndefined();
});

test('two channels in one stream are not', () => {
  expect(carrierFormat({ encoding: 'L16', sampleRateHz: 16_000, channels: 2 })).toBeUndefined();
});

test.each(['PCMU', 'PCMA', 'L16'] as const)('what is asked for as %s could be announced as that', (codec) => {
  const format = requestedFormat(codec);

  expect(carrierFormat({ encoding: codec, sampleRateHz: format.sampleRateHz, channels: 1 })).toEqual(format);
});

test('the AI speaks PCM at 24 kHz or mu-law', () => {
  expect(aiFormat('pcm16')).toEqual(PCM16_24K);
  expect(aiFormat('pcmu')).toEqual(PCMU_8K);
});

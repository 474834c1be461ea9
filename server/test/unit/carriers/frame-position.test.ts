import { framePosition } from '../../../src/carriers/telnyx/frame-position';

const PCMU = { encoding: 'PCMU', sampleRateHz: 8_000, channels: 1 };

function message(media: object): Buffer {
  return Buffer.from(JSON.stringify({ event: 'media', media }));
}

test.each([
  [PCMU, 160],
  [{ ...PCMU, encoding: 'L16', sampleRateHz: 16_000 }, 640],
  [{ ...PCMU, encoding: 'l16', sampleRateHz: 24_000 }, 960],
  [{ ...PCMU, channels: 2 }, 320],
])('the hundredth frame of 20 ms stands at 2 s, in %j', (format, bytes) => {
  const payload = Buffer.alloc(bytes).toString('base64');

  expect(framePosition(format)(message({ track: 'inbound', chunk: '100', payload }))).toBe(2_000);
});

test.each([
  [{ track: 'outbound', chunk: '100', payload: 'AAAA' }],
  [{ track: 'inbound', payload: 'AAAA' }],
  [{ track: 'inbound', chunk: '100' }],
  [{ track: 'inbound', chunk: '100', payload: '' }],
  [{ track: 'inbound', chunk: '-1', payload: 'AAAA' }],
])('what is no numbered frame of the callee has no place: %j', (media) => {
  expect(framePosition(PCMU)(message(media))).toBeUndefined();
});

test('what cannot be read has none either', () => {
  const payload = 'AAAA';
  expect(framePosition({ ...PCMU, sampleRateHz: 0 })(message({ track: 'inbound', chunk: 1, payload }))).toBeUndefined();
  expect(framePosition(PCMU)(Buffer.from('{'))).toBeUndefined();
});

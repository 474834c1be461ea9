// L16 from a wire of unknown byte order: nobody ever hears it the wrong way round.

import { L16ByteOrder } from '../../../src/carriers/telnyx/l16-byte-order';
import { L16Reader } from '../../../src/carriers/telnyx/l16-reader';
import { sine } from '../../support/audio-fixtures';

const FRAME_BYTES = 640;

function bytes(pcm: Int16Array): Buffer {
  return Buffer.from(Uint8Array.from(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)));
}

function rig(known = new L16ByteOrder('little')) {
  const heard: Buffer[] = [];
  const events: string[] = [];
  const reader = new L16Reader(known, {
    onFrame: (frame) => heard.push(Buffer.from(frame)),
    onCorrected: () => events.push('corrected'),
  });
  return { reader, heard, events, known };
}

function frames(audio: Buffer): Buffer[] {
  return Array.from({ length: audio.length / FRAME_BYTES }, (_, at) =>
    Buffer.from(audio.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES)),
  );
}

const VOICE = bytes(sine({ hz: 300, ms: 400, sampleRateHz: 16_000, amplitude: 6_000 }));
const NOISE = whiteNoise(20 * FRAME_BYTES);

function whiteNoise(length: number): Buffer {
  let seed = 1;
  return Buffer.from(
    Array.from({ length }, () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed >>> 24;
    }),
  );
}

test('the first words are heard whole and the right way round, although the setting was wrong', () => {
  const { reader, heard, events } = rig();

  for (const frame of frames(Buffer.from(VOICE).swap16())) reader.take(frame);

  expect(Buffer.concat(heard).equals(VOICE)).toBe(true);
  expect(events).toEqual(['corrected']);
});

test('silence before the first words is not held back', () => {
  const { reader, heard } = rig();

  reader.take(Buffer.alloc(FRAME_BYTES));

  expect(heard).toHaveLength(1);
});

test('sound that does not tell is held back for 100 ms at most, and nothing of it is lost', () => {
  const { reader, heard } = rig();
  const noise = frames(NOISE);
  for (const frame of noise.slice(0, 5)) reader.take(frame);
  const heldBack = heard.length;

  for (const frame of noise.slice(5)) reader.take(frame);

  expect(heldBack).toBe(0);
  expect(Buffer.concat(heard).equals(NOISE)).toBe(true);
});

test('what is held back is delivered when the stream ends', () => {
  const { reader, heard } = rig();
  reader.take(frames(VOICE)[0]!);
  expect(heard).toEqual([]);

  reader.finish();

  expect(Buffer.concat(heard).equals(VOICE.subarray(0, FRAME_BYTES))).toBe(true);
});

test('the next stream holds nothing back', () => {
  const known = new L16ByteOrder('little');
  const first = rig(known);
  for (const frame of frames(Buffer.from(VOICE).swap16())) first.reader.take(frame);
  const second = rig(known);

  second.reader.take(frames(Buffer.from(VOICE).swap16())[0]!);

  expect(second.heard).toHaveLength(1);
  expect(second.heard[0]!.equals(VOICE.subarray(0, FRAME_BYTES))).toBe(true);
});

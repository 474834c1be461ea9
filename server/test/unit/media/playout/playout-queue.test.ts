import fc from 'fast-check';
import { PCM16_16K, PCMA_8K, PCMU_8K } from '../../../../src/audio/audio-format';
import { framingOf, PlayoutQueue } from '../../../../src/media/playout/playout-queue';
import { FRAME_BYTES, someAudio, someBytes } from '../phone-line';

const CHUNK_MS = 100;
const CHUNK_BYTES = 5 * FRAME_BYTES;

let queue: PlayoutQueue;

beforeEach(() => {
  queue = new PlayoutQueue(framingOf(PCMU_8K, CHUNK_MS));
});

/** Lends audio, ends the loan and spoils the memory. */
function add(audio: Buffer): void {
  queue.lend(audio);
  queue.keep();
  audio.fill(0xee);
}

test('gives out whole frames only', () => {
  add(someAudio(50));

  expect(queue.take()).toHaveLength(2 * FRAME_BYTES);
  expect(queue.take()).toBeUndefined();
  expect(queue.waitingBytes).toBe(80);
});

test('gives out one chunk at a time', () => {
  add(someAudio(250));

  expect(queue.take()).toHaveLength(CHUNK_BYTES);
  expect(queue.take()).toHaveLength(CHUNK_BYTES);
  expect(queue.take()).toHaveLength(2 * FRAME_BYTES);
});

test('lent audio is given out from the lender’s memory', () => {
  const audio = someAudio(60);

  queue.lend(audio);

  expect(queue.take()).toBe(audio);
  expect(queue.waitingBytes).toBe(0);
});

test('of lent audio that is more than a chunk, each chunk is of the lender’s memory', () => {
  const audio = someAudio(160);
  queue.lend(audio);

  const chunks = [queue.take()!, queue.take()!];

  expect(chunks.map(({ buffer }) => buffer === audio.buffer)).toEqual([true, true]);
  expect(Buffer.concat(chunks).equals(audio)).toBe(true);
});

test('what waits survives the end of the loan', () => {
  add(someAudio(300));

  expect(queue.take()!.equals(someAudio(100))).toBe(true);
});

test('an empty queue uses its memory again', () => {
  add(someAudio(100));
  const { buffer, byteOffset } = queue.take()!;

  add(someAudio(100, 1));

  expect(queue.take()).toMatchObject({ buffer, byteOffset });
});

test.each([
  ['mu-law', PCMU_8K, 0xff],
  ['A-law', PCMA_8K, 0xd5],
  ['16 bits', PCM16_16K, 0],
])('the tail in %s is padded to a frame with silence', (_what, format, silence) => {
  const framing = framingOf(format, CHUNK_MS);
  queue = new PlayoutQueue(framing);
  add(someBytes(framing.frameBytes + 40));
  expect(queue.takeTail()).toBeUndefined();
  queue.take();

  const tail = queue.takeTail()!;

  const whole = someBytes(framing.frameBytes + 40).subarray(framing.frameBytes);
  expect(tail).toHaveLength(framing.frameBytes);
  expect(tail.subarray(0, 40).equals(whole)).toBe(true);
  expect(tail.subarray(40).every((byte) => byte === silence)).toBe(true);
  expect(queue.takeTail()).toBeUndefined();
  expect(queue.waitingBytes).toBe(0);
});

test.each([
  [100, 800],
  [99, 640],
  [20, 160],
  [5, 160],
])('a chunk of %i ms is at most %i bytes of whole frames, and one frame at least', (chunkMs, chunkBytes) => {
  expect(framingOf(PCMU_8K, chunkMs)).toMatchObject({ bytesPerMs: 8, frameBytes: 160, chunkBytes });
});

test('whatever the cuts, what is taken is what was added', () => {
  const steps = fc.array(fc.record({ bytes: fc.nat(2_500), takes: fc.nat(5), takesAtOnce: fc.nat(3) }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(steps, (parts) => {
      queue = new PlayoutQueue(framingOf(PCMU_8K, CHUNK_MS));
      const source = someBytes(30 * 2_500);
      const taken: Buffer[] = [];
      const take = (times: number): void => {
        for (let turn = 0; turn < times; turn += 1) {
          const audio = queue.take();
          if (audio) taken.push(Buffer.from(audio));
        }
      };
      let offset = 0;
      for (const { bytes, takes, takesAtOnce } of parts) {
        const audio = Buffer.from(source.subarray(offset, (offset += bytes)));
        queue.lend(audio);
        take(takesAtOnce);
        queue.keep();
        audio.fill(0xee);
        take(takes);
      }
      take(500);
      const tail = queue.takeTail();
      if (tail) taken.push(tail);

      expect(taken.every(({ length }) => length % FRAME_BYTES === 0 && length <= CHUNK_BYTES)).toBe(true);
      expect(queue.waitingBytes).toBe(0);
      expect(Buffer.concat(taken).subarray(0, offset).equals(source.subarray(0, offset))).toBe(true);
      expect(Buffer.concat(taken).length).toBe(Math.ceil(offset / FRAME_BYTES) * FRAME_BYTES);
    }),
    { numRuns: 300 },
  );
});

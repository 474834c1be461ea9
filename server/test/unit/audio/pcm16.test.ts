// PCM16 on the wire: little-endian whatever the host, and no byte lost wherever the stream is cut.
import * as fc from 'fast-check';
import { pcm16ToBytes, Pcm16Reader } from '../../../src/audio/pcm16';

/** Cuts bytes at the given lengths, over and over, each piece at an odd address of a larger buffer. */
function cutAtOddAddresses(bytes: Uint8Array, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = bytes.subarray(at, at + lengths[i % lengths.length]!);
    const misaligned = Buffer.alloc(piece.length + 1).subarray(1);
    misaligned.set(piece);
    pieces.push(misaligned);
    at += piece.length;
  }
  return pieces;
}

describe('pcm16ToBytes', () => {
  it('writes each sample low byte first', () => {
    expect([...pcm16ToBytes(Int16Array.of(1, -2, 0x1234, -32_768))]).toEqual([
      1, 0, 0xfe, 0xff, 0x34, 0x12, 0x00, 0x80,
    ]);
  });

  it('writes only the samples of a view', () => {
    const view = Int16Array.of(1, 2, 3, 4).subarray(1, 3);

    expect([...pcm16ToBytes(view)]).toEqual([2, 0, 3, 0]);
  });
});

describe('Pcm16Reader', () => {
  it('reads the same samples however the bytes are cut', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.int16Array({ maxLength: 120 }), lengths, (pcm, pieceLengths) => {
        const reader = new Pcm16Reader();

        const read = cutAtOddAddresses(pcm16ToBytes(pcm), pieceLengths).flatMap((piece) => [...reader.read(piece)]);

        expect(read).toEqual([...pcm]);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps a lone byte over an empty read', () => {
    const reader = new Pcm16Reader();

    expect([...reader.read(Buffer.of(0x34))]).toEqual([]);
    expect([...reader.read(Buffer.alloc(0))]).toEqual([]);
    expect([...reader.read(Buffer.of(0x12))]).toEqual([0x1234]);
  });

  it('returns memory of its own', () => {
    const bytes = Buffer.of(1, 0, 2, 0);
    const pcm = new Pcm16Reader().read(bytes);

    bytes.fill(0xff);

    expect([...pcm]).toEqual([1, 2]);
  });

  it('drops a carried byte on reset', () => {
    const reader = new Pcm16Reader();
    reader.read(Buffer.of(1, 0, 0x55));

    reader.reset();

    expect([...reader.read(Buffer.of(2, 0))]).toEqual([2]);
  });
});

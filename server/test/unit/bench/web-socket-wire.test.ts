import { clientFrame, FrameReader, frameText, OPCODE, serverFrame } from '../../../bench/load/web-socket-wire';

// One of each length field: 7 bits, 16 bits, 64 bits.
const TEXTS = ['', 'short', 'm'.repeat(300), 'l'.repeat(70_000), 'last'];

function readInPieces(bytes: Buffer, pieceBytes: number): string[] {
  const texts: string[] = [];
  const reader = new FrameReader((frame) => texts.push(frameText(frame)));
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));

  return texts;
}

test.each([
  ['client', clientFrame],
  ['server', serverFrame],
])('frames of a %s are read whole, wherever they are cut', (_end, frameOf) => {
  const bytes = Buffer.concat(TEXTS.map((text) => frameOf(OPCODE.text, text)));

  for (const pieceBytes of [125, 4_096, 65_536, bytes.length]) {
    expect(readInPieces(bytes, pieceBytes)).toEqual(TEXTS);
  }
});

test('a short frame is read in two parts, cut at each byte', () => {
  const bytes = clientFrame(OPCODE.text, 'hello');

  for (let cut = 1; cut < bytes.length; cut++) {
    const texts: string[] = [];
    const reader = new FrameReader((frame) => texts.push(frameText(frame)));
    reader.push(bytes.subarray(0, cut));
    expect(texts).toEqual([]);
    reader.push(bytes.subarray(cut));
    expect(texts).toEqual(['hello']);
  }
});

test('a part of a masked text is unmasked from where it starts', () => {
  const parts: string[] = [];
  new FrameReader((frame) => parts.push(frameText(frame, 2, 7))).push(clientFrame(OPCODE.text, '0123456789'));

  expect(parts).toEqual(['23456']);
});

test('fragments are refused', () => {
  const fragment = serverFrame(OPCODE.text, 'part');
  fragment[0] = OPCODE.text;

  expect(() => new FrameReader(() => undefined).push(fragment)).toThrow('fragmented');
});

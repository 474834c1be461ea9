// A recording as a picture: how loud each side is in each column. Reads the bytes where they are, without a copy.

// Enough to find the loudest of a column; an hour has tens of millions of samples.
const SAMPLES_PER_COLUMN = 1_000;

const HEADER_BYTES = 12;
const FORMAT = 'fmt ';
const DATA = 'data';

/** A WAV file of 16-bit samples, opened. */
export type Wav = {
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly durationSeconds: number;
  readonly samples: DataView;
};

/** Opens a file; undefined when it is not one of 16-bit PCM. */
export function openWav(buffer: ArrayBuffer): Wav | undefined {
  const view = new DataView(buffer);
  if (view.byteLength < HEADER_BYTES || textAt(view, 0) !== 'RIFF' || textAt(view, 8) !== 'WAVE') return undefined;
  const format = chunk(view, FORMAT);
  const data = chunk(view, DATA);
  if (!format || format.byteLength < 16 || !data || format.getUint16(14, true) !== 16) return undefined;
  const [channels, sampleRateHz] = [format.getUint16(2, true), format.getUint32(4, true)];
  if (channels === 0 || sampleRateHz === 0) return undefined;
  return { sampleRateHz, channels, samples: data, durationSeconds: data.byteLength / 2 / channels / sampleRateHz };
}

/** The loudest of each column of one channel, 0 to 1. */
export function peaksOf({ samples, channels }: Wav, channel: number, columns: number): Float32Array {
  const frames = Math.floor(samples.byteLength / 2 / channels);
  return Float32Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * frames) / columns);
    const to = Math.floor(((column + 1) * frames) / columns);
    const step = Math.max(1, Math.floor((to - from) / SAMPLES_PER_COLUMN));
    let peak = 0;
    for (let frame = from; frame < to; frame += step) {
      peak = Math.max(peak, Math.abs(samples.getInt16((frame * channels + channel) * 2, true)));
    }
    return peak / 32_768;
  });
}

function chunk(view: DataView, name: string): DataView | undefined {
  let at = HEADER_BYTES;
  while (at + 8 <= view.byteLength) {
    const bytes = view.getUint32(at + 4, true);
    const start = at + 8;
    // A file whose server was lost may promise more than it has.
    if (textAt(view, at) === name) return new DataView(view.buffer, start, Math.min(bytes, view.byteLength - start));
    at = start + bytes + (bytes % 2);
  }
  return undefined;
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((offset) => view.getUint8(at + offset)));
}

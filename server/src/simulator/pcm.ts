/**
 * The simulators' own PCM, G.711 and WAV helpers. They share nothing with the product's audio code on purpose: a
 * misreading of a codec there must not be able to hide behind the same misreading here.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { alaw, mulaw } from 'alawmulaw';

const WAV_HEADER_BYTES = 44;
const WAV_FORMAT_PCM = 1;
const BYTES_PER_SAMPLE = 2;
const FULL_SCALE = 32767;

/** What `tone` generates: a sine at `amplitude` (0 to 1 of full scale, default 0.3). */
export type ToneOptions = {
  readonly hz: number;
  readonly ms: number;
  readonly sampleRateHz?: number;
  readonly amplitude?: number;
};

/** A 16-bit PCM WAV file in memory; `pcm` is interleaved when there is more than one channel. */
export type WavAudio = {
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly pcm: Int16Array;
};

/** What `writeWav` writes: one array per channel, the shorter ones padded with silence. */
export type WavChannels = {
  readonly sampleRateHz: number;
  readonly channels: readonly Int16Array[];
};

/** Encodes 16-bit linear samples as G.711 mu-law, one byte a sample. */
export function encodeMulaw(pcm: Int16Array): Buffer {
  return encodeWith(pcm, mulaw.encodeSample);
}

/** Decodes G.711 mu-law to 16-bit linear samples. */
export function decodeMulaw(bytes: Uint8Array): Int16Array {
  return mulaw.decode(bytes);
}

/** Encodes 16-bit linear samples as G.711 A-law, one byte a sample. */
export function encodeAlaw(pcm: Int16Array): Buffer {
  return encodeWith(pcm, alaw.encodeSample);
}

/** Decodes G.711 A-law to 16-bit linear samples. */
export function decodeAlaw(bytes: Uint8Array): Int16Array {
  return alaw.decode(bytes);
}

/** Encodes samples as the little-endian bytes that L16 has on a media stream. */
export function encodeL16(pcm: Int16Array): Buffer {
  const bytes = Buffer.alloc(pcm.length * BYTES_PER_SAMPLE);
  pcm.forEach((sample, index) => bytes.writeInt16LE(sample, index * BYTES_PER_SAMPLE));
  return bytes;
}

/** Decodes little-endian 16-bit samples; an odd last byte is ignored. */
export function decodeL16(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.byteLength >> 1 }, (_, index) =>
    view.getInt16(index * BYTES_PER_SAMPLE, true),
  );
}

/** Generates a sine tone, 8 kHz unless another rate is asked for. */
export function tone(options: ToneOptions): Int16Array {
  const { hz, ms, sampleRateHz = 8000, amplitude = 0.3 } = options;
  const radiansPerSample = (2 * Math.PI * hz) / sampleRateHz;
  return Int16Array.from({ length: Math.round((ms * sampleRateHz) / 1000) }, (_, index) =>
    Math.round(Math.sin(radiansPerSample * index) * amplitude * FULL_SCALE),
  );
}

/** Joins arrays of samples into one. */
export function concatPcm(parts: readonly Int16Array[]): Int16Array {
  const joined = new Int16Array(parts.reduce((samples, part) => samples + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Root mean square of the samples, in sample units (0 to 32767); 0 for none. */
export function rms(pcm: Int16Array): number {
  if (pcm.length === 0) return 0;
  let sum = 0;
  for (const sample of pcm) sum += sample * sample;
  return Math.sqrt(sum / pcm.length);
}

/** Reads a 16-bit PCM WAV file, skipping chunks it does not know; throws on any other kind of file. */
export function readWav(path: string): WavAudio {
  const file = readFileSync(path);
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new TypeError(`${path} is not a WAV file.`);
  }
  const chunks = wavChunks(file);
  const format = chunks.get('fmt ');
  const data = chunks.get('data');
  if (format === undefined || data === undefined) throw new TypeError(`${path} has no fmt or data chunk.`);
  if (format.readUInt16LE(0) !== WAV_FORMAT_PCM || format.readUInt16LE(14) !== 16) {
    throw new TypeError(`${path} is not 16-bit PCM.`);
  }
  return { sampleRateHz: format.readUInt32LE(4), channels: format.readUInt16LE(2), pcm: decodeL16(data) };
}

/** Writes a 16-bit PCM WAV file with one or more channels. */
export function writeWav(path: string, audio: WavChannels): void {
  const data = encodeL16(interleave(audio.channels));
  const bytesPerFrame = audio.channels.length * BYTES_PER_SAMPLE;
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(WAV_HEADER_BYTES - 8 + data.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(WAV_FORMAT_PCM, 20);
  header.writeUInt16LE(audio.channels.length, 22);
  header.writeUInt32LE(audio.sampleRateHz, 24);
  header.writeUInt32LE(audio.sampleRateHz * bytesPerFrame, 28);
  header.writeUInt16LE(bytesPerFrame, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(data.length, 40);
  writeFileSync(path, Buffer.concat([header, data]));
}

function encodeWith(pcm: Int16Array, encodeSample: (sample: number) => number): Buffer {
  const bytes = Buffer.alloc(pcm.length);
  // The library's encodeSample leaves sign bits above the byte, hence the mask.
  for (let index = 0; index < pcm.length; index += 1) bytes[index] = encodeSample(pcm[index] ?? 0) & 0xff;
  return bytes;
}

function interleave(channels: readonly Int16Array[]): Int16Array {
  const frames = Math.max(0, ...channels.map((channel) => channel.length));
  const joined = new Int16Array(frames * channels.length);
  channels.forEach((channel, offset) => {
    channel.forEach((sample, index) => {
      joined[index * channels.length + offset] = sample;
    });
  });
  return joined;
}

function wavChunks(file: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  let at = 12;
  while (at + 8 <= file.length) {
    const start = at + 8;
    const end = start + file.readUInt32LE(at + 4);
    chunks.set(file.toString('latin1', at, at + 4), file.subarray(start, end));
    // Chunks are padded to an even length.
    at = end + (end % 2);
  }
  return chunks;
}

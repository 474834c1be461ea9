// The header of WAV files of 16-bit PCM: 44 bytes before the samples, as every player expects them. No other chunks.

/** Length of the header. */
export const WAV_HEADER_BYTES = 44;

const BYTES_PER_SAMPLE = 2;
const PCM_FORMAT = 1;
const MAX_SAMPLE_RATE_HZ = 192_000;
const FORMAT_CHUNK_BYTES = 16;
/** What of the header the size in it does not count: the name of the chunk and the size itself. */
const UNCOUNTED_BYTES = 8;

/** The format has 32 bits for sizes: 37 hours of a stereo call at 8 kHz, 18 at 16 kHz. No call is that long. */
export const MAX_WAV_DATA_BYTES = 2 ** 32 - 1 - WAV_HEADER_BYTES;

/** What a header says. */
export type WavHeader = {
  readonly sampleRateHz: number;
  readonly channels: number;
  /** At most `MAX_WAV_DATA_BYTES`. */
  readonly dataBytes: number;
};

/** Bytes of one sample of all channels. */
export function bytesPerSampleFrame({ channels }: Pick<WavHeader, 'channels'>): number {
  return channels * BYTES_PER_SAMPLE;
}

/** The bytes of a header. */
export function wavHeader(header: WavHeader): Buffer {
  const { sampleRateHz, channels, dataBytes } = header;
  const frameBytes = bytesPerSampleFrame(header);
  const bytes = Buffer.alloc(WAV_HEADER_BYTES);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(WAV_HEADER_BYTES - UNCOUNTED_BYTES + dataBytes, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(FORMAT_CHUNK_BYTES, 16);
  bytes.writeUInt16LE(PCM_FORMAT, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(sampleRateHz, 24);
  bytes.writeUInt32LE(sampleRateHz * frameBytes, 28);
  bytes.writeUInt16LE(frameBytes, 32);
  bytes.writeUInt16LE(BYTES_PER_SAMPLE * 8, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(dataBytes, 40);
  return bytes;
}

/** Reads a header that `wavHeader` wrote; undefined for anything else. */
export function readWavHeader(bytes: Buffer): WavHeader | undefined {
  if (bytes.length < WAV_HEADER_BYTES) return undefined;
  const header = {
    sampleRateHz: bytes.readUInt32LE(24),
    channels: bytes.readUInt16LE(22),
    dataBytes: bytes.readUInt32LE(40),
  };
  const isPlausible = header.sampleRateHz > 0 && header.sampleRateHz <= MAX_SAMPLE_RATE_HZ && header.channels <= 2;
  return isPlausible && wavHeader(header).equals(bytes.subarray(0, WAV_HEADER_BYTES)) ? header : undefined;
}

// Where in the callee's audio a message of the media stream stands, by its number: for whoever measures how late it came.

import type { RawData } from 'ws';
import type { CarrierStream } from '../../calls/conversation-ports';
import { messageText } from '../../lib/message-text';
import { parseFrame } from './stream-frames';

const MS_PER_SECOND = 1_000;
const BYTES_PER_BASE64 = 3 / 4;

/** The place of a message in the stream, milliseconds; undefined for one that is no frame of the callee. */
export type FramePosition = (message: RawData) => number | undefined;

/** Reads places by what the stream announced; each frame is taken for as long as the one that is looked at. */
export function framePosition({
  encoding,
  sampleRateHz,
  channels,
}: Pick<CarrierStream, 'encoding' | 'sampleRateHz' | 'channels'>): FramePosition {
  const bytesPerSample = (encoding.toUpperCase() === 'L16' ? 2 : 1) * channels;
  return (message) => {
    const frame = parseFrame(messageText(message));
    if (frame.event !== 'media' || frame.track !== 'inbound' || frame.chunk === undefined) return undefined;
    const samples = (unpadded(frame.payload) * BYTES_PER_BASE64) / bytesPerSample;
    // Half a byte that base64 leaves over is no audio.
    const positionMs = (frame.chunk * Math.floor(samples) * MS_PER_SECOND) / sampleRateHz;
    return positionMs > 0 && Number.isFinite(positionMs) ? positionMs : undefined;
  };
}

function unpadded(base64: string): number {
  return base64.endsWith('==') ? base64.length - 2 : base64.length - Number(base64.endsWith('='));
}

/** The messages that a server may send on a Telnyx media socket, checked more strictly than Telnyx itself does. */
import { z } from 'zod';

const MIN_AUDIO_MS = 20;
const MAX_AUDIO_MS = 30_000;

const streamId = z.string().optional();

const serverFrame = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('media'),
    stream_id: streamId,
    media: z.strictObject({ payload: z.string() }),
  }),
  z.strictObject({
    event: z.literal('mark'),
    stream_id: streamId,
    mark: z.strictObject({ name: z.string().min(1) }),
  }),
  z.strictObject({ event: z.literal('clear'), stream_id: streamId }),
]);

/** A valid message from the server. */
export type ServerFrame =
  | { readonly event: 'media'; readonly bytes: Buffer }
  | { readonly event: 'mark'; readonly name: string }
  | { readonly event: 'clear' };

/** A refused message, as it goes into the error frame. */
export type FrameError = { readonly code: number; readonly title: string; readonly detail: string };

/** The result of reading one message. */
export type FrameResult =
  { readonly ok: true; readonly frame: ServerFrame } | { readonly ok: false; readonly error: FrameError };

/** The measures of the codec that the server promised to send. */
export type AudioMeasure = { readonly bytesPerMs: number; readonly bytesPerSample: number };

/** Reads one message. */
export function readServerFrame(text: string, measure: AudioMeasure): FrameResult {
  const json = parseJson(text);
  if (json === undefined) return refuse(100003, 'malformed_frame', 'The message is not JSON.');
  const parsed = serverFrame.safeParse(json);
  if (!parsed.success) return refuse(100003, 'malformed_frame', z.prettifyError(parsed.error));
  const frame = parsed.data;
  if (frame.event === 'clear') return { ok: true, frame: { event: 'clear' } };
  if (frame.event === 'mark') return { ok: true, frame: { event: 'mark', name: frame.mark.name } };
  return readMedia(frame.media.payload, measure);
}

function readMedia(payload: string, measure: AudioMeasure): FrameResult {
  const bytes = Buffer.from(payload, 'base64');
  // Node forgives base64url, missing padding and stray characters; the carrier is not known to.
  if (bytes.toString('base64') !== payload) return refuse(100004, 'invalid_media', 'The payload is not base64.');
  const audioMs = bytes.length / measure.bytesPerMs;
  if (audioMs < MIN_AUDIO_MS || audioMs > MAX_AUDIO_MS) {
    return refuse(100004, 'invalid_media', `The payload has ${audioMs} ms of audio; 20 ms to 30 s are allowed.`);
  }
  if (bytes.length % measure.bytesPerSample !== 0) {
    return refuse(100004, 'invalid_media', 'The payload ends within a sample.');
  }
  return { ok: true, frame: { event: 'media', bytes } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is an answer here, not a failure.
    return undefined;
  }
}

function refuse(code: number, title: string, detail: string): FrameResult {
  return { ok: false, error: { code, title, detail } };
}

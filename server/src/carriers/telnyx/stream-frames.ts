// The frames of Telnyx's media streaming WebSocket: JSON text, snake_case, numbers often as strings.
// Source: Telnyx "Stream call media over WebSocket".

import { z } from 'zod';

/** Upgrade header in which Telnyx repeats the `stream_auth_token` of the request for the stream. */
export const STREAM_TOKEN_HEADER = 'x-telnyx-streaming-auth-token';

const numeric = z.coerce.number();

const startSchema = z.object({
  event: z.literal('start'),
  stream_id: z.string().min(1),
  start: z.object({
    call_control_id: z.string().min(1),
    client_state: z.string().nullish(),
    media_format: z.object({ encoding: z.string(), sample_rate: numeric, channels: numeric.default(1) }),
  }),
});

const mediaSchema = z.object({
  event: z.literal('media'),
  media: z.object({ track: z.string().default('inbound'), payload: z.string() }),
});

const markSchema = z.object({ event: z.literal('mark'), mark: z.object({ name: z.string() }) });

const errorSchema = z.object({
  event: z.literal('error'),
  payload: z.object({ code: z.union([z.string(), z.number()]).optional(), title: z.string().optional() }).default({}),
});

const frameSchema = z.discriminatedUnion('event', [
  startSchema,
  mediaSchema,
  markSchema,
  errorSchema,
  z.object({ event: z.literal('connected') }),
  z.object({ event: z.literal('stop') }),
  z.object({ event: z.literal('dtmf') }),
]);

/** A frame from Telnyx. */
export type InboundFrame = z.infer<typeof frameSchema>;

/** The frame with which a stream announces itself. */
export type StartFrame = z.infer<typeof startSchema>;

/** Reads one frame; undefined when it is not a frame that we know. */
export function parseFrame(text: string): InboundFrame | undefined {
  try {
    return frameSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: counted by the caller like any other bad frame.
    return undefined;
  }
}

/** Outbound audio; base64 needs no JSON escaping. */
export function mediaFrame(audio: Uint8Array): string {
  const base64 = Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength).toString('base64');
  return `{"event":"media","media":{"payload":"${base64}"}}`;
}

/** Asks for an echo when everything sent before has been played. */
export function markFrame(name: string): string {
  return JSON.stringify({ event: 'mark', mark: { name } });
}

/** Empties the carrier's queue. */
export const CLEAR_FRAME = '{"event":"clear"}';

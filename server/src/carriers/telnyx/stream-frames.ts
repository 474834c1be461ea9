// The frames of Telnyx's media streaming WebSocket: JSON text, snake_case, numbers often as strings.
// Source: Telnyx "Stream call media over WebSocket".

import { z } from 'zod';
import { Base64Message } from '../../lib/base64-message';
import { hasEscapes, scanString } from '../../lib/json-scan';

/** Upgrade header in which Telnyx repeats the `stream_auth_token` of the request for the stream. */
export const STREAM_TOKEN_HEADER = 'x-telnyx-streaming-auth-token';

const numeric = z.coerce.number();

/** A touch tone in frames and webhooks: 0-9, *, # or A-D, which may come in small letters. */
export const digitSchema = z
  .union([z.string(), z.number().transform(String)])
  .pipe(z.string().regex(/^[0-9A-Da-d*#]$/))
  .transform((digit) => digit.toUpperCase());

// Real ones are some 60 characters of base64 behind a version. What no path of the API can hold could not be hung up.
const LEG_ID = /^(?!\.{1,2}$)[\x21-\x7e]{1,500}$/;

/** The name that Telnyx gives a leg, in frames and webhooks. */
export const legIdSchema = z.string().regex(LEG_ID);

const startSchema = z.object({
  event: z.literal('start'),
  stream_id: z.string().min(1),
  start: z.object({
    call_control_id: legIdSchema,
    client_state: z.string().nullish(),
    media_format: z.object({ encoding: z.string(), sample_rate: numeric, channels: numeric.default(1) }),
  }),
});

const markSchema = z.object({ event: z.literal('mark'), mark: z.object({ name: z.string() }) });

const dtmfSchema = z.object({ event: z.literal('dtmf'), dtmf: z.object({ digit: digitSchema }) });

const errorSchema = z.object({
  event: z.literal('error'),
  payload: z.object({ code: z.union([z.string(), z.number()]).optional(), title: z.string().optional() }).default({}),
});

const frameSchema = z.discriminatedUnion('event', [
  startSchema,
  markSchema,
  dtmfSchema,
  errorSchema,
  z.object({ event: z.literal('connected') }),
  z.object({ event: z.literal('stop') }),
]);

/** A frame of audio. Fifty a second and call, so that it is read by hand: parser and schema would cost twice as much. */
export type MediaFrame = {
  readonly event: 'media';
  readonly track: string;
  /** Place of the frame in its track; undefined when it is missing or no number. */
  readonly chunk: number | undefined;
  readonly payload: string;
};

/** A frame from Telnyx. */
export type InboundFrame = z.infer<typeof frameSchema> | MediaFrame;

/** The frame with which a stream announces itself. */
export type StartFrame = z.infer<typeof startSchema>;

/** The frame with which Telnyx refuses one of ours. */
export type ErrorFrame = z.infer<typeof errorSchema>;

/** What came when it was not a frame that we know: a kind of the future, or nothing that can be read. */
export type OddFrame = { readonly event: 'unknown' } | { readonly event: 'unreadable' };

const KNOWN_EVENTS: ReadonlySet<unknown> = new Set(['start', 'mark', 'error', 'connected', 'stop', 'dtmf']);

/** Reads one frame; never throws. */
export function parseFrame(text: string): InboundFrame | OddFrame {
  return scanMedia(text) ?? parseWhole(text);
}

const MEDIA_START = '{"event":"media",';

/** Audio in the compact form in which Telnyx sends it; undefined for anything else. */
function scanMedia(text: string): MediaFrame | undefined {
  if (!text.startsWith(MEDIA_START) || hasEscapes(text)) return undefined;
  const from = text.indexOf('"media":{');
  if (from < 0) return undefined;
  const payload = scanString(text, '"payload":"', from);
  const track = scanString(text, '"track":"', from);
  const chunk = readChunk(scanString(text, '"chunk":"', from));
  if (payload === undefined || track === undefined || chunk === undefined) return undefined;
  return { event: 'media', track, chunk, payload };
}

function parseWhole(text: string): InboundFrame | OddFrame {
  const json = parseJson(text);
  if (typeof json !== 'object' || json === null || !('event' in json)) return { event: 'unreadable' };
  if (json.event === 'media') return readMedia((json as { readonly media?: unknown }).media);
  if (typeof json.event === 'string' && !KNOWN_EVENTS.has(json.event)) return { event: 'unknown' };
  return frameSchema.safeParse(json).data ?? { event: 'unreadable' };
}

function readMedia(media: unknown): MediaFrame | OddFrame {
  if (typeof media !== 'object' || media === null) return { event: 'unreadable' };
  const { payload, track = 'inbound', chunk } = media as Readonly<Record<string, unknown>>;
  if (typeof payload !== 'string' || typeof track !== 'string') return { event: 'unreadable' };
  return { event: 'media', track, chunk: readChunk(chunk), payload };
}

/** Telnyx sends numbers as strings. */
function readChunk(chunk: unknown): number | undefined {
  const number = typeof chunk === 'string' && chunk !== '' ? Number(chunk) : chunk;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: unreadable, as undefined is.
    return undefined;
  }
}

const MEDIA_MESSAGE = new Base64Message('{"event":"media","media":{"payload":"', '"}}');

/** Outbound audio. */
export function mediaFrame(audio: Buffer): Buffer {
  return MEDIA_MESSAGE.around(audio);
}

/** Asks for an echo when everything sent before has been played. */
export function markFrame(name: string): Buffer {
  return Buffer.from(JSON.stringify({ event: 'mark', mark: { name } }));
}

/** Empties the carrier's queue. */
export const CLEAR_FRAME: Buffer = Buffer.from('{"event":"clear"}');

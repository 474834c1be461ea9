// The server events of the GA Realtime API that we act on. Unknown events and unknown fields are ordinary and ignored.
// What we send is typed by the `openai` package (types only).

import { z } from 'zod';
import type { ItemRef } from '../calls/conversation-ports';
import { hasEscapes, scanInteger, scanString } from '../lib/json-scan';

// Usage is only counted: whatever is wrong with it must not cost us the event that carries it.
const count = z.number().nonnegative().nullish().catch(undefined);

const modalityCounts = z.object({ text_tokens: count, audio_tokens: count }).nullish().catch(undefined);

const responseUsageSchema = z
  .object({
    input_token_details: z
      .object({
        text_tokens: count,
        audio_tokens: count,
        cached_tokens: count,
        cached_tokens_details: modalityCounts,
      })
      .nullish()
      .catch(undefined),
    output_token_details: modalityCounts,
  })
  .nullish()
  .catch(undefined);

const transcriptionUsageSchema = z
  .object({ type: z.enum(['tokens', 'duration']), input_tokens: count, output_tokens: count, seconds: count })
  .nullish()
  .catch(undefined);

// A detail that is odd must not cost us the event either: what happened decides what happens next.
const detail = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(undefined);

const errorSchema = z.object({ type: detail, code: detail, message: detail, param: detail, event_id: detail });

const formatSchema = z.object({ type: z.string(), rate: z.number().nullish() });

// Null when there is none.
const turnDetection = z
  .object({ create_response: z.boolean().nullish().catch(undefined) })
  .nullish()
  .catch(undefined);

const itemFields = { response_id: z.string(), item_id: z.string(), content_index: z.number().int().default(0) };

// Of an item only what tells tool calls and their results from the rest.
const outputItem = z.object({ type: detail, status: detail, call_id: detail, name: detail, arguments: detail });

const serverEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('session.created'),
    session: z.object({ id: z.string().optional(), expires_at: count }),
  }),
  z.object({
    type: z.literal('session.updated'),
    session: z.object({
      expires_at: count,
      audio: z
        .object({
          input: z.object({ format: formatSchema.optional(), turn_detection: turnDetection }).optional(),
          output: z.object({ format: formatSchema.optional(), voice: z.unknown().optional() }).optional(),
        })
        .optional(),
    }),
  }),
  z.object({ type: z.literal('error'), error: errorSchema }),
  z.object({ type: z.literal('input_audio_buffer.speech_started'), item_id: z.string().default('') }),
  z.object({
    type: z.literal('input_audio_buffer.speech_stopped'),
    item_id: z.string().default(''),
    audio_end_ms: count,
  }),
  z.object({ type: z.literal('input_audio_buffer.committed'), item_id: z.string() }),
  z.object({
    type: z.literal('conversation.item.input_audio_transcription.completed'),
    item_id: z.string(),
    transcript: z.string(),
    usage: transcriptionUsageSchema,
  }),
  z.object({ type: z.literal('conversation.item.input_audio_transcription.failed'), item_id: z.string() }),
  z.object({
    type: z.literal('response.created'),
    response: z.object({ id: z.string(), metadata: z.record(z.string(), z.string()).nullish().catch(undefined) }),
  }),
  z.object({
    type: z.literal('response.done'),
    response: z.object({
      id: z.string(),
      status: z.enum(['completed', 'cancelled', 'incomplete', 'failed']).catch('completed'),
      status_details: z
        .object({ error: errorSchema.nullish().catch(undefined) })
        .nullish()
        .catch(undefined),
      usage: responseUsageSchema,
    }),
  }),
  z.object({ type: z.literal('conversation.item.added'), item: outputItem }),
  z.object({ type: z.literal('response.output_item.added'), response_id: z.string(), item: outputItem }),
  z.object({ type: z.literal('response.output_item.done'), response_id: z.string(), item: outputItem }),
  z.object({ type: z.literal('response.output_audio.done'), ...itemFields }),
  z.object({ type: z.literal('response.output_audio_transcript.delta'), ...itemFields, delta: z.string() }),
  z.object({ type: z.literal('response.output_audio_transcript.done'), ...itemFields, transcript: z.string() }),
]);

/** Some of the AI's voice. Most of what the server sends, so that it is read by hand: parser and schema would cost twice as much. */
export type AudioDelta = {
  readonly type: 'response.output_audio.delta';
  readonly response_id: string;
  readonly item_id: string;
  readonly content_index: number;
  /** Base64. */
  readonly delta: string;
};

/** A server event that we act on. */
export type ServerEvent = z.infer<typeof serverEventSchema> | AudioDelta;

/** An event about a response, or about what the tools of one have left in the conversation. */
export type ResponseEvent = Extract<ServerEvent, { type: `response.${string}` | 'conversation.item.added' }>;

/** The `session.updated` event. */
export type SessionUpdated = Extract<ServerEvent, { type: 'session.updated' }>;

/** An item of the conversation, as far as it matters here. */
export type OutputItem = z.infer<typeof outputItem>;

/** The `response.done` event. */
export type ResponseDone = Extract<ServerEvent, { type: 'response.done' }>;

/** Token counts of a response; every field may be missing. */
export type ResponseUsage = NonNullable<z.infer<typeof responseUsageSchema>>;

/** What transcribing one turn used. */
export type TranscriptionUsage = NonNullable<z.infer<typeof transcriptionUsageSchema>>;

/** The error inside an `error` event or a failed response. */
export type RealtimeErrorBody = z.infer<typeof errorSchema>;

/** An event of a kind that we act on, in a shape that we do not understand. */
export type UnreadableEvent = { readonly type: 'unreadable'; readonly of: string };

const KNOWN_TYPES: ReadonlySet<unknown> = new Set(serverEventSchema.options.map((option) => option.shape.type.value));

/** Which part of which response an event is about. */
export function itemRef(event: { response_id: string; item_id: string; content_index: number }): ItemRef {
  return { responseId: event.response_id, itemId: event.item_id, contentIndex: event.content_index };
}

/** Reads one server event; undefined for those that are not for us. Never throws. */
export function parseServerEvent(text: string): ServerEvent | UnreadableEvent | undefined {
  return scanAudioDelta(text) ?? parseWhole(text);
}

const DELTA_START = '{"type":"response.output_audio.delta",';

/** Audio in the compact form in which the server sends it; undefined for anything else. */
function scanAudioDelta(text: string): AudioDelta | undefined {
  if (!text.startsWith(DELTA_START) || hasEscapes(text)) return undefined;
  const response_id = scanString(text, '"response_id":"');
  const item_id = scanString(text, '"item_id":"');
  const content_index = scanInteger(text, '"content_index":');
  const delta = scanString(text, '"delta":"');
  if (response_id === undefined || item_id === undefined || content_index === undefined || delta === undefined) {
    return undefined;
  }
  return { type: 'response.output_audio.delta', response_id, item_id, content_index, delta };
}

function parseWhole(text: string): ServerEvent | UnreadableEvent | undefined {
  const json = parseJson(text);
  if (typeof json !== 'object' || json === null || !('type' in json)) return undefined;
  if (json.type === 'response.output_audio.delta') return readAudioDelta(json);
  if (!KNOWN_TYPES.has(json.type)) return undefined;
  return serverEventSchema.safeParse(json).data ?? { type: 'unreadable', of: String(json.type) };
}

function readAudioDelta(event: object): AudioDelta | UnreadableEvent {
  const type = 'response.output_audio.delta';
  const { response_id, item_id, content_index = 0, delta } = event as Readonly<Record<string, unknown>>;
  const isReadable = typeof response_id === 'string' && typeof item_id === 'string' && typeof delta === 'string';
  if (!isReadable || !Number.isSafeInteger(content_index)) return { type: 'unreadable', of: type };
  return { type, response_id, item_id, content_index: content_index as number, delta };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the API never sends that; nothing can be done about it here.
    return undefined;
  }
}

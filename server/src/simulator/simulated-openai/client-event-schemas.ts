/** The eleven client events of the GA protocol (ten of them valid on a WebSocket), and the strict parser for them. */
import { z } from 'zod';
import { ClientMistake, mistakeFromIssues } from './client-mistake';
import {
  audioFormatSchema,
  maxOutputTokensSchema,
  metadataSchema,
  outputModalitiesSchema,
  promptSchema,
  reasoningSchema,
  sessionPatchSchema,
  toolChoiceSchema,
  toolsSchema,
  voiceSchema,
} from './session-schemas';

const MAX_EVENT_ID_CHARS = 512;
/** Longer ids, such as a prefixed UUID, have been refused by the real server. */
const MAX_ITEM_ID_CHARS = 32;

const itemFields = {
  id: z.string().min(1).max(MAX_ITEM_ID_CHARS).optional(),
  object: z.literal('realtime.item').optional(),
  status: z.enum(['completed', 'incomplete', 'in_progress']).optional(),
};

const inputTextSchema = z.strictObject({ type: z.literal('input_text'), text: z.string() });

const userContentSchema = z.discriminatedUnion('type', [
  inputTextSchema,
  z.strictObject({ type: z.literal('input_audio'), audio: z.string(), transcript: z.string().optional() }),
  z.strictObject({
    type: z.literal('input_image'),
    image_url: z.string(),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
]);

const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({
    ...itemFields,
    type: z.literal('message'),
    role: z.literal('system'),
    content: z.array(inputTextSchema),
  }),
  z.strictObject({
    ...itemFields,
    type: z.literal('message'),
    role: z.literal('user'),
    content: z.array(userContentSchema),
  }),
  z.strictObject({
    ...itemFields,
    type: z.literal('message'),
    role: z.literal('assistant'),
    // Assistant audio cannot be created, only text.
    content: z.array(z.strictObject({ type: z.literal('output_text'), text: z.string() })),
  }),
]);

/** An item that a client may create; of the MCP kinds only the approval, which is all a client has to say. */
export const clientItemSchema = z.discriminatedUnion('type', [
  messageSchema,
  z.strictObject({
    ...itemFields,
    type: z.literal('function_call'),
    call_id: z.string().min(1).max(MAX_ITEM_ID_CHARS).optional(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({
    ...itemFields,
    type: z.literal('function_call_output'),
    call_id: z.string().min(1),
    output: z.string(),
  }),
  z.strictObject({
    id: itemFields.id,
    type: z.literal('mcp_approval_response'),
    approval_request_id: z.string(),
    approve: z.boolean(),
    reason: z.string().nullable().optional(),
  }),
]);

const itemReferenceSchema = z.strictObject({ type: z.literal('item_reference'), id: z.string() });

const responseParamsSchema = z.strictObject({
  instructions: z.string().optional(),
  conversation: z.enum(['auto', 'none']).optional(),
  input: z.array(z.discriminatedUnion('type', [clientItemSchema, itemReferenceSchema])).optional(),
  output_modalities: outputModalitiesSchema.optional(),
  audio: z
    .strictObject({
      output: z.strictObject({ format: audioFormatSchema.optional(), voice: voiceSchema.optional() }).optional(),
    })
    .optional(),
  tools: toolsSchema.optional(),
  tool_choice: toolChoiceSchema.optional(),
  max_output_tokens: maxOutputTokensSchema.optional(),
  metadata: metadataSchema.optional(),
  prompt: promptSchema.nullable().optional(),
  reasoning: reasoningSchema.optional(),
  parallel_tool_calls: z.boolean().optional(),
});

const eventFields = { event_id: z.string().max(MAX_EVENT_ID_CHARS).optional() };

const clientEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ ...eventFields, type: z.literal('session.update'), session: sessionPatchSchema }),
  z.strictObject({ ...eventFields, type: z.literal('input_audio_buffer.append'), audio: z.string() }),
  z.strictObject({ ...eventFields, type: z.literal('input_audio_buffer.commit') }),
  z.strictObject({ ...eventFields, type: z.literal('input_audio_buffer.clear') }),
  z.strictObject({
    ...eventFields,
    type: z.literal('conversation.item.create'),
    previous_item_id: z.string().nullable().optional(),
    item: clientItemSchema,
  }),
  z.strictObject({ ...eventFields, type: z.literal('conversation.item.retrieve'), item_id: z.string() }),
  z.strictObject({
    ...eventFields,
    type: z.literal('conversation.item.truncate'),
    item_id: z.string(),
    content_index: z.number().int(),
    audio_end_ms: z.number().int(),
  }),
  z.strictObject({ ...eventFields, type: z.literal('conversation.item.delete'), item_id: z.string() }),
  z.strictObject({ ...eventFields, type: z.literal('response.create'), response: responseParamsSchema.optional() }),
  z.strictObject({ ...eventFields, type: z.literal('response.cancel'), response_id: z.string().optional() }),
]);

/** A valid client event. */
export type ClientEvent = z.infer<typeof clientEventSchema>;
/** An item as a client may create it. */
export type ClientItem = z.infer<typeof clientItemSchema>;
/** The overrides of one `response.create`. */
export type ResponseParams = z.infer<typeof responseParamsSchema>;

/** Checks a parsed JSON value against the protocol; throws the ClientMistake that the server would answer with. */
export function parseClientEvent(raw: unknown): ClientEvent {
  const result = clientEventSchema.safeParse(raw);
  if (result.success) return result.data;
  const type: unknown = typeof raw === 'object' && raw !== null ? Reflect.get(raw, 'type') : undefined;
  // Said by OpenAI to be for WebRTC and SIP only: a WebSocket has no output buffer on the server.
  if (type === 'output_audio_buffer.clear') {
    throw new ClientMistake(
      'invalid_value',
      "Event 'output_audio_buffer.clear' is not available on a WebSocket.",
      'type',
    );
  }
  throw mistakeFromIssues(result.error.issues, raw);
}

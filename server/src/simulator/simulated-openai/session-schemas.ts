/**
 * The shapes of session settings in client events, as the GA API documents them. Every object is strict: a misspelt,
 * misplaced or beta-era field must be refused, because the real server refuses the whole update then.
 */
import { z } from 'zod';
import { BUILT_IN_VOICES, TRANSCRIPTION_MODELS } from './models';

const MAX_OUTPUT_TOKENS = 4096;
const MAX_METADATA_KEYS = 16;

/** An audio format; PCM exists at 24 kHz only and its rate must be spelt out. */
export const audioFormatSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000) }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
  z.strictObject({ type: z.literal('audio/pcma') }),
]);

/** One built-in voice by name, or a custom one by id. */
export const voiceSchema = z.union([z.enum(BUILT_IN_VOICES), z.strictObject({ id: z.string().min(1) })]);

/** Exactly one modality: audio always brings its transcript along. */
export const outputModalitiesSchema = z.array(z.enum(['audio', 'text'])).length(1);

/** A limit on the output of one response. */
export const maxOutputTokensSchema = z.union([z.literal('inf'), z.number().int().min(1).max(MAX_OUTPUT_TOKENS)]);

/** Reasoning effort; whether the model has any is checked apart. */
export const reasoningSchema = z.strictObject({
  effort: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
});

/** A reference to a stored prompt. */
export const promptSchema = z.strictObject({
  id: z.string(),
  version: z.string().nullable().optional(),
  variables: z.record(z.string(), z.unknown()).nullable().optional(),
});

/** Up to 16 short strings, given back with the response. */
export const metadataSchema = z
  .record(z.string().max(64), z.string().max(512))
  .refine((metadata) => Object.keys(metadata).length <= MAX_METADATA_KEYS, 'Too many keys')
  .nullable();

const functionToolSchema = z.strictObject({
  type: z.literal('function'),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
});

const mcpFilterSchema = z.strictObject({
  tool_names: z.array(z.string()).optional(),
  read_only: z.boolean().optional(),
});

const mcpToolSchema = z.strictObject({
  type: z.literal('mcp'),
  server_label: z.string(),
  server_url: z.url().optional(),
  connector_id: z.string().optional(),
  tunnel_id: z.string().optional(),
  authorization: z.string().optional(),
  server_description: z.string().optional(),
  headers: z.record(z.string(), z.string()).nullable().optional(),
  allowed_tools: z
    .union([z.array(z.string()), mcpFilterSchema])
    .nullable()
    .optional(),
  require_approval: z
    .union([
      z.enum(['always', 'never']),
      z.strictObject({ always: mcpFilterSchema.optional(), never: mcpFilterSchema.optional() }),
    ])
    .nullable()
    .optional(),
  defer_loading: z.boolean().optional(),
});

/** The tools of a session or of one response. */
export const toolsSchema = z.array(z.discriminatedUnion('type', [functionToolSchema, mcpToolSchema]));

/** Which tool the model may or must call. */
export const toolChoiceSchema = z.union([
  z.enum(['auto', 'none', 'required']),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('function'), name: z.string() }),
    z.strictObject({ type: z.literal('mcp'), server_label: z.string(), name: z.string().nullable().optional() }),
  ]),
]);

const turnDetectionSchema = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('server_vad'),
      threshold: z.number().min(0).max(1).optional(),
      prefix_padding_ms: z.number().int().min(0).optional(),
      silence_duration_ms: z.number().int().min(0).optional(),
      idle_timeout_ms: z.number().int().min(5000).max(30_000).nullable().optional(),
      create_response: z.boolean().optional(),
      interrupt_response: z.boolean().optional(),
    }),
    z.strictObject({
      type: z.literal('semantic_vad'),
      eagerness: z.enum(['low', 'medium', 'high', 'auto']).optional(),
      create_response: z.boolean().optional(),
      interrupt_response: z.boolean().optional(),
    }),
  ])
  .nullable();

const transcriptionSchema = z
  .strictObject({
    model: z.enum(TRANSCRIPTION_MODELS),
    language: z.string().optional(),
    languages: z.array(z.string()).min(1).optional(),
    keywords: z.array(z.string()).optional(),
    prompt: z.string().optional(),
    delay: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
  })
  .nullable();

const inputSchema = z.strictObject({
  format: audioFormatSchema.optional(),
  noise_reduction: z
    .strictObject({ type: z.enum(['near_field', 'far_field']), strength: z.number().optional() })
    .nullable()
    .optional(),
  transcription: transcriptionSchema.optional(),
  turn_detection: turnDetectionSchema.optional(),
});

const outputSchema = z.strictObject({
  format: audioFormatSchema.optional(),
  voice: voiceSchema.optional(),
  speed: z.number().min(0.25).max(1.5).optional(),
});

const truncationSchema = z.union([
  z.enum(['auto', 'disabled']),
  z.strictObject({
    type: z.literal('retention_ratio'),
    retention_ratio: z.number().min(0).max(1),
    token_limits: z.strictObject({ post_instructions: z.number().int().min(0).optional() }).optional(),
  }),
]);

const tracingSchema = z.union([
  z.enum(['auto']),
  z.strictObject({
    workflow_name: z.string().optional(),
    group_id: z.string().optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
  }),
]);

/** The `session` of a `session.update`; a transcription session cannot be made of a conversation. */
export const sessionPatchSchema = z.strictObject({
  type: z.literal('realtime'),
  model: z.string().optional(),
  output_modalities: outputModalitiesSchema.optional(),
  instructions: z.string().optional(),
  audio: z.strictObject({ input: inputSchema.optional(), output: outputSchema.optional() }).optional(),
  tools: toolsSchema.optional(),
  tool_choice: toolChoiceSchema.optional(),
  max_output_tokens: maxOutputTokensSchema.optional(),
  truncation: truncationSchema.optional(),
  tracing: tracingSchema.nullable().optional(),
  reasoning: reasoningSchema.optional(),
  parallel_tool_calls: z.boolean().optional(),
  include: z
    .array(z.enum(['item.input_audio_transcription.logprobs']))
    .nullable()
    .optional(),
  prompt: promptSchema.nullable().optional(),
});

/** An audio format on the wire. */
export type AudioFormat = z.infer<typeof audioFormatSchema>;
/** A voice on the wire. */
export type VoiceChoice = z.infer<typeof voiceSchema>;
/** A list of tools on the wire. */
export type Tools = z.infer<typeof toolsSchema>;
/** A tool choice on the wire. */
export type ToolChoice = z.infer<typeof toolChoiceSchema>;
/** What a `session.update` asks to change. */
export type SessionPatch = z.infer<typeof sessionPatchSchema>;
/** Turn detection as a client may ask for it. */
export type TurnDetectionPatch = z.infer<typeof turnDetectionSchema>;
/** Input transcription settings, or null for none. */
export type Transcription = z.infer<typeof transcriptionSchema>;

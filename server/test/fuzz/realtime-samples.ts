// One sound server event of each kind that a Realtime session may send, by the GA schema.

import type { Json } from './hostile-values';

const AUDIO = Buffer.alloc(960).toString('base64');

const USAGE: Json = {
  total_tokens: 30,
  input_tokens: 20,
  output_tokens: 10,
  input_token_details: {
    text_tokens: 10,
    audio_tokens: 10,
    cached_tokens: 5,
    cached_tokens_details: { text_tokens: 5, audio_tokens: 0 },
  },
  output_token_details: { text_tokens: 4, audio_tokens: 6 },
};

const RESPONSE: Json = { id: 'r1', object: 'realtime.response', status: 'in_progress', output: [], metadata: null };

const PART = { response_id: 'r1', item_id: 'i1', output_index: 0, content_index: 0 } as const;

const MESSAGE: Json = { id: 'i1', type: 'message', role: 'assistant', status: 'in_progress', content: [] };

const FUNCTION: Json = {
  id: 'i2',
  type: 'function_call',
  status: 'completed',
  call_id: 'c1',
  name: 'end_call',
  arguments: '{"reason":"done"}',
};

/** The voice of the AI comes most often. */
export const AUDIO_DELTA: Json = { type: 'response.output_audio.delta', event_id: 'e', ...PART, delta: AUDIO };

/** A response from its first event to its last, of speech and of a tool. */
export const SOUND_RESPONSE: readonly Json[] = [
  { type: 'response.created', event_id: 'e', response: RESPONSE },
  { type: 'response.output_item.added', response_id: 'r1', output_index: 0, item: MESSAGE },
  { type: 'conversation.item.added', previous_item_id: null, item: MESSAGE },
  { type: 'response.content_part.added', ...PART, part: { type: 'audio' } },
  { type: 'response.output_audio_transcript.delta', ...PART, delta: 'Hello' },
  AUDIO_DELTA,
  { type: 'response.output_audio_transcript.done', ...PART, transcript: 'Hello' },
  { type: 'response.output_audio.done', ...PART },
  { type: 'response.output_item.done', response_id: 'r1', output_index: 0, item: MESSAGE },
  { type: 'response.done', event_id: 'e', response: { ...(RESPONSE as object), status: 'completed', usage: USAGE } },
];

/** Everything else. */
export const OTHER_EVENTS: readonly Json[] = [
  { type: 'session.created', session: { id: 's1', expires_at: 1_900_000_000 } },
  { type: 'session.updated', session: { audio: { input: {}, output: {} } } },
  { type: 'error', error: { type: 'invalid_request_error', code: 'x', message: 'No.', param: null, event_id: 'e1' } },
  { type: 'error', error: { type: 'server_error', code: null, message: 'Sorry.', param: null, event_id: null } },
  { type: 'input_audio_buffer.speech_started', audio_start_ms: 100, item_id: 'u1' },
  { type: 'input_audio_buffer.speech_stopped', audio_end_ms: 900, item_id: 'u1' },
  { type: 'input_audio_buffer.committed', previous_item_id: null, item_id: 'u1' },
  { type: 'input_audio_buffer.cleared' },
  { type: 'input_audio_buffer.timeout_triggered', audio_start_ms: 1, audio_end_ms: 2, item_id: 'u1' },
  { type: 'conversation.item.created', item: MESSAGE },
  { type: 'conversation.item.added', item: FUNCTION },
  { type: 'conversation.item.done', item: MESSAGE },
  { type: 'conversation.item.retrieved', item: MESSAGE },
  { type: 'conversation.item.truncated', item_id: 'i1', content_index: 0, audio_end_ms: 10 },
  { type: 'conversation.item.deleted', item_id: 'i1' },
  {
    type: 'conversation.item.input_audio_transcription.completed',
    item_id: 'u1',
    content_index: 0,
    transcript: 'Hello?',
    usage: { type: 'tokens', input_tokens: 10, output_tokens: 5, total_tokens: 15 },
  },
  {
    type: 'conversation.item.input_audio_transcription.completed',
    item_id: 'u2',
    content_index: 0,
    transcript: 'Yes.',
    usage: { type: 'duration', seconds: 1.5 },
  },
  { type: 'conversation.item.input_audio_transcription.delta', item_id: 'u1', content_index: 0, delta: 'Hel' },
  { type: 'conversation.item.input_audio_transcription.failed', item_id: 'u1', error: { code: 'x', message: 'No.' } },
  { type: 'response.output_item.added', response_id: 'r1', output_index: 1, item: FUNCTION },
  { type: 'response.function_call_arguments.delta', response_id: 'r1', item_id: 'i2', call_id: 'c1', delta: '{' },
  { type: 'response.function_call_arguments.done', response_id: 'r1', item_id: 'i2', call_id: 'c1', arguments: '{}' },
  { type: 'response.output_item.done', response_id: 'r1', output_index: 1, item: FUNCTION },
  {
    type: 'response.done',
    response: {
      id: 'r1',
      status: 'failed',
      status_details: { type: 'failed', error: { type: 'server_error', code: 'server_error', message: 'x' } },
      usage: null,
    },
  },
  { type: 'response.done', response: { id: 'r1', status: 'cancelled', status_details: { reason: 'turn_detected' } } },
  { type: 'rate_limits.updated', rate_limits: [{ name: 'tokens', limit: 100, remaining: 1, reset_seconds: 1 }] },
  { type: 'response.unheard_of', anything: {} },
];

/** The models and voices that the simulated server knows, and the model list it serves over HTTP. */

/** Realtime models of the GA API. */
export const REALTIME_MODELS = [
  'gpt-realtime-2.1',
  'gpt-realtime-2.1-mini',
  'gpt-realtime-2',
  'gpt-realtime-1.5',
  'gpt-realtime',
  'gpt-realtime-2025-08-28',
  'gpt-realtime-mini',
  'gpt-realtime-mini-2025-10-06',
  'gpt-realtime-mini-2025-12-15',
] as const;

/** Models that write down what is said; they hold no sessions of their own. */
export const TRANSCRIPTION_MODELS = [
  'whisper-1',
  'gpt-4o-mini-transcribe',
  'gpt-4o-mini-transcribe-2025-12-15',
  'gpt-4o-transcribe',
  'gpt-4o-transcribe-diarize',
  'gpt-transcribe',
  'gpt-live-transcribe',
  'gpt-realtime-whisper',
] as const;

/** Whether the model list has the model. */
export function isListedModel(model: string): boolean {
  return isKnownModel(model) || TRANSCRIPTION_MODELS.some((known) => known === model);
}

/** The built-in voices that Realtime accepts; a custom one is given as an object with an id. */
export const BUILT_IN_VOICES = [
  'alloy',
  'ash',
  'ballad',
  'coral',
  'echo',
  'sage',
  'shimmer',
  'verse',
  'marin',
  'cedar',
] as const;

const SHUTDOWN_DATE = '2027-01-20';
const CREATED_AT_SECONDS = 1_756_339_200;

/** Whether the server knows the model. */
export function isKnownModel(model: string): boolean {
  return REALTIME_MODELS.some((known) => known === model);
}

/** Whether the model takes `reasoning` and `parallel_tool_calls`: only the 2.x family does. */
export function canReason(model: string): boolean {
  return model.startsWith('gpt-realtime-2.') || model === 'gpt-realtime-2';
}

/** The model object of `GET /v1/models/{id}`. */
export function modelObject(model: string): object {
  // The models that are about to go carry their last day.
  const isEnding = /^gpt-realtime(-mini)?(-\d{4}-\d{2}-\d{2})?$/.test(model);
  return {
    id: model,
    object: 'model',
    created: CREATED_AT_SECONDS,
    owned_by: 'system',
    ...(isEnding ? { shutdown_date: SHUTDOWN_DATE } : {}),
  };
}

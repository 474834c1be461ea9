/** The effective configuration of one session: the server's defaults, and what a checked `session.update` makes of it. */
import { ClientMistake } from './client-mistake';
import { canReason } from './models';
import type {
  AudioFormat,
  SessionPatch,
  ToolChoice,
  Tools,
  Transcription,
  TurnDetectionPatch,
  VoiceChoice,
} from './session-schemas';

/** What the wire carries until an update says otherwise: the cause of static on calls whose update was refused. */
export const DEFAULT_FORMAT: AudioFormat = { type: 'audio/pcm', rate: 24_000 };

const DEFAULT_INSTRUCTIONS =
  'Your knowledge cutoff is 2023-10. You are a helpful, witty, and friendly AI. Act like a human.';

/** Turn detection with every default filled in; null leaves turns to the client. */
export type TurnDetection =
  | {
      readonly type: 'server_vad';
      readonly threshold: number;
      readonly prefix_padding_ms: number;
      readonly silence_duration_ms: number;
      readonly idle_timeout_ms: number | null;
      readonly create_response: boolean;
      readonly interrupt_response: boolean;
    }
  | {
      readonly type: 'semantic_vad';
      readonly eagerness: 'low' | 'medium' | 'high' | 'auto';
      readonly create_response: boolean;
      readonly interrupt_response: boolean;
    }
  | null;

/** The session as `session.created` and `session.updated` show it. */
export type SessionConfig = {
  readonly type: 'realtime';
  readonly object: 'realtime.session';
  readonly id: string;
  readonly model: string;
  /** Epoch seconds. */
  readonly expires_at: number;
  readonly output_modalities: readonly ('audio' | 'text')[];
  readonly instructions: string;
  readonly audio: {
    readonly input: {
      readonly format: AudioFormat;
      readonly noise_reduction: { readonly type: string; readonly strength?: number } | null;
      readonly transcription: Transcription;
      readonly turn_detection: TurnDetection;
    };
    readonly output: { readonly format: AudioFormat; readonly voice: VoiceChoice; readonly speed: number };
  };
  readonly tools: Tools;
  readonly tool_choice: ToolChoice;
  readonly max_output_tokens: number | 'inf';
  readonly truncation: NonNullable<SessionPatch['truncation']>;
  readonly tracing: SessionPatch['tracing'];
  readonly include: SessionPatch['include'];
  readonly prompt: SessionPatch['prompt'];
  readonly reasoning?: SessionPatch['reasoning'];
  readonly parallel_tool_calls?: boolean;
};

/** What a session has done so far that narrows what may still be changed. */
export type SessionProgress = { readonly hasSpoken: boolean; readonly isResponding: boolean };

/** The configuration a session starts with. */
export function defaultConfig(session: { id: string; model: string; expiresAtSeconds: number }): SessionConfig {
  return {
    type: 'realtime',
    object: 'realtime.session',
    id: session.id,
    model: session.model,
    expires_at: session.expiresAtSeconds,
    output_modalities: ['audio'],
    instructions: DEFAULT_INSTRUCTIONS,
    audio: {
      input: {
        format: DEFAULT_FORMAT,
        noise_reduction: null,
        transcription: null,
        turn_detection: withDefaults({ type: 'server_vad' }),
      },
      output: { format: DEFAULT_FORMAT, voice: 'alloy', speed: 1 },
    },
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    truncation: 'auto',
    tracing: null,
    include: null,
    prompt: null,
    ...(canReason(session.model) ? { reasoning: { effort: 'low' }, parallel_tool_calls: true } : {}),
  };
}

/** Applies an update whole, or throws the ClientMistake for which the server refuses it whole. */
export function applyPatch(config: SessionConfig, patch: SessionPatch, progress: SessionProgress): SessionConfig {
  refuseForeignModel(config, patch);
  refuseReasoningOn(config.model, patch, 'session');
  refuseVoiceChange({ config, voice: patch.audio?.output?.voice, ...progress }, 'session.audio.output.voice');
  refuseMidTurnSpeed(config, patch, progress);
  refuseTracingChange(config, patch);
  refuseTranscriptionMix(patch.audio?.input?.transcription ?? null);
  const { type: _type, model: _model, audio, ...rest } = patch;
  return { ...config, ...present(rest), audio: mergeAudio(config.audio, audio) };
}

/** Throws when reasoning fields are sent to a model that does not reason. */
export function refuseReasoningOn(
  model: string,
  fields: { readonly reasoning?: unknown; readonly parallel_tool_calls?: unknown },
  where: 'session' | 'response',
): void {
  if (canReason(model)) return;
  for (const name of ['reasoning', 'parallel_tool_calls'] as const) {
    if (fields[name] === undefined) continue;
    throw new ClientMistake('invalid_value', `'${name}' is not supported with model '${model}'.`, `${where}.${name}`);
  }
}

/** Throws when a voice differs from the session's after the session has spoken. */
export function refuseVoiceChange(
  wish: { readonly config: SessionConfig; readonly voice?: VoiceChoice; readonly hasSpoken: boolean },
  param: string,
): void {
  if (wish.voice === undefined || !wish.hasSpoken) return;
  if (JSON.stringify(wish.voice) === JSON.stringify(wish.config.audio.output.voice)) return;
  const message = "Cannot update a conversation's voice if assistant audio is present.";
  throw new ClientMistake('cannot_update_voice', message, param);
}

function refuseForeignModel(config: SessionConfig, patch: SessionPatch): void {
  if (patch.model === undefined || patch.model === config.model) return;
  throw new ClientMistake('invalid_value', 'The model of a session cannot be changed.', 'session.model');
}

function refuseMidTurnSpeed(config: SessionConfig, patch: SessionPatch, progress: SessionProgress): void {
  const speed = patch.audio?.output?.speed;
  if (!progress.isResponding || speed === undefined || speed === config.audio.output.speed) return;
  const message = 'The speed can only be changed between turns.';
  throw new ClientMistake('invalid_value', message, 'session.audio.output.speed');
}

function refuseTracingChange(config: SessionConfig, patch: SessionPatch): void {
  if (patch.tracing === undefined || config.tracing === null) return;
  if (JSON.stringify(patch.tracing) === JSON.stringify(config.tracing)) return;
  throw new ClientMistake('invalid_value', 'Tracing cannot be changed once it is enabled.', 'session.tracing');
}

function refuseTranscriptionMix(transcription: Transcription): void {
  if (transcription === null) return;
  const { model } = transcription;
  const isListening = model === 'gpt-transcribe' || model === 'gpt-live-transcribe';
  const isWhisperLive = model === 'gpt-realtime-whisper';
  const foreign = [
    transcription.keywords !== undefined && !isListening && 'keywords',
    transcription.languages !== undefined && !isListening && 'languages',
    transcription.delay !== undefined && !isWhisperLive && 'delay',
    transcription.prompt !== undefined && isWhisperLive && 'prompt',
  ].find((name) => name !== false);
  if (foreign === undefined) return;
  const param = `session.audio.input.transcription.${foreign}`;
  throw new ClientMistake('invalid_value', `'${foreign}' is not supported with model '${model}'.`, param);
}

function mergeAudio(audio: SessionConfig['audio'], patch: SessionPatch['audio']): SessionConfig['audio'] {
  const { turn_detection: turnDetection, ...input } = patch?.input ?? {};
  return {
    input: {
      ...audio.input,
      ...present(input),
      ...(turnDetection === undefined ? {} : { turn_detection: withDefaults(turnDetection) }),
    },
    output: { ...audio.output, ...present(patch?.output ?? {}) },
  };
}

/** 200 ms is the silence that the server applies when none is asked for, whatever older documents say. */
function withDefaults(patch: TurnDetectionPatch): TurnDetection {
  if (patch === null) return null;
  const { create_response: createResponse = true, interrupt_response: interruptResponse = true } = patch;
  const replies = { create_response: createResponse, interrupt_response: interruptResponse };
  if (patch.type === 'semantic_vad') return { type: 'semantic_vad', eagerness: patch.eagerness ?? 'auto', ...replies };
  return {
    type: 'server_vad',
    threshold: patch.threshold ?? 0.5,
    prefix_padding_ms: patch.prefix_padding_ms ?? 300,
    silence_duration_ms: patch.silence_duration_ms ?? 200,
    idle_timeout_ms: patch.idle_timeout_ms ?? null,
    ...replies,
  };
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops absent fields, which must not overwrite what is in force. */
function present<T extends object>(fields: T): Partial<Present<T>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Present<T>>;
}

// The session.updates of a call, and the check that the server took the first: a refused or half-taken update leaves the
// session on PCM defaults, which a phone plays as static.

import type {
  RealtimeAudioConfigInput,
  RealtimeAudioInputTurnDetection,
  RealtimeSessionCreateRequest,
} from 'openai/resources/realtime/realtime';
import type { NoiseReduction, TurnDetection } from '../calls/behaviour';
import type { ToolDeclaration, TurnTaking } from '../calls/speech';
import type { SessionUpdated } from './realtime-protocol';

/** How the session is to behave. */
export type SessionSettings = {
  readonly instructions: string;
  readonly voice: string;
  readonly audioFormat: 'pcm16' | 'pcmu';
  readonly transcriptionModel: string;
  readonly turnDetection: TurnDetection;
  readonly noiseReduction: NoiseReduction;
  readonly tools: readonly ToolDeclaration[];
};

// About 3.5 minutes of speech: an answer that is never this long, and the bound of the playout queue.
const MAX_OUTPUT_TOKENS = 4096;

/** The session of a phone call. The model is fixed by the URL and must not be repeated here. */
export function sessionRequest(settings: SessionSettings, turns: TurnTaking): RealtimeSessionCreateRequest {
  const format = audioFormat(settings.audioFormat);
  return {
    type: 'realtime',
    output_modalities: ['audio'],
    instructions: settings.instructions,
    max_output_tokens: MAX_OUTPUT_TOKENS,
    audio: {
      input: {
        format,
        noise_reduction: noiseReduction(settings.noiseReduction),
        transcription: { model: settings.transcriptionModel },
        turn_detection: turnDetection(settings.turnDetection, turns),
      },
      output: { format, voice: settings.voice },
    },
    tools: settings.tools.map((tool) => ({ ...tool, type: 'function' })),
  };
}

/** The change of a running session after which `turns` takes the turns. */
export function turnTakingRequest(settings: SessionSettings, turns: TurnTaking): RealtimeSessionCreateRequest {
  return { type: 'realtime', audio: { input: { turn_detection: turnDetection(settings.turnDetection, turns) } } };
}

/** What the server's echo has otherwise than asked for; undefined when it took everything that a call depends on. */
export function echoMismatch(settings: SessionSettings, { session }: SessionUpdated): string | undefined {
  const { input, output } = session.audio ?? {};
  const wanted = audioFormat(settings.audioFormat);
  for (const [name, format] of Object.entries({ 'input format': input?.format, 'output format': output?.format })) {
    if (format?.type !== wanted.type) return `${name} ${format?.type ?? 'none'}`;
    if ('rate' in wanted && format.rate && format.rate !== wanted.rate) return `${name} ${format.rate} Hz`;
  }
  // Without turn detection the AI would listen for ever.
  if (input?.turn_detection === null) return 'turn detection none';
  return typeof output?.voice === 'string' && output.voice !== settings.voice ? 'voice' : undefined;
}

/** In either mode the server reports speech; only in one does it act on it. */
function turnDetection(detection: TurnDetection, turns: TurnTaking): RealtimeAudioInputTurnDetection {
  const isActedOn = turns === 'server';
  const actions = { create_response: isActedOn, interrupt_response: isActedOn };
  if (detection.type === 'semantic-vad') return { type: 'semantic_vad', eagerness: detection.eagerness, ...actions };
  const { threshold, prefixPaddingMs, silenceMs } = detection;
  return {
    type: 'server_vad',
    threshold,
    prefix_padding_ms: prefixPaddingMs,
    // Sent always: the server's own default on the wire is 200 ms, which cuts people off between words.
    silence_duration_ms: silenceMs,
    ...actions,
  };
}

function noiseReduction(kind: NoiseReduction): RealtimeAudioConfigInput.NoiseReduction | undefined {
  // The API turns it off by null, which its types do not know; off is also what holds when nothing is said.
  if (kind === 'off') return undefined;
  return { type: kind === 'near-field' ? 'near_field' : 'far_field' };
}

/** Who takes the turns by the server's echo. */
export function confirmedTurns({ session }: SessionUpdated): TurnTaking {
  return session.audio?.input?.turn_detection?.create_response === false ? 'listen' : 'server';
}

function audioFormat(format: 'pcm16' | 'pcmu'): { type: 'audio/pcm'; rate: 24000 } | { type: 'audio/pcmu' } {
  return format === 'pcm16' ? { type: 'audio/pcm', rate: 24000 } : { type: 'audio/pcmu' };
}

// The one session.update of a call, and the check that the server took it: a refused or half-taken update leaves the
// session on PCM defaults, which a phone plays as static.

import type { RealtimeSessionCreateRequest } from 'openai/resources/realtime/realtime';
import type { SessionUpdated } from './realtime-protocol';

/** How the session is to behave. */
export type SessionSettings = {
  readonly instructions: string;
  readonly voice: string;
  readonly audioFormat: 'pcm16' | 'pcmu';
  readonly transcriptionModel: string;
};

// The server's own default on the wire is 200 ms, which cuts people off between words.
const SILENCE_BEFORE_TURN_END_MS = 500;

// About 3.5 minutes of speech: an answer that is never this long, and the bound of the playout queue.
const MAX_OUTPUT_TOKENS = 4096;

/** The session of a phone call. The model is fixed by the URL and must not be repeated here. */
export function sessionRequest(settings: SessionSettings): RealtimeSessionCreateRequest {
  const format = audioFormat(settings.audioFormat);
  return {
    type: 'realtime',
    output_modalities: ['audio'],
    instructions: settings.instructions,
    max_output_tokens: MAX_OUTPUT_TOKENS,
    audio: {
      input: {
        format,
        noise_reduction: { type: 'near_field' },
        transcription: { model: settings.transcriptionModel },
        turn_detection: {
          type: 'server_vad',
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: SILENCE_BEFORE_TURN_END_MS,
          create_response: true,
          interrupt_response: true,
        },
      },
      output: { format, voice: settings.voice },
    },
  };
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

function audioFormat(format: 'pcm16' | 'pcmu'): { type: 'audio/pcm'; rate: 24000 } | { type: 'audio/pcmu' } {
  return format === 'pcm16' ? { type: 'audio/pcm', rate: 24000 } : { type: 'audio/pcmu' };
}

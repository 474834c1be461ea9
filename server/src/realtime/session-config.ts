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

/** The first format in the server's echo that is not what was asked for; undefined when both are right. */
export function wrongFormat(settings: SessionSettings, { session }: SessionUpdated): string | undefined {
  const wanted = audioFormat(settings.audioFormat).type;
  const echoed = [session.audio?.input?.format?.type, session.audio?.output?.format?.type];
  const wrong = echoed.find((type) => type !== wanted);
  return echoed.every((type) => type === wanted) ? undefined : (wrong ?? 'none');
}

function audioFormat(format: 'pcm16' | 'pcmu'): { type: 'audio/pcm'; rate: 24000 } | { type: 'audio/pcmu' } {
  return format === 'pcm16' ? { type: 'audio/pcm', rate: 24000 } : { type: 'audio/pcmu' };
}

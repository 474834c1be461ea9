// Opens a realtime session with the settings of a call up to `session.updated`, and closes it. No response is made, and
// nothing is paid.

import type { RealtimeListener } from '../calls/conversation-ports';
import type { EndCall } from '../calls/end-call';
import { OpenAiRealtime, type RealtimeSettings } from './openai-realtime';
import type { RealtimeDeps } from './realtime-socket';

/** How long it took until the session was ready, or the verdict that a call would get. */
export type SessionProbe = { readonly connectMs: number } | { readonly verdict: EndCall };

/** Opens and closes one session; bounded by `readyTimeoutMs` of the settings. */
export function probeSession(settings: RealtimeSettings, deps: RealtimeDeps): Promise<SessionProbe> {
  const session = new OpenAiRealtime(settings, deps);
  return new Promise((resolve) => {
    session.open({
      ...DEAF,
      onReady: ({ connectMs }) => {
        session.close();
        resolve({ connectMs });
      },
      onFailed: (verdict) => resolve({ verdict }),
    });
  });
}

function ignored(): void {}

/** Nothing is said in a session that is closed at once. */
const DEAF: Omit<RealtimeListener, 'onReady' | 'onFailed'> = {
  onResponseStarted: ignored,
  onRequestDropped: ignored,
  onAudio: ignored,
  onAudioDone: ignored,
  onAssistantText: ignored,
  onCalleeText: ignored,
  onSpeechStarted: ignored,
  onSpeechStopped: ignored,
  onToolCall: ignored,
  onToolAnswered: ignored,
  onResponseDone: ignored,
  onLost: ignored,
  onResumed: ignored,
};

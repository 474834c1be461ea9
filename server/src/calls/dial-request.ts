// What the carrier is asked for when a call is placed, and the time limits that it keeps as a net below our own.

import type { Call } from './call';
import type { Deadlines } from './call-timers';
import type { DialRequest, StreamTarget } from './ports';

// The carrier cuts a leg this long after our own deadline should have: a net, never the rule.
const TIME_LIMIT_MARGIN_SECONDS = 60;

/** What a dial needs beside the call. */
export type DialNeeds = {
  readonly stream: StreamTarget;
  readonly deadlines: Deadlines;
  readonly signal: AbortSignal;
};

/** The dial of a call. */
export function dialRequest(call: Call, { stream, deadlines, signal }: DialNeeds): DialRequest {
  return {
    callId: call.callId,
    to: call.to,
    from: call.from,
    ringTimeoutSeconds: deadlines.ringTimeoutSeconds,
    timeLimitSeconds: carrierLimitSeconds(call.maxDurationSeconds * 1000),
    stream,
    detectsMachine: call.behaviour.answeringMachine !== 'off',
    answerTimeoutMs: deadlines.dialAnswerMs,
    signal,
  };
}

/** How long the carrier may keep a leg up that we want down after `remainingMs`, seconds. */
export function carrierLimitSeconds(remainingMs: number): number {
  return Math.ceil(remainingMs / 1000) + TIME_LIMIT_MARGIN_SECONDS;
}

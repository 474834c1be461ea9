/** How legs end: the causes, sources and SIP codes that Telnyx reports, by what happened. */
import type { PhoneOutcome } from './phone-script';

/** Why a leg ended, as `call.hangup` tells it. */
export type Hangup = {
  readonly cause: string;
  readonly source: 'caller' | 'callee' | 'unknown';
  /** `sip_hangup_cause`. */
  readonly sipCode: string;
};

/** The hang-ups that the simulator knows. */
export const hangups = {
  /** The hangup command on an answered call. */
  byCommand: { cause: 'normal_clearing', source: 'caller', sipCode: '200' },
  /** The hangup command while it still rings. */
  cancelled: { cause: 'originator_cancel', source: 'caller', sipCode: '487' },
  /** The other party of a bridge is gone, so the carrier ends this leg, too. */
  byBridge: { cause: 'normal_clearing', source: 'caller', sipCode: '200' },
  byCallee: { cause: 'normal_clearing', source: 'callee', sipCode: '200' },
  ringTimeout: { cause: 'timeout', source: 'unknown', sipCode: '487' },
  /** The carrier has lost the call. */
  lost: { cause: 'unspecified', source: 'unknown', sipCode: 'unspecified' },
  timeLimit: { cause: 'time_limit', source: 'unknown', sipCode: '200' },
} as const satisfies Record<string, Hangup>;

/** The hang-up of a call that is not answered, by its script's outcome. */
export const unansweredHangups: Readonly<Record<Exclude<PhoneOutcome, 'answer'>, Hangup>> = {
  busy: { cause: 'user_busy', source: 'callee', sipCode: '486' },
  'no-answer': { cause: 'no_answer', source: 'callee', sipCode: '480' },
  reject: { cause: 'call_rejected', source: 'callee', sipCode: '603' },
  'not-found': { cause: 'not_found', source: 'unknown', sipCode: '404' },
};

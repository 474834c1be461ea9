// Telnyx's hang-up causes and SIP codes as verdicts. Open lists: what is not known ends as carrier-failed, named.

import { type EndCall, type EndReason, endCall } from '../../calls/end-call';

/** What `call.hangup` says. */
export type HangUpFacts = {
  readonly hangupCause: string;
  /** caller is our side, callee the other. */
  readonly hangupSource?: string | undefined;
  /** A SIP status as text, or "unspecified". */
  readonly sipCode?: string | undefined;
};

const REASON_BY_CAUSE: ReadonlyMap<string, EndReason> = new Map(
  Object.entries<EndReason>({
    normal_clearing: 'callee-hung-up',
    originator_cancel: 'carrier-canceled',
    timeout: 'callee-no-answer',
    no_answer: 'callee-no-answer',
    user_busy: 'callee-busy',
    not_found: 'number-unreachable',
    time_limit: 'max-duration-reached',
  }),
);

const REASON_BY_SIP_CODE: ReadonlyMap<string, EndReason> = new Map(
  Object.entries<EndReason>({
    '404': 'number-unreachable',
    '408': 'callee-no-answer',
    '410': 'number-unreachable',
    '480': 'callee-no-answer',
    '484': 'number-unreachable',
    '486': 'callee-busy',
    '487': 'callee-no-answer',
    '503': 'carrier-unavailable',
    '600': 'callee-busy',
    '603': 'callee-declined',
    '604': 'number-unreachable',
  }),
);

/** Declines by a person come as these; any other code behind call_rejected is a refusal by the network. */
const DECLINE_SIP_CODES = new Set(['486', '600', '603', 'unspecified']);

/** The verdict of a hang-up that the carrier reports. */
export function verdictOfHangUp(facts: HangUpFacts): EndCall {
  const { hangupCause, hangupSource, sipCode } = facts;
  return endCall(reasonOf(facts), { hangupCause, hangupSource, sipCode });
}

function reasonOf({ hangupCause, hangupSource, sipCode = 'unspecified' }: HangUpFacts): EndReason {
  // We end our calls ourselves, before the carrier reports it: a hang-up from our side that comes as news was somebody
  // else's, in the portal say.
  if (hangupCause === 'normal_clearing' && hangupSource === 'caller') return 'carrier-hung-up';
  if (hangupCause === 'call_rejected') return DECLINE_SIP_CODES.has(sipCode) ? 'callee-declined' : 'carrier-refused';
  return REASON_BY_CAUSE.get(hangupCause) ?? REASON_BY_SIP_CODE.get(sipCode) ?? 'carrier-failed';
}

// The life of a call as a pure function over its public statuses. No I/O here: effects follow in LiveCall.

import { assertNever } from '../lib/assert-never';
import type { TerminalStatus } from './end-call';

/** Statuses of a call that is not over. */
export type LiveStatus = 'queued' | 'initiated' | 'ringing' | 'in-progress';

/** The public status of a call. */
export type CallStatus = LiveStatus | TerminalStatus;

/** Every public status, in the order of a call's life. */
export const CALL_STATUSES = [
  'queued',
  'initiated',
  'ringing',
  'in-progress',
  'completed',
  'busy',
  'failed',
  'no-answer',
  'canceled',
] as const satisfies readonly CallStatus[];

/** The statuses in which a call is not over. */
export const LIVE_STATUSES = CALL_STATUSES.slice(0, 4) as readonly LiveStatus[];

/** What can happen to a call. */
export type CallEvent =
  /** The carrier accepted the dial command. */
  | { readonly type: 'dial.accepted' }
  /** The carrier reports the leg as placed. */
  | { readonly type: 'leg.ringing' }
  /** The callee picked up. */
  | { readonly type: 'leg.answered' }
  /** A verdict was reached, by whatever party. */
  | { readonly type: 'call.ended'; readonly status: TerminalStatus };

/** The answer to an event. `ignore` is ordinary: webhooks may be late, doubled or reordered. */
export type Transition =
  { readonly kind: 'apply'; readonly status: CallStatus } | { readonly kind: 'ignore'; readonly why: string };

/** Tells whether a status is one of the five final ones. */
export function isTerminal(status: CallStatus): status is TerminalStatus {
  return !(LIVE_STATUSES as readonly CallStatus[]).includes(status);
}

/** Types of the entries with which a call ends. */
export const ENDING_TYPES: ReadonlySet<string> = new Set(
  CALL_STATUSES.filter(isTerminal).map((status) => `call.${status}`),
);

/** Decides what `event` does to a call in `status`. Terminal statuses are absorbing. */
export function transition(status: CallStatus, event: CallEvent): Transition {
  if (isTerminal(status)) return ignore('the call is over');
  switch (event.type) {
    case 'dial.accepted':
      return status === 'queued' ? apply('initiated') : ignore('the carrier already reported progress');
    case 'leg.ringing':
      return status === 'queued' || status === 'initiated' ? apply('ringing') : ignore('the call is past ringing');
    case 'leg.answered':
      return status === 'in-progress' ? ignore('the call is already answered') : apply('in-progress');
    case 'call.ended':
      return apply(event.status);
    default:
      return assertNever(event);
  }
}

function apply(status: CallStatus): Transition {
  return { kind: 'apply', status };
}

function ignore(why: string): Transition {
  return { kind: 'ignore', why };
}

// States and events of calls in words. What is not worth a line in a conversation has none.

import type { Link } from './follow.ts';
import { duration, phone, seconds, usd } from './format.ts';
import {
  type CallDetails,
  type CallEvent,
  type CallStatus,
  isOver,
  type LiveCall,
  type PastCall,
  type Talking,
} from './wire.ts';

const STATUS: Readonly<Record<CallStatus, string>> = {
  queued: 'Waiting to be dialled',
  initiated: 'Dialling',
  ringing: 'Ringing',
  'in-progress': 'In conversation',
  completed: 'Completed',
  busy: 'Busy',
  failed: 'Failed',
  'no-answer': 'No answer',
  canceled: 'Canceled',
};

const TALKING: Readonly<Record<Talking, string>> = {
  callee: 'Callee talking',
  assistant: 'AI talking',
  both: 'Both talking',
  nobody: 'Silence',
};

/** A status in words. */
export function statusWords(status: CallStatus): string {
  return STATUS[status];
}

/** Who is heard; before the answer, how far the call is; while the connection is lost, that nothing is known. */
export function liveWords(
  { status, talking }: Pick<LiveCall, 'status' | 'talking'>,
  { link, linkNotice }: { readonly link: Link; readonly linkNotice: string },
): string {
  if (link === 'lost') return linkNotice === '' ? 'Connection lost' : 'Not known now';
  return status === 'in-progress' ? TALKING[talking] : STATUS[status];
}

/** How a call ended, and why, as short as a row of a list. */
export function endWords({ status, endReason }: Pick<PastCall, 'status' | 'endReason'>): string {
  const reason = endReason?.replace(/^callee-(?=busy|no-answer)/, '') ?? status;
  return reason === status ? STATUS[status] : `${STATUS[status]} · ${reasonWords(reason)}`;
}

type Ended = Pick<CallDetails, 'status' | 'verdict'>;

/** How a call ended, and why, in a sentence. */
export function verdictWords({ status, verdict }: Ended): string {
  return verdict ? `${STATUS[status]}. ${verdict.message}` : STATUS[status];
}

/** What can be done about it, and the codes that the carrier's support asks for; empty when nothing is to be done. */
export function cureWords({ status, verdict }: Ended): string {
  const { cure, refusalCode, sipCode } = verdict?.details ?? {};
  if (status === 'completed') return '';
  const codes = [
    ['Refusal', refusalCode],
    ['SIP', sipCode],
  ].flatMap(([name, code]) =>
    typeof code === 'string' || typeof code === 'number' ? [`${String(name)} ${code}`] : [],
  );
  const parts = [typeof cure === 'string' ? cure : '', codes.length === 0 ? '' : `(${codes.join(', ')})`];
  return parts.filter((part) => part !== '').join(' ');
}

/** What tells a call from others to the same number: what it was placed for, or else by whom. */
export function labelOf(call: { readonly metadata: LiveCall['metadata']; readonly placedBy?: string | null }): string {
  const [first = ''] = Object.values(call.metadata);
  return first.trim() || (call.placedBy ?? '');
}

// The carrier tells its charge within minutes, if at all.
const CHARGE_WITHIN_SECONDS = 3_600;

/** What the carrier has charged. `nowMs` is by the clock of the server. */
export function carrierWords(
  { status, answeredAt, endedAt, cost }: Pick<CallDetails, 'status' | 'answeredAt' | 'endedAt' | 'cost'>,
  nowMs: number,
): string {
  if (cost.carrierUsd !== null) return usd(cost.carrierUsd);
  if (!isOver(status) || endedAt === null) return 'not known yet';
  const endedSeconds = (nowMs - Date.parse(endedAt)) / 1000;
  return answeredAt === null || endedSeconds > CHARGE_WITHIN_SECONDS ? 'not told' : 'not known yet';
}

function reasonWords(reason: string): string {
  if (reason === 'api-hung-up' || reason === 'api-canceled') return 'hung up through the API';
  return reason.replace(/-/g, ' ').replace(/\bai\b/g, 'AI');
}

type Sentence = string | ((event: CallEvent) => string);

const EVENTS: Readonly<Record<string, Sentence>> = {
  'call.queued': 'Placed',
  'call.ringing': 'Ringing',
  'call.in-progress': 'Answered',
  'call.completed': verdictOf,
  'call.busy': verdictOf,
  'call.failed': verdictOf,
  'call.no-answer': verdictOf,
  'call.canceled': verdictOf,
  'dial.unanswered': 'The carrier has not answered the dial',
  'stream.failed': 'The media stream did not start',
  'stream.lost': 'The media stream was lost',
  'assistant.interrupted': ({ by }) => (by === 'api' ? 'Interrupted by the operator' : 'Interrupted by the callee'),
  'dtmf.received': (event) => `The callee pressed ${text(event, 'digits')}`,
  'dtmf.sent': (event) => `Sent tones ${text(event, 'digits')}`,
  'machine.detected': (event) => `Answered by: ${text(event, 'result')}`,
  'voicemail.finished': (event) => `Message on the machine: ${text(event, 'outcome')}`,
  'silence.noticed': (event) => `Silent for ${duration(ms(event, 'silentMs') / 1000)}`,
  'time.ending': (event) => `Time is running out, ${duration(ms(event, 'remainingMs') / 1000)} left`,
  'cost.ending': (event) => `The money is running out, ${usd(ms(event, 'spentUsd'))} spent`,
  'say.finished': (event) => `Your words were ${text(event, 'outcome')}`,
  'instructions.changed': 'Instructions were changed',
  'goodbye.canceled': 'The goodbye was called off',
  'transfer.started': (event) => `Transferring to ${phone(text(event, 'to'))}`,
  'transfer.bridged': (event) => `Transferred to ${phone(text(event, 'to'))}`,
  'transfer.failed': (event) => `The transfer failed: ${text(event, 'reason')}`,
  'tool.finished': (event) =>
    `Used ${text(event, 'name')}: ${text(event, 'outcome')}, ${seconds(ms(event, 'durationMs'))}`,
  'ai.lost': (event) => `The connection to the AI was lost: ${text(event, 'reason')}`,
  'ai.resumed': (event) => `The AI is back after ${seconds(ms(event, 'afterMs'))}`,
  'filler.spoken': 'The carrier’s own voice asked to wait',
  'leg.abandoned': 'The carrier could not be told to hang up',
};

/** What happened, in a sentence; undefined when it is not worth one. */
export function eventWords(event: CallEvent): string | undefined {
  const sentence = Object.hasOwn(EVENTS, event.type) ? EVENTS[event.type] : undefined;
  return typeof sentence === 'function' ? sentence(event) : sentence;
}

function verdictOf({ verdict }: CallEvent): string {
  const message = typeof verdict === 'object' && verdict !== null && 'message' in verdict ? verdict.message : undefined;
  return typeof message === 'string' ? message : 'The call is over';
}

function text(event: CallEvent, field: string): string {
  const value = event[field];
  return typeof value === 'string' ? value : '';
}

function ms(event: CallEvent, field: string): number {
  const value = event[field];
  return typeof value === 'number' ? value : 0;
}

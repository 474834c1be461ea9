// The verdict of a call: one value that says how it ended, who ended it and what it means for the public status.
// Every way out of a call produces one of these; nothing else decides a terminal status.

/** The five statuses a finished call can have. */
export type TerminalStatus = 'completed' | 'busy' | 'failed' | 'no-answer' | 'canceled';

/** Whose doing the end was, in the terms an operator acts on. */
export type EndResult = 'success' | 'callee-unavailable' | 'canceled' | 'carrier-error' | 'ai-error' | 'server-error';

/** The party that ended the call. */
export type EndedBy = 'callee' | 'api' | 'carrier' | 'ai' | 'server';

type Ruling = {
  readonly status: TerminalStatus;
  readonly result: EndResult;
  readonly endedBy: EndedBy;
  readonly message: string;
};

/** Why calls end, and what each reason means. This table is the only source of terminal statuses. */
const RULINGS = {
  'callee-hung-up': ruling('completed', 'success', 'callee', 'The callee hung up.'),
  'api-hung-up': ruling('completed', 'success', 'api', 'The call was hung up through the API.'),
  'ai-hung-up': ruling('completed', 'success', 'ai', 'The AI said goodbye and hung up.'),
  'callee-silent': ruling('completed', 'success', 'server', 'The callee was silent for too long.'),
  'machine-answered': ruling('completed', 'callee-unavailable', 'server', 'An answering machine or a fax answered.'),
  'voicemail-left': ruling('completed', 'success', 'server', 'A message was left on an answering machine.'),
  transferred: ruling('completed', 'success', 'server', 'The callee was transferred to another party.'),
  'carrier-hung-up': ruling(
    'completed',
    'success',
    'carrier',
    'The call was hung up at the carrier, by neither party.',
  ),
  'max-duration-reached': ruling('completed', 'success', 'server', 'The call reached its maximum duration.'),
  'api-canceled': ruling('canceled', 'canceled', 'api', 'The call was hung up through the API before it was answered.'),
  'carrier-canceled': ruling(
    'canceled',
    'canceled',
    'carrier',
    'The carrier canceled the call before it was answered.',
  ),
  'callee-busy': ruling('busy', 'callee-unavailable', 'callee', 'The line was busy.'),
  'callee-declined': ruling('busy', 'callee-unavailable', 'callee', 'The callee declined the call.'),
  'callee-no-answer': ruling('no-answer', 'callee-unavailable', 'callee', 'Nobody answered.'),
  'number-unreachable': ruling('failed', 'callee-unavailable', 'carrier', 'The number could not be reached.'),
  'carrier-refused': ruling('failed', 'carrier-error', 'carrier', 'The carrier refused the call.'),
  'carrier-unavailable': ruling('failed', 'carrier-error', 'carrier', 'The carrier could not take the call.'),
  'carrier-failed': ruling('failed', 'carrier-error', 'carrier', 'The carrier ended the call without a usable cause.'),
  'dial-outcome-unknown': ruling(
    'failed',
    'carrier-error',
    'carrier',
    'The carrier did not answer the dial and reported no call afterwards.',
  ),
  'ring-deadline-passed': ruling(
    'no-answer',
    'callee-unavailable',
    'server',
    'Nobody answered, and the carrier did not report it in time.',
  ),
  'stream-not-started': ruling('failed', 'carrier-error', 'carrier', 'The media stream of the call did not start.'),
  'stream-lost': ruling('failed', 'carrier-error', 'carrier', 'The media stream of the call was lost.'),
  'media-flood': ruling('failed', 'carrier-error', 'carrier', 'More audio came than a phone call has.'),
  'no-caller-media': ruling('failed', 'carrier-error', 'carrier', 'No audio arrived from the callee.'),
  'unsupported-encoding': ruling(
    'failed',
    'carrier-error',
    'carrier',
    'The media stream uses an encoding that cannot be decoded.',
  ),
  'ai-unauthorized': ruling('failed', 'ai-error', 'ai', 'OpenAI refused the API key, the account or the model.'),
  'ai-refused-session': ruling('failed', 'ai-error', 'ai', 'OpenAI refused the settings of the realtime session.'),
  'ai-unavailable': ruling('failed', 'ai-error', 'ai', 'The realtime session could not be opened.'),
  'ai-connection-lost': ruling('failed', 'ai-error', 'ai', 'The connection to the realtime session was lost.'),
  'ai-failed': ruling('failed', 'ai-error', 'ai', 'The realtime session could not produce a response.'),
  'max-cost-reached': ruling('completed', 'success', 'server', 'The call reached the limit of what it may cost.'),
  'hangup-unreported': ruling(
    'completed',
    'success',
    'carrier',
    'The call ended at the carrier, which did not say why.',
  ),
  'server-lost': ruling('failed', 'server-error', 'server', 'The server was lost during the call.'),
  'server-stopping': ruling('failed', 'server-error', 'server', 'The server was stopped during the call.'),
  'internal-error': ruling('failed', 'server-error', 'server', 'An internal error ended the call.'),
} as const satisfies Record<string, Ruling>;

/** Stable machine-readable reason why a call ended. */
export type EndReason = keyof typeof RULINGS;

/** Facts behind a verdict (carrier codes, HTTP statuses); never personal data. */
export type EndDetails = Readonly<Record<string, string | number | boolean>>;

/** How a call ended. */
export type EndCall = Ruling & {
  readonly reason: EndReason;
  readonly details: EndDetails;
};

/** All reasons, for documents and exhaustive tests. */
export const END_REASONS = Object.keys(RULINGS) as readonly EndReason[];

/** Makes the verdict for `reason`; facts that are undefined are left out of `details`. */
export function endCall(
  reason: EndReason,
  facts: Readonly<Record<string, string | number | boolean | undefined>> = {},
): EndCall {
  const details: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) details[name] = value;
  }
  return { reason, ...RULINGS[reason], details };
}

/** What the carrier's verdict means for the call: a hang-up that looks normal is none when nobody had answered. */
export function experienced(verdict: EndCall, call: { wasAnswered: boolean; wasTransferred: boolean }): EndCall {
  if (verdict.status !== 'completed') return verdict;
  if (!call.wasAnswered) return endCall('callee-no-answer', verdict.details);
  return call.wasTransferred ? endCall('transferred', verdict.details) : verdict;
}

function ruling(...[status, result, endedBy, message]: [TerminalStatus, EndResult, EndedBy, string]): Ruling {
  return { status, result, endedBy, message };
}

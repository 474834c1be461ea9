// What the end of a response means: whether it is asked for again, and how it is told.

import type { ResponseStatus } from '../calls/conversation-ports';
import type { EndedResponse } from './active-response';

/** How a response ended on the wire, and what is known of it beside. */
export type Ending = EndedResponse & {
  readonly status: ResponseStatus;
  /** Asking again would run its tools again; their results ask for an answer. */
  readonly hasRunTools: boolean;
};

/** True for a failure that leaves the callee in silence; a filter that lets nothing through does, too. */
export function isToBeRepeated({ status, wasCancelled, hasSound, hasRunTools }: Ending): boolean {
  return !wasCancelled && !hasRunTools && (status === 'failed' || (status === 'incomplete' && !hasSound));
}

/** `failed` is said of a response that is asked for again, and of no other. */
export function statusOf(ending: Ending): ResponseStatus {
  if (isToBeRepeated(ending)) return 'failed';
  if (ending.wasCancelled) return 'cancelled';
  return ending.status === 'failed' ? 'incomplete' : ending.status;
}

// Our call id and the leg, carried through Telnyx in `client_state`: the thread that ties webhooks and streams to their
// call. The callee's leg is the bare call id; the leg of a transfer says so behind it.

import type { CarrierEvent } from '../../calls/ports';

const CALL_ID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const CLIENT_STATE = new RegExp(`^(${CALL_ID})(?:/transfer/(\\d{1,6}))?$`);

/** What a client state of ours says: which call, and which leg of it. */
export type ClientState = Pick<CarrierEvent, 'leg' | 'transferAttempt'> & { readonly callId: string };

/** Standard base64, as Telnyx demands; with an attempt, of the leg to which the callee is transferred. */
export function toClientState(callId: string, transferAttempt?: number): string {
  const state = transferAttempt === undefined ? callId : `${callId}/transfer/${transferAttempt}`;
  return Buffer.from(state).toString('base64');
}

/** The call and the leg in a client state, or undefined when the state is absent or not one of ours. */
export function fromClientState(clientState: string | null | undefined): ClientState | undefined {
  if (!clientState) return undefined;
  const [, callId, attempt] = CLIENT_STATE.exec(Buffer.from(clientState, 'base64').toString()) ?? [];
  if (callId === undefined) return undefined;
  return attempt === undefined
    ? { callId, leg: 'callee' }
    : { callId, leg: 'transfer', transferAttempt: Number(attempt) };
}

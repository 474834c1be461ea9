// Our call id and the leg, carried through Telnyx in `client_state`: the thread that ties webhooks and streams to their
// call. The callee's leg is the bare call id; the leg of a transfer says so behind it.

import type { CarrierEvent } from '../../calls/ports';

const CALL_ID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const TRANSFER_SUFFIX = '/transfer';
const CLIENT_STATE = new RegExp(`^(${CALL_ID})(${TRANSFER_SUFFIX})?$`);

/** What a client state of ours says: which call, and which leg of it. */
export type ClientState = Pick<CarrierEvent, 'leg'> & { readonly callId: string };

/** Standard base64, as Telnyx demands. */
export function toClientState(callId: string, leg: ClientState['leg'] = 'callee'): string {
  return Buffer.from(leg === 'transfer' ? callId + TRANSFER_SUFFIX : callId).toString('base64');
}

/** The call and the leg in a client state, or undefined when the state is absent or not one of ours. */
export function fromClientState(clientState: string | null | undefined): ClientState | undefined {
  if (!clientState) return undefined;
  const [, callId, suffix] = CLIENT_STATE.exec(Buffer.from(clientState, 'base64').toString()) ?? [];
  return callId === undefined ? undefined : { callId, leg: suffix === undefined ? 'callee' : 'transfer' };
}

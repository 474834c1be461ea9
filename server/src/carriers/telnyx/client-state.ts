// Our call id, carried through Telnyx in `client_state`: the thread that ties webhooks and streams to their call.

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Standard base64, as Telnyx demands. */
export function toClientState(callId: string): string {
  return Buffer.from(callId).toString('base64');
}

/** The call id in a client state, or undefined when the state is absent or not one of ours. */
export function fromClientState(clientState: string | null | undefined): string | undefined {
  if (!clientState) return undefined;
  const callId = Buffer.from(clientState, 'base64').toString();
  return UUID.test(callId) ? callId : undefined;
}

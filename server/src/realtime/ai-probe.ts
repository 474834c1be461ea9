// Whether the account can be used at all: the smallest response there is, in a session of its own.

import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { type EndCall, endCall } from '../calls/end-call';
import { classifyError, errorFacts, verdictOfError } from './realtime-errors';
import { parseServerEvent, type RealtimeErrorBody, type ResponseDone } from './realtime-protocol';
import { type RealtimeDeps, type RealtimeEndpoint, RealtimeSocket } from './realtime-socket';

// For everything from the first SYN on: normally a second or two.
const PROBE_TIMEOUT_MS = 10_000;

const SETTINGS: RealtimeClientEvent = {
  type: 'session.update',
  event_id: 'probe-settings',
  session: { type: 'realtime', output_modalities: ['text'] },
};

// One token is the least that can be asked for. It cuts the response short, which is as good as a whole one.
const REQUEST: RealtimeClientEvent = {
  type: 'response.create',
  event_id: 'probe-response',
  response: {
    conversation: 'none',
    output_modalities: ['text'],
    max_output_tokens: 1,
    instructions: 'Say ok.',
  },
};

/** Asks for a response to nothing; undefined when there is one, and otherwise the verdict that a call would get. */
export function probeAi(endpoint: RealtimeEndpoint, deps: RealtimeDeps): Promise<EndCall | undefined> {
  return new Promise((resolve) => {
    const finish = (verdict: EndCall | undefined): void => {
      socket.close();
      resolve(verdict);
    };
    const send = (event: RealtimeClientEvent): void => socket.send(JSON.stringify(event));
    const onError = (error: RealtimeErrorBody): void => {
      if (classifyError(error) !== 'benign')
        finish(verdictOfError(error, 'opening') ?? endCall('ai-unavailable', errorFacts(error)));
    };
    const onMessage = (text: string): void => {
      const event = parseServerEvent(text);
      if (event?.type === 'session.created') send(SETTINGS);
      if (event?.type === 'session.updated') send(REQUEST);
      if (event?.type === 'error') onError(event.error);
      if (event?.type === 'response.done') finish(verdictOfResponse(event.response));
    };
    const socket = new RealtimeSocket({ ...endpoint, readyTimeoutMs: PROBE_TIMEOUT_MS }, deps, {
      onMessage,
      onFailed: resolve,
    });
  });
}

function verdictOfResponse({ status, status_details: details }: ResponseDone['response']): EndCall | undefined {
  if (status !== 'failed') return undefined;
  const error = details?.error ?? {};
  return endCall(classifyError(error) === 'account' ? 'ai-unauthorized' : 'ai-failed', errorFacts(error));
}

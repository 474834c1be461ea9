// Telnyx Call Control as our Carrier: four commands, each with a command id, a short timeout and translated errors.

import Telnyx from 'telnyx';
import { CarrierError } from '../../calls/errors';
import type { Carrier, Clock, DialRequest, LegCommand, StreamTarget } from '../../calls/ports';
import { withRetries } from '../../calls/retry';
import type { Backoff } from '../../lib/backoff';
import { toClientState } from './client-state';
import { httpFetch } from './http-fetch';
import { streamFields, type StreamFormat } from './stream-codec';
import { isCallGone, toCarrierError } from './telnyx-errors';

/** Where and as whom to talk to Telnyx. */
export type TelnyxSettings = {
  readonly apiKey: string;
  /** Includes /v2. */
  readonly baseUrl: string;
  readonly connectionId: string;
  /** Where Telnyx delivers the webhooks of our calls. */
  readonly webhookUrl: string;
  readonly stream: StreamFormat;
};

// Telnyx forgets a command id after 60 s: the one repeat of a dial has to leave well before that, or it would place a
// second call. The SDK's own repeats do not know this (they wait as long as a Retry-After says), so they are off.
const DIAL_TRIES = 2;
const DIAL_BACKOFF: Backoff = { firstMs: 500, capMs: 500 };

const COMMAND_TIMEOUT_MS = 5_000;

/** Places and controls calls through Telnyx. */
export class TelnyxCarrier implements Carrier {
  readonly #client: Telnyx;
  readonly #settings: TelnyxSettings;
  readonly #clock: Clock;

  constructor(settings: TelnyxSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#client = new Telnyx({
      apiKey: settings.apiKey,
      baseURL: settings.baseUrl,
      timeout: COMMAND_TIMEOUT_MS,
      maxRetries: 0,
      fetch: httpFetch,
      // The SDK would log request details by itself; our own log has the redactor.
      logLevel: 'off',
    });
  }

  async dial(request: DialRequest): Promise<{ readonly carrierCallId: string }> {
    let mayBePlaced = false;
    const onFailure = (error: unknown): boolean => {
      if (!(error instanceof CarrierError)) return false;
      mayBePlaced ||= error.failure === 'outcome-unknown';
      return error.retryable && !request.signal.aborted;
    };
    const policy = { tries: DIAL_TRIES, backoff: DIAL_BACKOFF, onFailure };
    try {
      return await withRetries(this.#clock, policy, () => this.#dialOnce(request));
    } catch (error) {
      throw mayBePlaced && error instanceof CarrierError ? error.asUnknownOutcome() : error;
    }
  }

  async hangUp({ carrierCallId, callId, commandId }: LegCommand): Promise<void> {
    const body = { command_id: commandId, client_state: toClientState(callId) };
    try {
      await translated('hangup', this.#client.calls.actions.hangup(carrierCallId, body));
    } catch (error) {
      if (error instanceof CarrierError && isCallGone(error)) return;
      throw error;
    }
  }

  async startStream({ carrierCallId, callId, commandId }: LegCommand, stream: StreamTarget): Promise<void> {
    const body = {
      ...streamFields(this.#settings.stream),
      command_id: commandId,
      client_state: toClientState(callId),
      stream_url: stream.url,
      stream_auth_token: stream.token,
    };
    await translated('streaming_start', this.#client.calls.actions.startStreaming(carrierCallId, body));
  }

  async speak({ carrierCallId, callId, commandId }: LegCommand, text: string): Promise<void> {
    const body = {
      command_id: commandId,
      client_state: toClientState(callId),
      payload: text,
      payload_type: 'text',
      voice: 'AWS.Polly.Joanna-Neural',
      language: 'en-US',
    } as const;
    await translated('speak', this.#client.calls.actions.speak(carrierCallId, body));
  }

  async #dialOnce(request: DialRequest): Promise<{ readonly carrierCallId: string }> {
    if (request.signal.aborted)
      throw new CarrierError('The call was over before it was dialled', { failure: 'unavailable' });
    const options = { timeout: request.answerTimeoutMs };
    const answer = await translated('dial', this.#client.calls.dial(this.#dialBody(request), options));
    const carrierCallId = answer.data?.call_control_id;
    if (carrierCallId) return { carrierCallId };
    throw new CarrierError('Telnyx took the dial without naming a call', { failure: 'outcome-unknown' });
  }

  #dialBody(request: DialRequest): Telnyx.CallDialParams {
    return {
      connection_id: this.#settings.connectionId,
      to: request.to,
      from: request.from,
      // One call is one dial: its id serves as the command id.
      command_id: request.callId,
      client_state: toClientState(request.callId),
      webhook_url: this.#settings.webhookUrl,
      webhook_url_method: 'POST',
      timeout_secs: request.ringTimeoutSeconds,
      time_limit_secs: request.timeLimitSeconds,
      ...streamFields(this.#settings.stream),
      stream_url: request.stream.url,
      stream_auth_token: request.stream.token,
      send_silence_when_idle: true,
    };
  }
}

async function translated<T>(command: string, request: PromiseLike<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw toCarrierError(error, command);
  }
}

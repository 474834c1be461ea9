// Telnyx Call Control as our Carrier: commands with an id of their own, and questions about legs, each with a short
// timeout and translated errors.

import Telnyx from 'telnyx';
import { CarrierError } from '../../calls/errors';
import type {
  Carrier,
  Clock,
  DialRequest,
  LegCommand,
  LiveLeg,
  StreamTarget,
  TransferRequest,
} from '../../calls/ports';
import { withRetries } from '../../calls/retry';
import type { Backoff } from '../../lib/backoff';
import { toClientState } from './client-state';
import { httpFetch } from './http-fetch';
import { FIRST_PAGE, MAX_PAGES, type PageQuery, readPage } from './live-legs';
import { streamFields, type StreamFormat } from './stream-codec';
import { isCallGone, translated } from './telnyx-errors';

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
      return error.retryable;
    };
    const policy = { tries: DIAL_TRIES, backoff: DIAL_BACKOFF, onFailure, signal: request.signal };
    try {
      return await withRetries(this.#clock, policy, () => this.#dialOnce(request));
    } catch (error) {
      throw mayBePlaced && error instanceof CarrierError ? error.asUnknownOutcome() : error;
    }
  }

  async hangUp(command: LegCommand): Promise<void> {
    const request = this.#client.calls.actions.hangup(command.carrierCallId, commandFields(command));
    try {
      await translated('hangup', request);
    } catch (error) {
      if (error instanceof CarrierError && isCallGone(error)) return;
      throw error;
    }
  }

  async isAlive(carrierCallId: string): Promise<boolean> {
    try {
      const { data } = await translated('retrieve', this.#client.calls.retrieveStatus(carrierCallId));
      if (typeof data?.is_alive === 'boolean') return data.is_alive;
    } catch (error) {
      if (error instanceof CarrierError && isCallGone(error)) return false;
      throw error;
    }
    throw new CarrierError('Telnyx did not say whether the call is alive', { failure: 'unavailable' });
  }

  async liveLegs(): Promise<readonly LiveLeg[]> {
    const path = `/connections/${encodeURIComponent(this.#settings.connectionId)}/active_calls`;
    const legs = new Map<string, LiveLeg>();
    let query: PageQuery | undefined = FIRST_PAGE;
    for (let page = 1; query && page <= MAX_PAGES; page += 1) {
      const { found, next } = readPage(await translated('active_calls', this.#client.get<unknown>(path, { query })));
      for (const leg of found) legs.set(leg.carrierCallId, leg);
      query = next;
    }
    return [...legs.values()];
  }

  async startStream(command: LegCommand, stream: StreamTarget): Promise<void> {
    const body = {
      ...streamFields(this.#settings.stream),
      ...commandFields(command),
      stream_url: stream.url,
      stream_auth_token: stream.token,
    };
    await translated('streaming_start', this.#client.calls.actions.startStreaming(command.carrierCallId, body));
  }

  async speak(command: LegCommand, text: string): Promise<void> {
    const body = {
      ...commandFields(command),
      payload: text,
      payload_type: 'text',
      voice: 'AWS.Polly.Joanna-Neural',
      language: 'en-US',
    } as const;
    await translated('speak', this.#client.calls.actions.speak(command.carrierCallId, body));
  }

  async sendDigits(command: LegCommand, digits: string): Promise<void> {
    const body = { ...commandFields(command), digits };
    await translated('send_dtmf', this.#client.calls.actions.sendDtmf(command.carrierCallId, body));
  }

  async transfer(command: LegCommand, request: TransferRequest): Promise<void> {
    const body: Telnyx.Calls.ActionTransferParams = {
      ...commandFields(command),
      to: request.to,
      from: request.from,
      timeout_secs: request.ringTimeoutSeconds,
      time_limit_secs: request.timeLimitSeconds,
      // Without it the events of the new leg would name no call.
      target_leg_client_state: toClientState(command.callId, request.attempt),
      webhook_url: this.#settings.webhookUrl,
      webhook_url_method: 'POST',
    };
    await translated('transfer', this.#client.calls.actions.transfer(command.carrierCallId, body));
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
      // The standard kinds tell neither fax nor silence.
      ...(request.detectsMachine && { answering_machine_detection: 'premium' }),
      ...streamFields(this.#settings.stream),
      stream_url: request.stream.url,
      stream_auth_token: request.stream.token,
      send_silence_when_idle: true,
    };
  }
}

/** The fields of every command to a leg. */
function commandFields({ callId, commandId }: LegCommand) {
  return { command_id: commandId, client_state: toClientState(callId) };
}

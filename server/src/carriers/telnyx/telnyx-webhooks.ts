// Telnyx webhooks (API v2): verified over the raw body, then translated into CarrierEvents.
// Payloads carry undocumented fields and lack documented ones, so they are read leniently.

import Telnyx from 'telnyx';
import { z } from 'zod';
import type { MachineResult } from '../../calls/conversation-events';
import type { EndCall } from '../../calls/end-call';
import { WebhookRefusedError } from '../../calls/errors';
import type { CarrierEvent, CarrierOccurrence, CarrierWebhooks, Clock } from '../../calls/ports';
import { chargeOfLeg, costSchema } from './call-cost';
import { fromClientState } from './client-state';
import { verdictOfHangUp } from './hangup-causes';
import { digitSchema, legIdSchema } from './stream-frames';

// What the portal shows is 32 raw bytes; exported keys are DER and have this many bytes in front.
const DER_PREFIX_BYTES = 12;
const RAW_KEY_BYTES = 32;

// What the SDK allows, either way, when it looks at the signature.
const TOLERANCE_MS = 300_000;

// 64 bytes in base64; seconds since 1970 have ten digits until the year 2286.
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;
const TIMESTAMP = /^\d{10}$/;

// A detail that is odd must not cost us the event: a lost hang-up is a call that never ends.
const text = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(undefined);

const webhookSchema = z.object({
  data: z.object({
    id: z.string().min(1),
    event_type: z.string().min(1),
    occurred_at: text,
    payload: costSchema.extend({
      call_control_id: legIdSchema,
      client_state: text,
      hangup_cause: text,
      hangup_source: text,
      sip_hangup_cause: text,
      failure_reason: text,
      result: text,
      digit: digitSchema.optional().catch(undefined),
    }),
  }),
});

type WebhookData = z.infer<typeof webhookSchema>['data'];

type Payload = WebhookData['payload'];

// The results of premium and standard detection; what is not known is not sure.
const MACHINE_RESULTS: ReadonlyMap<unknown, MachineResult> = new Map(
  Object.entries<MachineResult>({
    human: 'human',
    human_residence: 'human',
    human_business: 'human',
    machine: 'machine',
    silence: 'silence',
    fax_detected: 'fax',
  }),
);

/** Checks and reads Telnyx webhooks. */
export class TelnyxWebhooks implements CarrierWebhooks {
  readonly #client: Telnyx;
  readonly #clock: Clock;

  /** @param publicKey Base64 of 32 raw bytes, or of the DER form of the same key. */
  constructor(publicKey: string, clock: Clock) {
    this.#client = new Telnyx({ apiKey: 'unused', publicKey: rawPublicKey(publicKey), logLevel: 'off' });
    this.#clock = clock;
  }

  checkHeaders(headers: Readonly<Record<string, string>>): void {
    const { 'telnyx-signature-ed25519': signature = '', 'telnyx-timestamp': timestamp = '' } = headers;
    const isRecent = Math.abs(this.#clock.nowMs() - Number(timestamp) * 1_000) <= TOLERANCE_MS + 1_000;
    if (SIGNATURE.test(signature) && TIMESTAMP.test(timestamp) && isRecent) return;
    throw new WebhookRefusedError('The webhook has no signature and time as Telnyx sends them, or is too old.');
  }

  async receive(rawBody: string, headers: Readonly<Record<string, string>>): Promise<CarrierEvent | undefined> {
    await this.#verify(rawBody, headers);
    const webhook = webhookSchema.safeParse(parseJson(rawBody));
    return webhook.data && this.#toEvent(webhook.data.data);
  }

  async #verify(rawBody: string, headers: Readonly<Record<string, string>>): Promise<void> {
    try {
      await this.#client.webhooks.unwrap(rawBody, { headers });
    } catch (error) {
      // The SDK reads the body after it has verified it: genuine, and yet unreadable.
      if (error instanceof SyntaxError) return;
      throw new WebhookRefusedError('The webhook is not signed with TELNYX_PUBLIC_KEY, or is too old.', {
        cause: error,
      });
    }
  }

  #toEvent(data: WebhookData): CarrierEvent {
    const occurredAtMs = Date.parse(data.occurred_at ?? '');
    const state = fromClientState(data.payload.client_state);
    return {
      eventId: data.id,
      occurredAtMs: Number.isNaN(occurredAtMs) ? this.#clock.nowMs() : occurredAtMs,
      carrierCallId: data.payload.call_control_id,
      leg: 'callee',
      ...state,
      ...occurrence(data),
    };
  }
}

function occurrence({ event_type: eventType, payload }: WebhookData): CarrierOccurrence {
  switch (eventType) {
    case 'call.initiated':
      return { type: 'leg.ringing' };
    case 'call.answered':
      return { type: 'leg.answered' };
    case 'call.hangup':
      return { type: 'leg.ended', verdict: hangUpVerdict(payload) };
    case 'call.bridged':
      return { type: 'leg.bridged' };
    case 'call.dtmf.received':
      return payload.digit === undefined ? other(eventType) : { type: 'digit.received', digit: payload.digit };
    case 'call.machine.detection.ended':
    case 'call.machine.premium.detection.ended':
      return { type: 'machine.detected', result: MACHINE_RESULTS.get(payload.result) ?? 'not-sure' };
    case 'call.machine.greeting.ended':
    case 'call.machine.premium.greeting.ended':
      return { type: 'machine.greeting-ended', hasBeep: payload.result === 'beep_detected' };
    case 'streaming.started':
      return { type: 'stream.started' };
    case 'streaming.stopped':
      return { type: 'stream.stopped' };
    case 'streaming.failed':
      return { type: 'stream.failed', failure: payload.failure_reason ?? 'unspecified' };
    case 'call.speak.ended':
      return { type: 'speech.ended' };
    case 'call.cost':
      return costOf(payload) ?? other(eventType);
    default:
      return other(eventType);
  }
}

function hangUpVerdict(payload: Payload): EndCall {
  return verdictOfHangUp({
    hangupCause: payload.hangup_cause ?? 'unspecified',
    hangupSource: payload.hangup_source ?? undefined,
    sipCode: payload.sip_hangup_cause ?? undefined,
  });
}

function costOf(payload: Payload): CarrierOccurrence | undefined {
  const charge = chargeOfLeg(payload.call_control_id, payload);
  return charge && { type: 'leg.cost', charge };
}

function other(name: string): CarrierOccurrence {
  return { type: 'other', name };
}

function rawPublicKey(publicKey: string): string {
  const bytes = Buffer.from(publicKey, 'base64');
  if (bytes.length !== RAW_KEY_BYTES + DER_PREFIX_BYTES) return publicKey;
  return bytes.subarray(DER_PREFIX_BYTES).toString('base64');
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Not JSON: the schema refuses undefined.
    return undefined;
  }
}

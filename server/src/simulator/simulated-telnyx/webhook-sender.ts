/**
 * Delivers webhooks as Telnyx does: signed, each on its own without waiting for the one before, given up after two
 * seconds and tried again with the same id. Faults can be switched on to make deliveries late, double or disordered.
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { SigningKey } from './signing-key';
import { signingKey } from './signing-key';
import { nowMs, timestamp, TimerSet } from './timing';
import { Journal } from './waiting';

const DELIVERY_TIMEOUT_MS = 2_000;
const RETRY_DELAYS_MS: readonly number[] = [100, 200];
// A reordered event waits for its successor, but not for ever: the last one of a call has none.
const REORDER_HOLD_MS = 150;

/** Faults of webhook delivery; change them at any time. */
export type WebhookFaults = {
  /** Delivers each event this much later, or as much as this returns. */
  delayMs?: number | ((eventType: string, carrierCallId: string) => number);
  /** Delivers each event twice, or those for which this returns true. */
  duplicate?: boolean | ((eventType: string, carrierCallId: string) => boolean);
  /** Delivers every other event of a call after its successor, or of those for which this returns true. */
  reorder?: boolean | ((eventType: string, carrierCallId: string) => boolean);
  /** Never delivers the events for which this returns true. */
  drop?: (eventType: string, carrierCallId: string) => boolean;
  /** Delivers call.initiated before the dial request is answered. */
  beforeDialResponse?: boolean;
  /** Signs with a key that is not the account's. */
  badSignature?: boolean;
};

/** One event to deliver. */
export type WebhookEvent = {
  readonly url: string;
  readonly eventType: string;
  readonly carrierCallId: string;
  readonly payload: object;
  readonly retryDelaysMs?: readonly number[] | undefined;
};

/** One delivery try; `httpStatus` stays undefined when no answer came (yet). */
export type RecordedWebhook = {
  readonly eventId: string;
  readonly eventType: string;
  readonly carrierCallId: string;
  readonly attempt: number;
  readonly atMs: number;
  readonly payload: object;
  readonly httpStatus: number | undefined;
  /** Whether the try is over, answered or not. */
  readonly settled: boolean;
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Delivery = WebhookEvent & { readonly eventId: string; readonly occurredAt: string };

/** The sender of one simulated account. */
export class WebhookSender {
  readonly journal = new Journal<RecordedWebhook>();
  faults: WebhookFaults = {};
  readonly #key: SigningKey;
  readonly #wrongKey = signingKey('not the key of this account');
  readonly #timers = new TimerSet();
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true }),
  };
  readonly #held = new Map<string, () => void>();
  #closed = false;

  constructor(key: SigningKey) {
    this.#key = key;
  }

  /** Sends an event; resolves when its first try is over, whatever came of it. */
  async send(event: WebhookEvent): Promise<void> {
    const { faults } = this;
    if (this.#closed || faults.drop?.(event.eventType, event.carrierCallId) === true) return;
    const delivery = { ...event, eventId: randomUUID(), occurredAt: timestamp() };
    const delayMs = delayOf(event, faults);
    if (delayMs > 0) await this.#pause(delayMs);
    if (applies(faults.reorder, event) && !this.#held.has(event.carrierCallId)) await this.#hold(event.carrierCallId);
    const tries = [this.#deliver(delivery)];
    if (applies(faults.duplicate, event)) tries.push(this.#deliver(delivery));
    this.#held.get(event.carrierCallId)?.();
    await Promise.all(tries);
  }

  /** Gives up everything that is still to be sent. */
  close(): void {
    this.#closed = true;
    this.#timers.clear();
    this.#agents['http:'].destroy();
    this.#agents['https:'].destroy();
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const httpStatus = await this.#try(delivery, 1);
    if (isToBeRetried(httpStatus)) this.#retry(delivery, 2);
  }

  #retry(delivery: Delivery, attempt: number): void {
    const delayMs = (delivery.retryDelaysMs ?? RETRY_DELAYS_MS)[attempt - 2];
    if (delayMs === undefined || this.#closed) return;
    this.#timers.after(delayMs, () => {
      void this.#try(delivery, attempt).then((httpStatus) => {
        if (isToBeRetried(httpStatus)) this.#retry(delivery, attempt + 1);
      });
    });
  }

  async #try(delivery: Delivery, attempt: number): Promise<number | undefined> {
    const { eventId, eventType, carrierCallId, payload } = delivery;
    const record: Mutable<RecordedWebhook> = {
      eventId,
      eventType,
      carrierCallId,
      payload,
      attempt,
      atMs: nowMs(),
      httpStatus: undefined,
      settled: false,
    };
    this.journal.add(record);
    record.httpStatus = await this.#post(delivery.url, envelope(delivery, attempt));
    record.settled = true;
    this.journal.changed();
    return record.httpStatus;
  }

  #post(url: string, body: string): Promise<number | undefined> {
    const timestampSecs = String(Math.floor(Date.now() / 1000));
    const key = this.faults.badSignature === true ? this.#wrongKey : this.#key;
    const isTls = url.startsWith('https:');
    const options: https.RequestOptions = {
      method: 'POST',
      agent: this.#agents[isTls ? 'https:' : 'http:'],
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'telnyx-webhooks',
        'telnyx-timestamp': timestampSecs,
        'telnyx-signature-ed25519': key.sign(timestampSecs, body),
      },
    };
    return new Promise((resolve) => {
      let httpStatus: number | undefined;
      const request = (isTls ? https : http).request(url, options, (response) => {
        httpStatus = response.statusCode;
        response.resume();
      });
      const cancelTimeout = this.#timers.after(DELIVERY_TIMEOUT_MS, () => request.destroy());
      request.once('close', () => {
        cancelTimeout();
        resolve(httpStatus);
      });
      // Whatever the error is, the carrier only knows that there was no answer.
      request.on('error', () => undefined);
      request.end(body);
    });
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#timers.after(delayMs, resolve));
  }

  #hold(carrierCallId: string): Promise<void> {
    return new Promise((resolve) => {
      const release = (): void => {
        cancel();
        this.#held.delete(carrierCallId);
        resolve();
      };
      const cancel = this.#timers.after(REORDER_HOLD_MS, release);
      this.#held.set(carrierCallId, release);
    });
  }
}

function delayOf({ eventType, carrierCallId }: WebhookEvent, { delayMs = 0 }: WebhookFaults): number {
  return typeof delayMs === 'function' ? delayMs(eventType, carrierCallId) : delayMs;
}

function applies(fault: WebhookFaults['duplicate' | 'reorder'], { eventType, carrierCallId }: WebhookEvent): boolean {
  return typeof fault === 'function' ? fault(eventType, carrierCallId) : fault === true;
}

function isToBeRetried(httpStatus: number | undefined): boolean {
  return httpStatus === undefined || httpStatus === 408 || httpStatus === 429 || httpStatus >= 500;
}

function envelope(delivery: Delivery, attempt: number): string {
  return JSON.stringify({
    data: {
      record_type: 'event',
      event_type: delivery.eventType,
      id: delivery.eventId,
      occurred_at: delivery.occurredAt,
      payload: delivery.payload,
    },
    meta: { attempt, delivered_to: delivery.url },
  });
}

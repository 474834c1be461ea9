// Deliveries from an outbox in memory to a real endpoint on this machine.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CallbackDelivery, type CallbackDeliveryDeps } from '../../../src/callbacks/callback-delivery';
import { urlGuard } from '../../../src/lib/url-guard';
import type { QueuedCallback } from '../../../src/calls/record-ports';
import { aCallId } from '../../support/builders';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';
import { MemoryOutbox } from './memory-outbox';

// The endpoint is on this machine.
const LENIENT_GUARD = urlGuard({ allowsPrivateAddresses: true });

/** What the endpoint was asked. */
export type Delivery = {
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
};

type Reply = number | { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | 'hang';

/** A user's endpoint. */
export class Endpoint {
  readonly deliveries: Delivery[] = [];
  /** The answers to the next deliveries; 200 when there are none left. */
  readonly replies: Reply[] = [];
  /** Decides where `replies` has nothing. */
  reply: (delivery: Delivery, response: ServerResponse) => Reply | undefined = () => 200;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What was asked, by the words of the bodies. */
  get bodies(): string[] {
    return this.deliveries.map(({ body }) => body);
  }

  /** How many connections are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const delivery = { path: request.url, headers: request.headers, body: await text(request) };
    this.deliveries.push(delivery);
    const reply = this.replies.shift() ?? this.reply(delivery, response);
    if (reply === undefined || reply === 'hang') return;
    const { status, headers = {} } = typeof reply === 'number' ? { status: reply } : reply;
    response.writeHead(status, { location: `${this.url}/elsewhere`, ...headers }).end('ok');
  }
}

/** One node, its outbox and an endpoint. */
export class DeliveryRig {
  readonly clock = new ManualClock();
  readonly log = new RecordingLogger();
  readonly outbox = new MemoryOutbox(this.clock);
  readonly endpoint = new Endpoint();
  readonly #started: CallbackDelivery[] = [];

  static async open(): Promise<DeliveryRig> {
    const rig = new DeliveryRig();
    await rig.endpoint.listen();
    return rig;
  }

  /** A node begins to deliver; without jitter, unless told otherwise. */
  start(changes: Partial<CallbackDeliveryDeps> = {}): CallbackDelivery {
    const { outbox, clock, log } = this;
    const delivery = new CallbackDelivery({ outbox, clock, log, guard: LENIENT_GUARD, random: () => 0.5, ...changes });
    this.#started.push(delivery);
    delivery.start();
    return delivery;
  }

  /** Puts a callback into the outbox, for call 1 unless told otherwise. */
  queue(callbackId: string, changes: Partial<QueuedCallback> = {}): void {
    const url = `${this.endpoint.url}/hook`;
    const createdAtMs = this.clock.nowMs();
    this.outbox.add({ callbackId, callId: aCallId(), url, body: callbackId, createdAtMs, ...changes });
  }

  /** Resolves when so many deliveries have failed. */
  async failed(count: number): Promise<void> {
    await until(() => this.log.at('warn').length === count);
    await this.clock.advanceAsync(0);
  }

  async close(): Promise<void> {
    for (const delivery of this.#started) delivery.close();
    await this.endpoint.close();
  }
}

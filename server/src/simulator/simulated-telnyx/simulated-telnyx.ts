/**
 * A Telnyx account with its API, webhooks, telephones and media streams, as a real server on a local port. Tests, the
 * demo and the load test place their calls through it and look at what it saw.
 */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AccountHoldings, soundHoldings } from './account-holdings';
import type { DialBody } from './api-schemas';
import type { FailableOperation, Failure } from './failures';
import type { LegHost } from './leg-host';
import type { LegFacts } from './leg-payloads';
import type { PhoneScript } from './phone-script';
import { SimulatedLeg } from './simulated-leg';
import { signingKey } from './signing-key';
import type { RecordedRequest } from './telnyx-api';
import { TelnyxApi } from './telnyx-api';
import { Journal } from './waiting';
import type { RecordedWebhook, WebhookFaults } from './webhook-sender';
import { WebhookSender } from './webhook-sender';

/** How a simulated account is set up; everything has a default. */
export type SimulatedTelnyxOptions = {
  /** Default: any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly apiKey?: string;
  readonly connectionId?: string;
  /** The numbers that may call. */
  readonly fromNumbers?: readonly string[];
  /** The webhook key pair is derived from this text. */
  readonly keySeed?: string;
  /** Resolves the clip names of scripts to 8 kHz audio. */
  readonly clip?: (name: string) => Int16Array;
  /** How long one second of ring timeouts, time limits and the command_id window lasts (default 1000). */
  readonly secondMs?: number;
  /** False keeps neither audio nor media frames, for load tests of many calls (default true). */
  readonly isRecorded?: boolean;
  /** Whether ended calls are followed by call.cost (default false, as at Telnyx). */
  readonly isCostReported?: boolean;
};

/** Which leg to wait for. */
export type LegFilter = { readonly to?: string };

/** The simulated account and its server. */
export class SimulatedTelnyx {
  readonly apiKey: string;
  readonly connectionId: string;
  readonly publicKey: string;
  readonly fromNumbers: readonly string[];
  /** What the account shows of itself, to be changed in place. */
  readonly holdings: AccountHoldings;
  readonly #options: SimulatedTelnyxOptions;
  readonly #api: TelnyxApi;
  readonly #webhooks: WebhookSender;
  readonly #legs = new Journal<SimulatedLeg>();
  readonly #scripts = new Map<string, PhoneScript>();
  readonly #returned = new WeakSet<SimulatedLeg>();
  readonly #userId = randomUUID();
  readonly #server: Server;
  #defaultScript: PhoneScript = {};
  #apiBaseUrl = '';

  private constructor(options: SimulatedTelnyxOptions) {
    const key = signingKey(options.keySeed ?? 'ai-calls simulator');
    this.#options = options;
    this.apiKey = options.apiKey ?? 'simulated-telnyx-key';
    this.connectionId = options.connectionId ?? '2025550100202555010';
    this.fromNumbers = options.fromNumbers ?? ['+12025550100'];
    this.holdings = soundHoldings(this.fromNumbers, this.connectionId);
    this.publicKey = key.publicKey;
    this.#webhooks = new WebhookSender(key);
    this.#api = new TelnyxApi({
      account: {
        connectionId: this.connectionId,
        fromNumbers: this.fromNumbers,
        legs: this.#legs.all,
        makeLeg: (body, original) => this.#makeLeg(body, original),
      },
      holdings: this.holdings,
      apiKey: this.apiKey,
      secondMs: options.secondMs ?? 1000,
      isAnsweredAfterWebhook: () => this.webhookFaults.beforeDialResponse === true,
    });
    this.#server = createServer((request, response) => {
      this.#api.handle(request, response).catch(() => response.destroy());
    });
  }

  /** Starts an account's server. */
  static async start(options: SimulatedTelnyxOptions = {}): Promise<SimulatedTelnyx> {
    const telnyx = new SimulatedTelnyx(options);
    await telnyx.#listen();
    return telnyx;
  }

  /** Base URL of the API, `/v2` included. */
  get apiBaseUrl(): string {
    return this.#apiBaseUrl;
  }

  /** The first of the account's numbers. */
  get fromNumber(): string {
    return this.fromNumbers[0] ?? '';
  }

  /** The script of every number that has none of its own. */
  get defaultScript(): PhoneScript {
    return this.#defaultScript;
  }

  /** Every API request so far. */
  get requests(): readonly RecordedRequest[] {
    return this.#api.journal.all;
  }

  /** Every delivery try of a webhook so far. */
  get webhooks(): readonly RecordedWebhook[] {
    return this.#webhooks.journal.all;
  }

  /** Every leg so far, oldest first. */
  get legs(): readonly SimulatedLeg[] {
    return this.#legs.all;
  }

  /** The faults of webhook delivery, to be changed in place or replaced. */
  get webhookFaults(): WebhookFaults {
    return this.#webhooks.faults;
  }

  set webhookFaults(faults: WebhookFaults) {
    this.#webhooks.faults = faults;
  }

  /** Sets what happens at one destination, a number or a SIP URI, for legs dialled from now on. */
  script(to: string, script: PhoneScript): void {
    this.#scripts.set(to, script);
  }

  /** Sets what happens at all other destinations. */
  setDefaultScript(script: PhoneScript): void {
    this.#defaultScript = script;
  }

  /** Lets the next request (or the next `times`) of an operation fail. */
  failNext(operation: FailableOperation, failure: Failure, times = 1): void {
    this.#api.failures.add(operation, failure, times);
  }

  /** How every API request fails while it is set; calls and webhooks go on meanwhile. */
  get outage(): Failure | undefined {
    return this.#api.failures.outage;
  }

  set outage(failure: Failure | undefined) {
    this.#api.failures.outage = failure;
  }

  /** The legs that have not ended. */
  liveLegs(): SimulatedLeg[] {
    return this.legs.filter((leg) => leg.state !== 'ended');
  }

  /** The newest leg to a number or SIP URI. */
  leg(to: string): SimulatedLeg | undefined {
    return this.legs.findLast((leg) => leg.to === to);
  }

  /** Resolves with the oldest leg that this method has not returned yet, or the next one to come. */
  async nextLeg(filter: LegFilter = {}, timeoutMs?: number): Promise<SimulatedLeg> {
    const isWanted = (leg: SimulatedLeg): boolean =>
      !this.#returned.has(leg) && (filter.to === undefined || filter.to === leg.to);
    const leg = await this.#legs.until((legs) => legs.find(isWanted), { timeoutMs, what: 'No leg' });
    this.#returned.add(leg);
    return leg;
  }

  /** Resolves when no leg is up. */
  async allLegsDown(timeoutMs?: number): Promise<void> {
    await this.#legs.until((legs) => legs.every((leg) => leg.state === 'ended') || undefined, {
      timeoutMs,
      what: 'Legs were still up: not all ended',
    });
  }

  /** Resolves with the first answered request of an operation that the predicate accepts, past or to come. */
  request(operation: string, isWanted: (request: RecordedRequest) => boolean = isAny): Promise<RecordedRequest> {
    const find = (all: readonly RecordedRequest[]): RecordedRequest | undefined =>
      all.find((entry) => entry.operation === operation && entry.httpStatus !== undefined && isWanted(entry));
    return this.#api.journal.until(find, { what: `No ${operation} request` });
  }

  /** Resolves with the first settled delivery try of an event that the predicate accepts, past or to come. */
  webhook(eventType: string, isWanted: (webhook: RecordedWebhook) => boolean = isAny): Promise<RecordedWebhook> {
    const find = (all: readonly RecordedWebhook[]): RecordedWebhook | undefined =>
      all.find((entry) => entry.eventType === eventType && entry.settled && isWanted(entry));
    return this.#webhooks.journal.until(find, { what: `No ${eventType} webhook` });
  }

  /** Ends every socket, timer and server at once, without telling anyone. */
  async close(): Promise<void> {
    for (const leg of this.legs) leg.destroy();
    this.#webhooks.close();
    this.#api.close();
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #listen(): Promise<void> {
    const { port = 0, host = '127.0.0.1' } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => resolve());
    });
    const reachableHost = host === '0.0.0.0' ? '127.0.0.1' : host;
    this.#apiBaseUrl = `http://${reachableHost}:${addressOf(this.#server).port}/v2`;
  }

  #makeLeg(dialBody: DialBody, original?: SimulatedLeg): SimulatedLeg {
    const script = this.#scripts.get(dialBody.to) ?? this.#defaultScript;
    const leg = new SimulatedLeg({ host: this.#legHost(), dialBody, script, sessionId: original?.sessionId });
    this.#legs.add(leg);
    return leg;
  }

  #legHost(): LegHost {
    const { clip = unknownClip, secondMs = 1000, isRecorded = true, isCostReported = false } = this.#options;
    return {
      userId: this.#userId,
      secondMs,
      isRecorded,
      isCostReported,
      clip,
      publish: (leg, eventType, payload) => this.#publish(leg, eventType, payload),
      onChanged: () => this.#legs.changed(),
    };
  }

  #publish(leg: LegFacts, eventType: string, payload: object): Promise<void> {
    const { webhook_url: url, webhook_urls: urls = {}, webhook_retries_policies: policies = {} } = leg.dialBody;
    return this.#webhooks.send({
      url: urls[eventType] ?? url,
      eventType,
      carrierCallId: leg.carrierCallId,
      payload,
      retryDelaysMs: policies[eventType]?.retries_ms,
    });
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('The server has no port.');
  return address;
}

function isAny(): boolean {
  return true;
}

function unknownClip(name: string): never {
  throw new RangeError(`The script says '${name}', but the simulator was started without clips.`);
}

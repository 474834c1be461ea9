/**
 * The HTTP side of the simulated API: bearer key, routing, JSON bodies, the 60 s command_id window, ordered failures,
 * and a record of every request. What the operations do is commands.ts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccountHoldings } from './account-holdings';
import { accountAnswer, accountOperation, isOperation } from './account-routes';
import { ApiError, refusals } from './api-error';
import type { Account, Command, Outcome } from './commands';
import { actions, activeCall, callStatus, dial } from './commands';
import type { Failure } from './failures';
import { FailurePlan } from './failures';
import { pageOf } from './paging';
import type { SimulatedLeg } from './simulated-leg';
import { nowMs, TimerSet } from './timing';
import { Journal } from './waiting';

const MAX_BODY_BYTES = 1_000_000;
const DEDUPE_WINDOW_SECS = 60;
// "Data is available 10 minutes after call ended", read as: for so long.
const REMEMBERED_SECS = 600;

/** One request to the API; `httpStatus` stays undefined if it was not answered. */
export type RecordedRequest = {
  /** The operation: dial, retrieve, active_calls, or the name of the action. */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly atMs: number;
  readonly body: unknown;
  readonly commandId: string | undefined;
  readonly carrierCallId: string | undefined;
  readonly httpStatus: number | undefined;
  /** True if the command_id had been used before, so that the request had no effect. */
  readonly deduplicated?: boolean;
};

/** What the API needs beside the account that its operations work on. */
export type ApiOptions = {
  readonly account: Account;
  readonly holdings: AccountHoldings;
  readonly apiKey: string;
  /** Duration of one second of the carrier's limits. */
  readonly secondMs: number;
  /** Whether a dial is answered only after the delivery of its call.initiated. */
  isAnsweredAfterWebhook(): boolean;
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Entry = Mutable<RecordedRequest>;
type Route = { readonly operation: string; readonly id: string | undefined };
type Exchange = { readonly response: ServerResponse; readonly entry: Entry };

/** The request handler of the simulated API. */
export class TelnyxApi {
  readonly journal = new Journal<RecordedRequest>();
  readonly failures = new FailurePlan();
  readonly #options: ApiOptions;
  readonly #timers = new TimerSet();
  readonly #performed = new Map<string, { readonly outcome: Outcome; readonly atMs: number }>();

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Gives up what is still to be answered. */
  close(): void {
    this.#timers.clear();
  }

  /** Answers one request. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '' } = request;
    const entry: Entry = {
      operation: 'unknown',
      method,
      path,
      atMs: nowMs(),
      body: undefined,
      commandId: undefined,
      carrierCallId: undefined,
      httpStatus: undefined,
    };
    this.journal.add(entry);
    const exchange = { response, entry };
    try {
      await this.#route(request, exchange);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#answer(exchange, error.details.httpStatus, error.body);
    }
  }

  async #route(request: IncomingMessage, exchange: Exchange): Promise<void> {
    const { entry } = exchange;
    const route = routeOf(entry.method, entry.path);
    entry.operation = route?.operation ?? 'unknown';
    const text = await readBody(request);
    const { outage } = this.failures;
    if (outage !== undefined) return this.#fail(exchange, outage);
    if (request.headers.authorization !== `Bearer ${this.#options.apiKey}`) throw refusals.unauthorized();
    if (route === undefined) throw refusals.notFound('No such path.');
    if (entry.method === 'GET') return this.#read(exchange, route);
    entry.body = parseJson(request, text);
    entry.commandId = commandIdOf(entry.body);
    if (route.id === undefined) return this.#perform(exchange, dial(this.#options.account, entry.body));
    entry.carrierCallId = route.id;
    const leg = this.#leg(route.id);
    const action = actions[route.operation];
    if (action === undefined) throw refusals.notFound(`The action ${route.operation} is not simulated.`);
    return this.#perform(exchange, action(leg, entry.body, this.#options.account));
  }

  async #read(exchange: Exchange, { operation, id = '' }: Route): Promise<void> {
    const failure = await this.#dueFailure(operation);
    if (operation === 'retrieve') exchange.entry.carrierCallId = id;
    if (failure !== undefined) return this.#fail(exchange, failure);
    if (operation === 'active_calls') return this.#listActiveCalls(exchange, id);
    if (isOperation(operation)) {
      const { holdings, account } = this.#options;
      const question = { operation, id, path: exchange.entry.path };
      return this.#answer(exchange, 200, accountAnswer(question, holdings, account.connectionId));
    }
    const leg = this.#leg(id);
    if (this.#isForgotten(leg)) throw refusals.notFound('The requested call was not found.');
    this.#answer(exchange, 200, { data: callStatus(leg) });
  }

  async #perform(exchange: Exchange, command: Command): Promise<void> {
    const { entry } = exchange;
    const key = JSON.stringify([entry.carrierCallId, command.commandId]);
    const earlier = this.#performed.get(key);
    if (earlier !== undefined && entry.atMs - earlier.atMs < DEDUPE_WINDOW_SECS * this.#options.secondMs) {
      entry.deduplicated = true;
      entry.carrierCallId ??= earlier.outcome.newLeg?.carrierCallId;
      return this.#answer(exchange, 200, { data: earlier.outcome.data });
    }
    const failure = await this.#dueFailure(entry.operation);
    if (failure !== undefined && failure.stillPlacesCall !== true) return this.#fail(exchange, failure);
    const outcome = command.perform();
    this.#performed.set(key, { outcome, atMs: entry.atMs });
    // A transfer makes a new leg, too, but is a command to the original one.
    entry.carrierCallId ??= outcome.newLeg?.carrierCallId;
    if (failure === undefined) return this.#succeed(exchange, outcome);
    void outcome.newLeg?.begin();
    return this.#fail(exchange, failure);
  }

  /** How the request fails; one that is only late has waited by then and does not fail. */
  async #dueFailure(operation: string): Promise<Failure | undefined> {
    const failure = this.failures.take(operation);
    if (failure?.kind !== 'late') return failure;
    await new Promise<void>((resolve) => void this.#timers.after(failure.delayMs, resolve));
    return undefined;
  }

  async #succeed(exchange: Exchange, outcome: Outcome): Promise<void> {
    const { newLeg, data } = outcome;
    if (this.#options.isAnsweredAfterWebhook()) await newLeg?.begin();
    // 'close' comes after the answer is out, and also if the server has hung up without waiting for it.
    else if (exchange.response.destroyed) void newLeg?.begin();
    else exchange.response.once('close', () => void newLeg?.begin());
    this.#answer(exchange, 200, { data });
  }

  #fail(exchange: Exchange, failure: Failure): void {
    if (failure.kind === 'hang' || failure.kind === 'late') return;
    if (failure.kind === 'reset') {
      exchange.response.socket?.destroy();
      return;
    }
    const { httpStatus, code = '10007', title = 'Ordered failure', detail, retryAfterSeconds } = failure;
    const { response } = exchange;
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
    if (httpStatus === 429) response.setHeader('x-ratelimit-remaining', '0');
    this.#answer(exchange, httpStatus, new ApiError({ httpStatus, code, title, detail }).body);
  }

  #listActiveCalls(exchange: Exchange, connectionId: string): void {
    if (connectionId !== this.#options.account.connectionId) throw refusals.invalidConnection();
    const active = this.#options.account.legs.filter((leg) => leg.state !== 'ended').map(activeCall);
    this.#answer(exchange, 200, pageOf(active, exchange.entry.path));
  }

  #isForgotten({ endedAtMs }: SimulatedLeg): boolean {
    return endedAtMs !== undefined && nowMs() - endedAtMs > REMEMBERED_SECS * this.#options.secondMs;
  }

  #leg(carrierCallId: string): SimulatedLeg {
    const leg = this.#options.account.legs.find((candidate) => candidate.carrierCallId === carrierCallId);
    if (leg === undefined) throw refusals.notFound('The requested call was not found.');
    return leg;
  }

  #answer(exchange: Exchange, httpStatus: number, body: object): void {
    exchange.entry.httpStatus = httpStatus;
    const { dateOffsetMs } = this.#options.holdings;
    if (dateOffsetMs !== 0) exchange.response.setHeader('date', new Date(Date.now() + dateOffsetMs).toUTCString());
    exchange.response.writeHead(httpStatus, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    this.journal.changed();
  }
}

function routeOf(method: string, path: string): Route | undefined {
  const [version, collection, id, ...rest] = (path.split('?')[0] ?? '').split('/').slice(1).map(decodeSegment);
  if (version !== 'v2') return undefined;
  const tail = rest.join('/');
  if (collection === 'connections' && method === 'GET' && tail === 'active_calls') return { operation: tail, id };
  const about =
    method === 'GET' && rest.length === 0 ? accountOperation(collection ?? '', id !== undefined) : undefined;
  if (about !== undefined) return { operation: about, id };
  if (collection !== 'calls') return undefined;
  if (id === undefined) return method === 'POST' ? { operation: 'dial', id } : undefined;
  if (method === 'GET') return rest.length === 0 ? { operation: 'retrieve', id } : undefined;
  const [, action] = rest;
  const isAction = method === 'POST' && rest[0] === 'actions' && rest.length === 2;
  return isAction && action !== undefined ? { operation: action, id } : undefined;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A malformed escape names nothing that exists, so it may stay as it is.
    return segment;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) continue;
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw refusals.badRequest('The body is too large.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(request: IncomingMessage, text: string): unknown {
  // The SDK sends neither a type nor a body for a command without parameters.
  if (text === '') return {};
  if (request.headers['content-type']?.startsWith('application/json') !== true) {
    throw refusals.badRequest('The content type must be application/json.');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw refusals.badRequest('The body is not valid JSON.');
  }
}

function commandIdOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('command_id' in body)) return undefined;
  return typeof body.command_id === 'string' ? body.command_id : undefined;
}

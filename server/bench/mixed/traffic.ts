// REST traffic at an even rate, in a process of its own, whether the server keeps up or not. Ends with its parent.

import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { assertNever } from '../../src/lib/assert-never';
import { TrafficCounts } from './traffic-counts';
import type { TrafficAnswer, TrafficCommand, TrafficFigures } from './traffic-protocol';
import { type Outgoing, REQUEST_KINDS, type RequestKind } from './request-kinds';

const STREAMS = 20;
const ANSWER_LIMIT_MS = 5_000;
const TICK_MS = 5;

/** One in so many comes by a connection of its own. */
const NEW_CONNECTION_EVERY = 10;

type Begin = Extract<TrafficCommand, { kind: 'begin' }>;

class Traffic {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #streams = new Set<ClientRequest>();
  #options: Begin | undefined;
  #callIds: readonly string[] = [];
  #counts = new TrafficCounts();
  #isOver = false;

  async perform(command: TrafficCommand): Promise<TrafficAnswer> {
    switch (command.kind) {
      case 'begin':
        await this.#begin(command);
        return { kind: 'flowing' };
      case 'begin-window':
        this.#counts = new TrafficCounts();
        return { kind: 'flowing' };
      case 'end':
        return { kind: 'done', figures: await this.#end() };
      default:
        return assertNever(command);
    }
  }

  async #begin(options: Begin): Promise<void> {
    this.#options = options;
    this.#callIds = await this.#liveCalls();
    for (const callId of this.#callIds.slice(0, STREAMS)) this.#openStream(callId);
    void this.#flow(options.requestsPerSecond);
  }

  async #end(): Promise<TrafficFigures> {
    this.#isOver = true;
    const figures = this.#counts.figures(this.#streams.size);
    for (const stream of this.#streams) stream.destroy();
    this.#agent.destroy();
    return figures;
  }

  /** On one absolute schedule: a server that is slow is not spared. */
  async #flow(requestsPerSecond: number): Promise<void> {
    const order = shuffledKinds();
    const startMs = performance.now();
    let sent = 0;
    while (!this.#isOver) {
      for (; sent < ((performance.now() - startMs) / 1000) * requestsPerSecond; sent++) {
        this.#send(order[sent % order.length] as RequestKind, sent);
      }
      await wait(TICK_MS);
    }
  }

  #send(kind: RequestKind, count: number): void {
    const { counts, sentMs } = { counts: this.#counts, sentMs: performance.now() };
    const target = { key: this.#options?.key ?? '', callIds: this.#callIds };
    let isTold = false;
    const tell = (status: number): void => {
      if (isTold || this.#isOver) return;
      isTold = true;
      counts.add(kind, status, performance.now() - sentMs);
    };
    const isOnItsOwn = count % NEW_CONNECTION_EVERY === 0;
    const outgoing = this.#request(kind.make(target, count), isOnItsOwn ? false : this.#agent);
    outgoing.setTimeout(ANSWER_LIMIT_MS, () => outgoing.destroy(new Error('No answer')));
    outgoing
      .once('error', () => tell(0))
      .once('response', (response: IncomingMessage) => {
        response.resume().once('end', () => tell(response.statusCode ?? 0));
        response.once('error', () => tell(response.statusCode ?? 0));
      });
  }

  #openStream(callId: string): void {
    const headers = { authorization: `Bearer ${this.#options?.key ?? ''}`, accept: 'text/event-stream' };
    const stream = this.#request({ method: 'GET', path: `/api/ai-calls/${callId}/events`, headers }, false);
    stream.once('response', (response: IncomingMessage) => {
      if (response.statusCode === 200) this.#streams.add(stream);
      response.setEncoding('utf8').on('data', (text: string) => this.#counts.addStreamed(text));
      response.once('close', () => this.#streams.delete(stream)).once('error', () => undefined);
    });
    stream.once('error', () => this.#streams.delete(stream));
  }

  #liveCalls(): Promise<string[]> {
    const headers = { authorization: `Bearer ${this.#options?.key ?? ''}` };
    return new Promise((resolve, reject) => {
      const outgoing = this.#request({ method: 'GET', path: '/api/ai-calls/status', headers }, false);
      outgoing.once('error', reject).once('response', (response: IncomingMessage) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('end', () => {
          const { calls = [] } = JSON.parse(text) as { readonly calls?: readonly { readonly callId: string }[] };
          resolve(calls.map((call) => call.callId));
        });
      });
    });
  }

  #request({ method, path, headers, body }: Outgoing, agent: Agent | false): ClientRequest {
    const outgoing = request(new URL(path, this.#options?.url), { method, headers, agent });
    outgoing.end(body);
    return outgoing;
  }
}

/** A hundred requests, every kind as often as its share, the kinds spread: each comes after a stride of its own. */
function shuffledKinds(): RequestKind[] {
  const places = REQUEST_KINDS.flatMap((kind) =>
    Array.from({ length: kind.share }, (_, at) => ({ kind, place: (at + 0.5) / kind.share })),
  );
  return places.sort((a, b) => a.place - b.place).map(({ kind }) => kind);
}

function answer(message: TrafficAnswer): void {
  process.send?.(message);
}

const traffic = new Traffic();
process.on('message', (command: TrafficCommand) => {
  traffic.perform(command).then(answer, (error: unknown) => answer({ kind: 'failed', message: String(error) }));
});
for (const end of ['disconnect', 'SIGTERM'] as const) process.on(end, () => process.exit());
answer({ kind: 'ready' });

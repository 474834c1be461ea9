// A reader of server-sent events over a real connection, without a library: what arrives is taken apart line by line.

import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../../support/until';

/** One event as a reader sees it. */
export type ReceivedEvent = {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
};

/** A server of a test on a free port, and those who read its streams. */
export class TestServer {
  readonly #server: Server;
  readonly #clients: SseClient[] = [];
  #closedAnswers = 0;

  private constructor(handler: RequestListener) {
    this.#server = createServer((request, response) => {
      response.once('close', () => {
        this.#closedAnswers += 1;
      });
      handler(request, response);
    });
  }

  static listen(handler: RequestListener): Promise<TestServer> {
    const server = new TestServer(handler);
    return new Promise((resolve) => {
      server.#server.listen(0, '127.0.0.1', () => resolve(server));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers that are over, for one reason or another. */
  get closedAnswers(): number {
    return this.#closedAnswers;
  }

  /** Opens a stream; the reader leaves with the server at the latest. */
  async open(path: string, headers: Readonly<Record<string, string>> = {}): Promise<SseClient> {
    const client = await this.openSlowly(path, headers);
    client.read();
    return client;
  }

  /** Opens a stream of which nothing is read yet. */
  async openSlowly(path: string, headers: Readonly<Record<string, string>> = {}): Promise<SseClient> {
    const client = await SseClient.openSlowly(this.url + path, headers);
    this.#clients.push(client);
    return client;
  }

  close(): Promise<void> {
    for (const client of this.#clients) client.leave();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

/** One connection to an event stream. */
export class SseClient {
  readonly #answer: IncomingMessage;
  #text = '';
  isEnded = false;

  private constructor(answer: IncomingMessage) {
    this.#answer = answer;
    answer.setEncoding('utf8');
    answer.on('error', () => undefined);
    answer.on('end', () => {
      this.isEnded = true;
    });
  }

  /** Asks for the stream and reads, unless the test wants to be slow. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<SseClient> {
    const client = await SseClient.openSlowly(url, headers);
    client.read();
    return client;
  }

  /** Asks for the stream and reads nothing yet. */
  static openSlowly(url: string, headers: Readonly<Record<string, string>> = {}): Promise<SseClient> {
    return new Promise((resolve, reject) => {
      const request = get(url, { agent: false, headers: { accept: 'text/event-stream', ...headers } }, (answer) =>
        resolve(new SseClient(answer)),
      );
      request.on('error', reject);
    });
  }

  /** True when the connection is gone, properly ended or not. */
  get isClosed(): boolean {
    return this.#answer.destroyed || this.isEnded;
  }

  get status(): number {
    return this.#answer.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.#answer.headers;
  }

  /** Everything that came, as it came. */
  get text(): string {
    return this.#text;
  }

  /** The events that are complete; comments and settings are none. */
  get events(): ReceivedEvent[] {
    const blocks = this.#text.split('\n\n').slice(0, -1);
    return blocks.filter((block) => block.includes('data: ')).map(parsed);
  }

  get ids(): (string | undefined)[] {
    return this.events.map(({ id }) => id);
  }

  get names(): (string | undefined)[] {
    return this.events.map(({ event }) => event);
  }

  /** Starts to read. */
  read(): void {
    this.#answer.on('data', (chunk: string) => {
      this.#text += chunk;
    });
  }

  /** Resolves when so many events have come. */
  received(count: number): Promise<void> {
    return until(() => this.events.length >= count);
  }

  /** Resolves when the server has ended the stream. */
  ended(): Promise<void> {
    return until(() => this.isEnded);
  }

  /** Goes away without a word. */
  leave(): void {
    this.#answer.destroy();
  }
}

function parsed(block: string): ReceivedEvent {
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  return { id: field('id'), event: field('event'), data: JSON.parse(field('data') ?? '') as Record<string, unknown> };
}

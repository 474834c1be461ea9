// A user's server with one tool that takes its time.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../support/until';

const ANSWER_AFTER_MS = 900;

/** The server. */
export class ToolServer {
  requests = 0;
  readonly #server = createServer((_request, response) => {
    this.requests += 1;
    setTimeout(
      () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"state":"shipped"}'),
      ANSWER_AFTER_MS,
    );
  });

  static async start(): Promise<ToolServer> {
    const server = new ToolServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** The tool as a call brings it. */
  get tool(): Readonly<Record<string, unknown>> {
    const { port } = this.#server.address() as AddressInfo;
    return {
      name: 'find_order',
      description: 'Finds an order.',
      parameters: { type: 'object', properties: {} },
      url: `http://127.0.0.1:${port}/orders`,
    };
  }

  /** Resolves when the tool is running. */
  async asked(): Promise<void> {
    await until(() => this.requests > 0, { timeoutMs: 8_000 });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

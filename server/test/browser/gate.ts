// A door before a server, for tests: it can be shut, make a key worthless, as a server with other keys would, and stand
// for a proxy that puts a path in front and takes it off again.

import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Passes everything on to a server, until it is told otherwise. */
export class Gate {
  readonly #server: Server;
  #isShut = false;
  #isKeyWorthless = false;

  private constructor(target: string, prefix: string) {
    this.#server = createServer((asked, response) => {
      if (this.#isShut) {
        response.destroy();
        return;
      }
      const path = asked.url ?? '';
      if (path !== prefix && !path.startsWith(`${prefix}/`)) {
        response.writeHead(404).end();
        return;
      }
      const headers = { ...asked.headers, ...(this.#isKeyWorthless ? { authorization: 'Bearer of-yesterday' } : {}) };
      const passed = request(
        target + (path.slice(prefix.length) || '/'),
        { method: asked.method, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.on('error', () => response.destroy()).pipe(response);
        },
      );
      passed.on('error', () => response.destroy());
      response.once('close', () => passed.destroy());
      asked.pipe(passed);
    });
  }

  static open(target: string, prefix = ''): Promise<Gate> {
    const gate = new Gate(target, prefix);
    return new Promise((resolve) => {
      gate.#server.listen(0, '127.0.0.1', () => resolve(gate));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks every connection, and takes none until `reopen`. */
  shut(): void {
    this.#isShut = true;
    this.#server.closeAllConnections();
  }

  reopen(): void {
    this.#isShut = false;
  }

  /** From now on no key that comes is one of the server's. */
  changeKeys(): void {
    this.#isKeyWorthless = true;
    this.#server.closeAllConnections();
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

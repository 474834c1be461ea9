// The user's own endpoints, for tools and for status callbacks, that answer with anything: a call speaks on or ends, and
// nothing is kept of what was too much.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { until } from '../support/until';
import { budget, countRun, LIMIT_MS, tellCounts } from './fuzz-budget';
import { FuzzBridge } from './fuzz-bridge';
import { type Json, jsonText, mutated, oddText } from './hostile-values';

/** An answer, byte by byte, and what becomes of the connection. */
type OddAnswer = { readonly chunks: readonly (string | Buffer)[]; readonly ending: 'end' | 'break' | 'endless' };

/** Answers each connection with the same odd bytes. */
class OddEndpoint {
  answer: OddAnswer = { chunks: [], ending: 'end' };
  connections = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => this.#serve(socket));

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/orders`;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    socket.once('data', () => {
      this.connections += 1;
      const { chunks, ending } = this.answer;
      for (const chunk of chunks) socket.write(chunk);
      if (ending === 'end') socket.end();
      if (ending === 'break') socket.destroy();
      if (ending === 'endless') this.#pour(socket);
    });
  }

  #pour(socket: Socket): void {
    if (socket.destroyed) return;
    if (socket.write('x'.repeat(60_000))) setImmediate(() => this.#pour(socket));
    else socket.once('drain', () => this.#pour(socket));
  }
}

let endpoint: OddEndpoint;
let fuzz: FuzzBridge;

beforeAll(async () => {
  endpoint = new OddEndpoint();
  await endpoint.listen();
  fuzz = await FuzzBridge.start({ env: { CALLS_PER_SECOND: '1000' } });
  fuzz.bridge.openai.setDefaultScript({
    turns: [{ functionCall: { name: 'find_order', arguments: '{}' } }],
    otherwise: { say: [{ toneHz: 900, ms: 40, text: 'Thank you.' }] },
  });
}, 30_000);

afterAll(async () => {
  await fuzz.close();
  await endpoint.close();
  tellCounts();
}, 30_000);

const SOUND: Json = { state: 'shipped', items: [1, 2, { name: 'book' }], note: 'x' };

const status = fc.oneof(
  { weight: 6, arbitrary: fc.constant('200 OK') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '204 No Content',
      '301 Moved',
      '400 No',
      '500 No',
      '999 ?',
      '100 Continue',
      '101 Switching',
      '0 x',
    ),
  },
);

const header = fc.constantFrom(
  'Content-Type: application/json',
  'Content-Type: application/json; charset=utf-16',
  'Content-Type: text/html',
  'Content-Encoding: gzip',
  'Content-Encoding: br',
  'Content-Length: 5',
  'Content-Length: 99999999',
  'Transfer-Encoding: chunked',
  'Location: http://169.254.169.254/latest',
  'Location: file:///etc/passwd',
  'Retry-After: 999999999',
  'Set-Cookie: a=b',
  `X: ${'x'.repeat(20_000)}`,
);

const answer: fc.Arbitrary<OddAnswer> = fc.record({
  chunks: fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(status, fc.array(header, { maxLength: 3 }), fc.oneof(jsonText(mutated(fc.constant(SOUND))), oddText()))
        .map(([line, headers, body]) => [
          `HTTP/1.1 ${line}\r\n${headers.map((each) => `${each}\r\n`).join('')}\r\n`,
          body,
        ]),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => [Buffer.from(bytes)]) },
    { weight: 1, arbitrary: fc.constant<string[]>([]) },
  ),
  ending: fc.constantFrom('end', 'end', 'end', 'break', 'endless'),
});

test(
  'a call whose tool and whose callbacks get odd answers goes on, and ends as it should',
  async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (odd) => {
        countRun('calls with odd endpoints');
        endpoint.answer = odd;
        const tool = { name: 'find_order', description: 'Finds it.', url: endpoint.url, timeoutMs: 1_000 };
        const parameters = { type: 'object', properties: {} };
        const callId = await fuzz.bridge.place({ tools: [{ ...tool, parameters }], statusCallbackUrl: endpoint.url });

        const finished = await fuzz.bridge.entry(callId, 'tool.finished', 15_000);

        expect(['ok', 'error', 'timeout']).toContain(finished.data['outcome']);
        const record = await fuzz.expectEnded(callId);
        expect(JSON.stringify(record).length).toBeLessThan(300_000);
        await fuzz.expectSound();
      }),
      budget(12),
    );
    endpoint.answer = { chunks: ['HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n'], ending: 'end' };
    await until(() => endpoint.openSockets === 0, { timeoutMs: 15_000 });
  },
  LIMIT_MS,
);

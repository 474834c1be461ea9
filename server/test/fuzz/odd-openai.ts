// A Realtime endpoint that opens sessions as it should and then says whatever a test has in store for it.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const TICK_MS = 3;

/** What one session is to say: before its settings are confirmed, instead of that, and afterwards. */
export type OddPlan = {
  readonly before: readonly string[];
  /** Undefined: as it should. */
  readonly confirmation: string | undefined;
  readonly after: readonly (string | Buffer)[];
  readonly ending: 'stay' | 'close' | 'break';
};

type ClientEvent = {
  readonly type?: string;
  readonly session?: unknown;
  readonly response?: { readonly metadata?: unknown };
};

/** The endpoint. Each session takes the next plan; the last one stays. */
export class OddOpenai {
  plan: OddPlan = { before: [], confirmation: undefined, after: [], ending: 'stay' };
  readonly #http: Server = createServer((_request, response) => response.writeHead(200).end('{"data":[]}'));
  readonly #sockets = new WebSocketServer({ noServer: true });

  static async start(): Promise<OddOpenai> {
    const odd = new OddOpenai();
    odd.#http.listen(0, '127.0.0.1');
    await once(odd.#http, 'listening');
    odd.#http.on('upgrade', (request, socket, head) =>
      odd.#sockets.handleUpgrade(request, socket, head, (each) => odd.#serve(each, odd.plan)),
    );
    return odd;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/v1`;
  }

  get openSockets(): number {
    return this.#sockets.clients.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => void this.#http.close(resolve));
  }

  #serve(socket: WebSocket, plan: OddPlan): void {
    socket.on('error', () => undefined);
    const say = (...events: readonly (string | Buffer)[]): void => {
      if (socket.readyState === WebSocket.OPEN) for (const event of events) socket.send(event);
    };
    say(...plan.before, JSON.stringify({ type: 'session.created', event_id: 'e', session: { id: 'session-1' } }));
    let isOpen = false;
    let asked = 0;
    socket.on('message', (data: Buffer) => {
      const event = JSON.parse(data.toString()) as ClientEvent;
      if (event.type === 'session.update') {
        say(isOpen ? confirmed(event) : (plan.confirmation ?? confirmed(event)));
        if (!isOpen) void sayAll(socket, plan);
        isOpen = true;
      }
      if (event.type !== 'response.create') return;
      asked += 1;
      const { metadata = null } = event.response ?? {};
      say(JSON.stringify({ type: 'response.created', response: { id: `asked-${asked}`, metadata } }));
      say(JSON.stringify({ type: 'response.done', response: { id: `asked-${asked}`, status: 'completed' } }));
    });
  }
}

function confirmed({ session }: ClientEvent): string {
  return JSON.stringify({ type: 'session.updated', session });
}

/** A few at a time, so that what they cause comes in between. */
async function sayAll(socket: WebSocket, { after, ending }: OddPlan): Promise<void> {
  for (const [index, event] of after.entries()) {
    if (index % 4 === 3) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(event);
  }
  if (ending === 'close') socket.close(1011, 'x'.repeat(100));
  if (ending === 'break') socket.terminate();
}

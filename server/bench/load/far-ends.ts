// The carrier's REST API and the AI's door on one port: just enough of both that the real server can place a call.
// No webhooks: a stream that starts stands for the answer.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { AiLeg } from './ai-leg';
import { acceptUpgrade } from './handshake';
import type { LoadCall } from './load-call';

/** Which call something belongs to. */
export type CallDirectory = {
  /** Resolves when it is known which call was dialled with this state; with undefined when there are no calls. */
  readonly byClientState: (clientState: string) => Promise<LoadCall | undefined>;
  /** `mark` is what the call's instructions, or the bare relay's URL, say. */
  readonly byMark: (mark: string) => LoadCall | undefined;
  /** What AI legs send. */
  readonly deltaMessages: () => readonly Buffer[];
};

/** Parameter with which the bare relay repeats the mark of a call. */
export const MARK_PARAMETER = 'call';

const TOKEN_HEADER = 'x-telnyx-streaming-auth-token';
const HANG_UP_PATH = /^\/v2\/calls\/([^/]+)\/actions\/hangup$/;

type DialBody = {
  readonly client_state: string;
  readonly stream_url: string;
  readonly stream_auth_token: string;
};

/** The simulated far ends of all calls. */
export class FarEnds {
  readonly #directory: CallDirectory;
  readonly #server: Server;
  readonly #legs = new Map<string, LoadCall>();

  constructor(directory: CallDirectory) {
    this.#directory = directory;
    this.#server = createServer((request, response) => {
      this.#onRequest(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex) => this.#onUpgrade(request, socket));
  }

  /** Resolves with the port. */
  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (request.url === '/v2/calls') return this.#dial(JSON.parse(body) as DialBody, response);
    const carrierCallId = HANG_UP_PATH.exec(request.url ?? '')?.[1];
    if (carrierCallId === undefined) return answer(response, 404, { errors: [{ code: '10005', title: 'Not found' }] });
    answer(response, 200, { data: { result: 'ok' } });
    this.#legs.get(decodeURIComponent(carrierCallId))?.stopPhone();
  }

  async #dial(body: DialBody, response: ServerResponse): Promise<void> {
    const call = await this.#directory.byClientState(body.client_state);
    if (!call) return answer(response, 422, { errors: [{ code: '10015', title: 'Not a call of this run' }] });
    const carrierCallId = `v3:${randomUUID()}`;
    this.#legs.set(carrierCallId, call);
    answer(response, 200, {
      data: {
        record_type: 'call',
        call_control_id: carrierCallId,
        call_leg_id: randomUUID(),
        call_session_id: randomUUID(),
        is_alive: false,
        client_state: body.client_state,
      },
    });
    call.connectPhone({
      url: new URL(body.stream_url),
      headers: { [TOKEN_HEADER]: body.stream_auth_token },
      carrierCallId,
      clientState: body.client_state,
    });
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex): void {
    acceptUpgrade(socket, request.headers['sec-websocket-key'] ?? '');
    const mark = new URL(request.url ?? '', 'http://localhost').searchParams.get(MARK_PARAMETER);
    let call = mark === null ? undefined : this.#directory.byMark(mark);
    const leg = new AiLeg(socket, this.#directory.deltaMessages(), {
      onSession: ({ instructions }) => {
        call ??= this.#directory.byMark(instructions ?? '');
      },
      onStarted: () => call?.attachAi(leg),
      onAudio: (bytes) => call?.toAi.onReceived(bytes),
      onLost: (error) => call?.lose('AI leg', error),
    });
    // The bare relay asks for nothing.
    if (call) call.attachAi(leg);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

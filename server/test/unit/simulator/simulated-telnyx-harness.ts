/** A server under test for the simulated Telnyx: receives its webhooks and media sockets, and calls its API. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import type { SimulatedTelnyx } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';
import { Journal } from '../../../src/simulator/simulated-telnyx/waiting';

export type Json = Record<string, unknown>;
export type ReceivedWebhook = { headers: IncomingHttpHeaders; raw: string } & z.infer<typeof envelope>;
const envelope = z.object({
  data: z.object({
    event_type: z.string(),
    id: z.uuid(),
    occurred_at: z.string(),
    payload: z.record(z.string(), z.unknown()),
  }),
  meta: z.object({ attempt: z.number() }),
});

export type ApiResult = { status: number; json: Json; headers: Headers };

/** One media socket as the server sees it. */
export class ServedStream {
  readonly frames = new Journal<Json>();
  closed = false;

  constructor(
    readonly socket: WebSocket,
    readonly headers: IncomingHttpHeaders,
  ) {
    socket.on('message', (data: Buffer) => this.frames.add(JSON.parse(data.toString())));
    socket.on('close', () => {
      this.closed = true;
      this.frames.changed();
    });
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  play(bytes: Buffer): void {
    this.send({ event: 'media', media: { payload: bytes.toString('base64') } });
  }

  /** The first frame of this kind, past or to come. */
  frame(event: string, isWanted: (frame: Json) => boolean = () => true): Promise<Json> {
    return this.frames.until((all) => all.find((frame) => frame['event'] === event && isWanted(frame)), {
      what: `No ${event} frame`,
    });
  }

  /** Resolves with the media frames once there are at least `count`. */
  media(count: number): Promise<Json[]> {
    return this.frames.until(
      (all) => {
        const media = all.filter((frame) => frame['event'] === 'media');
        return media.length >= count ? media : undefined;
      },
      { what: `Not ${count} media frames` },
    );
  }

  async close(): Promise<void> {
    await this.frames.until(() => this.closed || undefined, { what: 'Not closed' });
  }
}

/** The server under test. */
export class ServerUnderTest {
  readonly webhooks = new Journal<ReceivedWebhook>();
  readonly streams = new Journal<ServedStream>();
  /** Chooses the answer to a webhook; undefined never answers. */
  webhookStatus: (webhook: ReceivedWebhook) => number | undefined = () => 200;
  /** An HTTP status with which upgrades are refused. */
  upgradeRefusal: number | undefined;
  readonly #wss = new WebSocketServer({ noServer: true });
  readonly #http: Server;

  private constructor() {
    this.#http = createServer((request, response) => {
      void readAll(request).then((raw) => {
        const webhook = { headers: request.headers, raw, ...envelope.parse(JSON.parse(raw)) };
        this.webhooks.add(webhook);
        const status = this.webhookStatus(webhook);
        if (status !== undefined) response.writeHead(status).end();
      });
    });
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.upgradeRefusal !== undefined) {
        socket.end(`HTTP/1.1 ${this.upgradeRefusal} Refused\r\nconnection: close\r\n\r\n`);
        return;
      }
      this.#wss.handleUpgrade(request, socket, head, (ws) => {
        this.streams.add(new ServedStream(ws, request.headers));
      });
    });
  }

  static async start(): Promise<ServerUnderTest> {
    const server = new ServerUnderTest();
    server.#http.listen(0, '127.0.0.1');
    await once(server.#http, 'listening');
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get streamFields(): Json {
    return {
      stream_url: `ws://127.0.0.1:${this.port}/media-bridge`,
      stream_track: 'inbound_track',
      stream_codec: 'PCMU',
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'PCMU',
      stream_bidirectional_sampling_rate: 8000,
      stream_bidirectional_target_legs: 'self',
      stream_auth_token: 'one-time-token',
    };
  }

  /** A dial that Telnyx accepts. */
  dialBody(telnyx: SimulatedTelnyx, changes: Json = {}): Json {
    return {
      connection_id: telnyx.connectionId,
      from: telnyx.fromNumber,
      to: '+12025550199',
      command_id: crypto.randomUUID(),
      client_state: Buffer.from('call-1').toString('base64'),
      webhook_url: `http://127.0.0.1:${this.port}/webhooks`,
      send_silence_when_idle: true,
      ...this.streamFields,
      ...changes,
    };
  }

  stream(index = 0): Promise<ServedStream> {
    return this.streams.until((all) => all[index], { what: `No stream ${index}` });
  }

  /** The first webhook of this type, past or to come. */
  webhook(eventType: string): Promise<ReceivedWebhook> {
    return this.webhooks.until((all) => all.find(({ data }) => data.event_type === eventType), {
      what: `No ${eventType} webhook`,
    });
  }

  eventTypes(): string[] {
    return this.webhooks.all.map(({ data }) => data.event_type);
  }

  async close(): Promise<void> {
    for (const socket of this.#wss.clients) socket.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }
}

/** Calls the API as a client would. */
export async function api(telnyx: SimulatedTelnyx, path: string, options: ApiOptions = {}): Promise<ApiResult> {
  const response = await fetch(`${telnyx.apiBaseUrl}${path}`, {
    method: options.method ?? 'POST',
    headers: { authorization: `Bearer ${telnyx.apiKey}`, 'content-type': 'application/json', ...options.headers },
    ...(options.body === undefined
      ? {}
      : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? {} : JSON.parse(text), headers: response.headers };
}

export type ApiOptions = {
  method?: string;
  body?: Json | string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** Performs an action on a call. */
export function act(
  telnyx: SimulatedTelnyx,
  carrierCallId: string,
  [action, body]: [string, Json?],
): Promise<ApiResult> {
  return api(telnyx, `/calls/${encodeURIComponent(carrierCallId)}/actions/${action}`, {
    body: { command_id: crypto.randomUUID(), ...body },
  });
}

/** The strength of one frequency in 8 kHz audio, as a fraction of full scale (Goertzel). */
export function toneLevel(pcm: Int16Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / 8000);
  let [before, last] = [0, 0];
  for (const sample of pcm) [before, last] = [last, sample + coefficient * last - before];
  const power = before * before + last * last - coefficient * before * last;
  return (2 * Math.sqrt(Math.max(0, power))) / Math.max(1, pcm.length) / 32768;
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += String(part);
  return text;
}

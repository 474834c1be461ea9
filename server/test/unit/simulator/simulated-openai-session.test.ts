/** What a test can observe of a session on the simulated OpenAI, and do to it. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import type { WireEvent } from '../../../src/simulator/simulated-openai/wire-events';

const MODEL = 'gpt-realtime-2.1-mini';

let openai: SimulatedOpenai;

beforeEach(async () => {
  openai = await SimulatedOpenai.start();
});

afterEach(() => openai.close());

/** A client with an open session. */
class Client {
  readonly events: WireEvent[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;

  constructor() {
    const url = `${openai.apiBaseUrl.replace('http', 'ws')}/realtime?model=${MODEL}`;
    this.socket = new WebSocket(url, {
      headers: { Authorization: `Bearer ${openai.apiKey}`, 'OpenAI-Safety-Identifier': 'someone' },
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', resolve);
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => this.events.push(JSON.parse(data.toString('utf8')) as WireEvent));
  }

  send(event: WireEvent): void {
    this.socket.send(JSON.stringify(event));
  }

  /** Waits for a number of events. */
  async has(count: number): Promise<void> {
    while (this.events.length < count) await once(this.socket, 'message');
  }
}

async function connect(): Promise<Client> {
  const client = new Client();
  await client.has(2);
  return client;
}

it('shows what a client sends as it comes, without the audio', async () => {
  const client = await connect();
  const session = await openai.nextSession();

  const next = session.next('input_audio_buffer.append');
  client.send({ type: 'session.update', session: { type: 'realtime' } });
  client.send({ type: 'input_audio_buffer.append', audio: Buffer.alloc(960).toString('base64') });

  expect(await next).toEqual({ type: 'input_audio_buffer.append' });
  await expect(session.until('session.update')).resolves.toMatchObject({ session: { type: 'realtime' } });
  expect(session.clientEvents.at(-1)).toMatchObject({ type: 'input_audio_buffer.append', bytes: 960 });
  expect(session.headers['openai-safety-identifier']).toBe('someone');
});

it('shows what the server has sent, without the audio', async () => {
  openai.setDefaultScript({ turns: [{ say: [{ toneHz: 300, ms: 20, text: 'Hi.' }], thinkMs: 0 }] });
  const client = await connect();
  const session = await openai.nextSession();

  client.send({ type: 'response.create' });
  await session.nextSent('response.done');

  const delta = session.serverEvents.find(({ type }) => type === 'response.output_audio.delta');
  expect(delta).toMatchObject({ bytes: 960, event: { item_id: session.items[0]!.id } });
  expect(delta!.event).not.toHaveProperty('delta');
});

it('keeps neither audio nor audio events when told so', async () => {
  await openai.close();
  openai = await SimulatedOpenai.start({ keepsAudio: false });
  const client = await connect();
  const session = await openai.nextSession();

  client.send({ type: 'input_audio_buffer.append', audio: Buffer.alloc(960).toString('base64') });
  await session.until('input_audio_buffer.append');

  expect(session.clientEvents).toEqual([]);
  expect(session.heard()).toHaveLength(0);
});

it('ends a wait at its timeout and when the session closes', async () => {
  const client = await connect();
  const session = await openai.nextSession();

  await expect(session.next('response.create', 10)).rejects.toThrow("No 'response.create' within 10 ms");
  const waiting = session.next('response.create');
  client.socket.close(1000, 'bye');

  await expect(waiting).rejects.toThrow('the session was closed with 1000 bye');
  await expect(session.untilClosed()).resolves.toEqual({ code: 1000, reason: 'bye' });
});

it('can send errors, expire and drop a session', async () => {
  const expiring = await connect();
  const dropped = await connect();
  const [first, second] = openai.sessions;

  first!.emitError({ type: 'server_error', code: 'server_error', message: 'Oops.' });
  first!.expire();
  second!.drop();
  const codes = await Promise.all([expiring.closed, dropped.closed]);

  const errors = expiring.events.filter(({ type }) => type === 'error');
  expect(errors).toMatchObject([{ error: { code: 'server_error' } }, { error: { code: 'session_expired' } }]);
  expect(codes).toEqual([1001, 1006]);
  await Promise.all([first!.untilClosed(), second!.untilClosed()]);
  expect(openai.liveSessions()).toEqual([]);
});

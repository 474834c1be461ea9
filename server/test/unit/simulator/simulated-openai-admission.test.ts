/** Who gets a session of the simulated OpenAI, how others are refused, and the failures that a test can inject. */
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

/** A client that only listens. */
class Client {
  readonly events: WireEvent[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<readonly [number, Buffer]>;

  constructor(query = `?model=${MODEL}`, headers: Record<string, string> = {}) {
    const url = `${openai.apiBaseUrl.replace('http', 'ws')}/realtime${query}`;
    this.socket = new WebSocket(url, { headers: { Authorization: `Bearer ${openai.apiKey}`, ...headers } });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve([code, reason]));
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => this.events.push(JSON.parse(data.toString('utf8')) as WireEvent));
  }

  /** Waits for a number of events. */
  async has(count: number): Promise<void> {
    while (this.events.length < count) await once(this.socket, 'message');
  }
}

describe('admission', () => {
  it('opens with the defaults of the session and the conversation', async () => {
    const client = new Client();

    await client.has(2);

    expect(client.events.map(({ type }) => type)).toEqual(['session.created', 'conversation.created']);
    expect(client.events[0]).toMatchObject({
      session: {
        model: MODEL,
        output_modalities: ['audio'],
        audio: {
          input: { format: { type: 'audio/pcm', rate: 24000 }, turn_detection: { silence_duration_ms: 200 } },
          output: { format: { type: 'audio/pcm', rate: 24000 } },
        },
      },
    });
  });

  it.each([
    ['a wrong key', `?model=${MODEL}`, { Authorization: 'Bearer wrong' }, 3000, 'invalid_api_key'],
    ['the beta header', `?model=${MODEL}`, { 'OpenAI-Beta': 'realtime=v1' }, 4000, 'beta_api_shape_disabled'],
    ['no model', '', {}, 4000, 'missing_model'],
    ['an unknown model', '?model=gpt-4o', {}, 4000, 'invalid_model'],
  ])('accepts the upgrade, then refuses %s in-band', async (_, query, headers, closeCode, code) => {
    const client = new Client(query, headers);

    const [[closed, reason]] = await Promise.all([client.closed, once(client.socket, 'open')]);

    expect(client.events).toMatchObject([{ type: 'error', error: { type: 'invalid_request_error', code } }]);
    expect([closed, reason.toString()]).toEqual([closeCode, `invalid_request_error.${code}`]);
    expect(openai.sessions).toHaveLength(0);
  });

  it.each([
    [{ kind: 'invalid-key' } as const, 3000, 'invalid_api_key'],
    [{ kind: 'model-not-found' } as const, 4004, 'model_not_found'],
    [{ kind: 'insufficient-quota' } as const, 4000, 'insufficient_quota'],
  ])('refuses the next connection only when told to: %j', async (failure, closeCode, code) => {
    openai.failNextConnection(failure);

    const refused = new Client();
    const [closed] = await refused.closed;
    const accepted = new Client();
    await accepted.has(2);

    expect(refused.events).toMatchObject([{ type: 'error', error: { code } }]);
    expect(closed).toBe(closeCode);
    expect(openai.connectionAttempts).toBe(2);
  });

  it('can answer the upgrade with an HTTP status', async () => {
    openai.failNextConnection({ kind: 'http', status: 503 });

    const client = new Client();
    const [error] = (await once(client.socket, 'error', { signal: AbortSignal.timeout(2000) })) as [Error];

    expect(error.message).toContain('503');
  });

  it('can accept late, or never answer and still close cleanly', async () => {
    openai.failNextConnection({ kind: 'slow', delayMs: 30 });
    const startedMs = performance.now();

    const slow = new Client();
    await slow.has(2);
    openai.failNextConnection({ kind: 'hang' });
    const hanging = new Client();
    hanging.socket.on('open', () => expect('open').toBe('never'));

    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29);
    await expect(openai.nextSession()).resolves.toMatchObject({ model: MODEL });
    await expect(openai.nextSession(20)).rejects.toThrow('No session was opened');
  });

  it('serves the model list to whoever has the key', async () => {
    const headers = { authorization: `Bearer ${openai.apiKey}` };

    const list = await fetch(`${openai.apiBaseUrl}/models`, { headers });
    const one = await fetch(`${openai.apiBaseUrl}/models/${MODEL}`, { headers });
    const none = await fetch(`${openai.apiBaseUrl}/models/gpt-9`, { headers });
    const denied = await fetch(`${openai.apiBaseUrl}/models`);

    expect(await list.json()).toMatchObject({ object: 'list', data: expect.arrayContaining([expect.anything()]) });
    expect(await one.json()).toMatchObject({ id: MODEL, object: 'model' });
    expect([none.status, denied.status]).toEqual([404, 401]);
  });
});

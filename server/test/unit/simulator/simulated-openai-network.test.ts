/** The simulated OpenAI at the end of a slow network: when events, pings and the end of a session get there. */
import { once } from 'node:events';
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import { FAST, openSession, sayTone } from './simulated-openai-harness';

const DELAY_MS = 60;

// A timer may fire up to a millisecond early by the finer clock; late it may be at any time.
const EARLIEST_MS = DELAY_MS - 1;

let openai: SimulatedOpenai;

beforeEach(async () => {
  openai = await SimulatedOpenai.start();
  openai.networkDelayMs = DELAY_MS;
});

afterEach(() => openai.close());

it('lets events travel in both directions', async () => {
  const { client, session } = await openSession(openai);

  const sentAtMs = performance.now();
  client.send({ type: 'input_audio_buffer.clear' });
  await client.until('input_audio_buffer.cleared');
  const answeredAtMs = performance.now();

  const receivedAtMs = session.clientEvents.at(-1)!.atMs;
  expect(session.clientEvents.at(-1)!.type).toBe('input_audio_buffer.clear');
  expect(receivedAtMs - sentAtMs).toBeGreaterThanOrEqual(EARLIEST_MS);
  expect(answeredAtMs - session.serverEvents.at(-1)!.atMs).toBeGreaterThanOrEqual(EARLIEST_MS);
});

it('keeps the order of everything that is on its way at once', async () => {
  const { client, session } = await openSession(openai, { turns: [{ say: [sayTone(2_000)], ...FAST }] });
  const ids = Array.from({ length: 50 }, (_, index) => `item_${index}`);

  for (const id of ids) {
    client.send({
      type: 'conversation.item.create',
      item: { id, type: 'message', role: 'user', content: [{ type: 'input_text', text: id }] },
    });
  }
  client.ask();
  await client.until('rate_limits.updated');

  expect(session.items.slice(0, ids.length).map(({ id }) => id)).toEqual(ids);
  expect(client.types()).toEqual(session.serverEvents.map(({ type }) => type));
  expect(client.all('response.output_audio.delta').length).toBeGreaterThan(1);
});

it('answers pings as late as everything else', async () => {
  const { client } = await openSession(openai);

  const sentAtMs = performance.now();
  client.socket.ping('how far');
  const [data] = (await once(client.socket, 'pong')) as [Buffer];

  expect(data.toString()).toBe('how far');
  expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(2 * EARLIEST_MS);
});

it('leaves a session as far away as it was when it was opened', async () => {
  const { client: far } = await openSession(openai);
  openai.networkDelayMs = 0;

  const { session } = await openSession(openai);
  const sentAtMs = performance.now();
  far.send({ type: 'input_audio_buffer.clear' });
  await far.until('input_audio_buffer.cleared');

  const [created] = session.serverEvents;
  const [update] = session.clientEvents;
  expect(update!.atMs - created!.atMs).toBeLessThan(2 * EARLIEST_MS);
  expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(2 * EARLIEST_MS);
});

it('closes a session behind the last event', async () => {
  const { client, session } = await openSession(openai);

  const closedAtMs = performance.now();
  session.expire();
  const [code] = (await once(client.socket, 'close')) as [number];

  expect(code).toBe(1001);
  expect(performance.now() - closedAtMs).toBeGreaterThanOrEqual(EARLIEST_MS);
  expect(client.events.at(-1)).toMatchObject({ type: 'error', error: { code: 'session_expired' } });
});

it('answers nothing that arrives after it has closed the session', async () => {
  const { client, session } = await openSession(openai);
  client.send({ type: 'input_audio_buffer.clear' });

  session.closeWith(1000, '');
  await session.untilClosed();

  expect(session.clientEvents.map(({ type }) => type)).toEqual(['session.update']);
  expect(client.types()).not.toContain('input_audio_buffer.cleared');
});

it('still gets what the client sent before it closed the socket', async () => {
  const { client, session } = await openSession(openai);

  client.send({ type: 'input_audio_buffer.clear' });
  client.socket.close(1000);
  await session.untilClosed();

  expect(session.clientEvents.at(-1)!.type).toBe('input_audio_buffer.clear');
});

it('loses what is on its way when the connection is cut', async () => {
  const { client, session } = await openSession(openai);
  client.send({ type: 'input_audio_buffer.clear' });
  session.emit({ type: 'rate_limits.updated', rate_limits: [] });

  session.drop();
  await session.untilClosed();

  expect(session.clientEvents.map(({ type }) => type)).toEqual(['session.update']);
  expect(client.types()).not.toContain('rate_limits.updated');
});

it('can be stopped while the end of a session is on its way', async () => {
  const { client, session } = await openSession(openai);
  client.socket.close(1000);
  await once(client.socket, 'close');

  await openai.close();

  expect(session.closed).toBe(true);
});

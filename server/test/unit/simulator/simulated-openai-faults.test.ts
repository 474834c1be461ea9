// What can go wrong at the simulated OpenAI on request: sessions that break or fall silent in mid-sentence, expiry,
// responses that fail or never come, an account that has run dry.

import { aiFailures } from '../../../src/simulator/simulated-openai/ai-failures';
import type { AiBreak } from '../../../src/simulator/simulated-openai/ai-script';
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import { until } from '../../support/until';
import { Client, FAST, openSession, sayTone, silence, speech } from './simulated-openai-harness';

let openai: SimulatedOpenai;

beforeEach(async () => {
  openai = await SimulatedOpenai.start();
});

afterEach(() => openai.close());

function closeOf(client: Client): Promise<{ readonly code: number; readonly reason: string }> {
  return new Promise((resolve) => {
    client.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
}

function audioMs(client: Client): number {
  return Buffer.concat(client.audio()).length / 48;
}

function breaking(breaks: AiBreak) {
  return { turns: [{ say: [sayTone(2_000)], ...FAST, breaks }], otherwise: { say: [sayTone(40, 'Again.')], ...FAST } };
}

describe('a session in mid-sentence', () => {
  it('is cut once so much audio has left', async () => {
    const { client } = await openSession(openai, breaking({ afterMs: 500, how: 'drop' }));
    const closed = closeOf(client);

    client.ask();

    expect((await closed).code).toBe(1006);
    expect(audioMs(client)).toBeGreaterThanOrEqual(500);
    // One delta has at most 400 ms.
    expect(audioMs(client)).toBeLessThan(900);
    expect(client.types()).not.toContain('response.done');
    expect(openai.liveSessions()).toEqual([]);
  });

  it('reaches its maximum duration', async () => {
    const { client } = await openSession(openai, breaking({ afterMs: 100, how: 'expire' }));
    const closed = closeOf(client);

    client.ask();

    expect((await client.until('error')).error).toMatchObject({ code: 'session_expired' });
    expect(await closed).toMatchObject({ code: 1001, reason: expect.stringMatching(/maximum duration/) });
  });

  it('falls silent: no event, no pong, no answer to a close, until the client breaks the connection', async () => {
    const { client, session } = await openSession(openai, breaking({ afterMs: 500, how: 'freeze' }));
    client.ask();
    await until(() => audioMs(client) >= 500);
    const events = client.events.length;
    const pongs = jest.fn();
    client.socket.on('pong', pongs);

    client.socket.ping();
    client.ask();
    client.socket.close();
    // Another session makes its round trips meanwhile, so an answer would have been here long since.
    await openSession(openai);

    expect(client.events).toHaveLength(events);
    expect(pongs).not.toHaveBeenCalled();
    expect(session.closed).toBe(false);
    client.socket.terminate();
    await session.untilClosed();
  });

  it('goes on when only the response stalls, which can be cancelled', async () => {
    const { client } = await openSession(openai, breaking({ afterMs: 0, how: 'stall' }));
    client.ask();
    await client.until('response.created');
    client.send({ type: 'input_audio_buffer.clear' });
    await client.until('input_audio_buffer.cleared');

    client.send({ type: 'response.cancel' });

    const { response } = await client.until('response.done');
    expect(response).toMatchObject({ status: 'cancelled', output: [], usage: { output_tokens: 0 } });
    client.ask();
    expect((await client.until('response.done')).response.status).toBe('completed');
  });
});

describe('a request for a response', () => {
  it('is never answered, and no error either, while the next one is', async () => {
    const { client } = await openSession(openai, {
      turns: [{ unanswered: true }, { say: [sayTone(40, 'Yes?')], ...FAST }],
    });

    client.append(speech(200));
    client.append(silence(400));
    await client.until('input_audio_buffer.committed');
    client.ask();

    expect((await client.until('response.done')).response.status).toBe('completed');
    expect(client.all('response.created')).toHaveLength(1);
    expect(client.all('error')).toEqual([]);
  });

  it('fails as often as the script says, with the error that it says, and costs nothing', async () => {
    const failed = { fail: aiFailures.rateLimit(300), ...FAST };
    const { client } = await openSession(openai, { turns: [failed, failed, { say: [sayTone(40)], ...FAST }] });
    const statuses = [];

    for (let time = 0; time < 3; time += 1) {
      client.ask();
      statuses.push((await client.until('response.done')).response.status);
    }

    expect(statuses).toEqual(['failed', 'failed', 'completed']);
    expect(client.all('response.done')[0]?.['response']).toMatchObject({
      status_details: {
        type: 'failed',
        error: { code: 'rate_limit_exceeded', message: expect.stringMatching(/try again in 300ms/) },
      },
      usage: null,
    });
  });

  it.each([
    ['serverError', 'server_error'],
    ['insufficientQuota', 'insufficient_quota'],
  ] as const)('can fail with %s, and a session can tell of it outside a response', async (name, code) => {
    const { client, session } = await openSession(openai, { turns: [{ fail: aiFailures[name](), ...FAST }] });

    client.ask();
    const { response } = await client.until('response.done');
    session.emitError(aiFailures[name]());

    expect(response).toMatchObject({ status_details: { error: { type: code, code } } });
    expect((await client.until('error')).error).toMatchObject({ code });
  });
});

describe('max_output_tokens', () => {
  it('cuts a text response short', async () => {
    const { client } = await openSession(openai, {
      turns: [{ say: [sayTone(1_000, 'One two three four.')], ...FAST }],
    });

    client.ask({ conversation: 'none', output_modalities: ['text'], max_output_tokens: 2, input: [] });

    const { response } = await client.until('response.done');
    expect(response).toMatchObject({
      status: 'incomplete',
      status_details: { type: 'incomplete', reason: 'max_output_tokens' },
      output: [{ status: 'incomplete', content: [{ type: 'output_text' }] }],
    });
    expect(response.usage.output_tokens).toBeLessThanOrEqual(2);
    expect(client.audio()).toEqual([]);
  });

  it('cuts a spoken response short, and leaves one alone that needs less', async () => {
    const { client } = await openSession(openai, { otherwise: { say: [sayTone(1_000, 'One two.')], ...FAST } });

    client.ask({ max_output_tokens: 12 });
    const short = (await client.until('response.done')).response;
    client.ask({ max_output_tokens: 100 });
    const whole = (await client.until('response.done')).response;

    expect(short).toMatchObject({ status: 'incomplete', output: [{ status: 'incomplete' }] });
    expect(short.usage.output_tokens).toBeLessThanOrEqual(12);
    expect(whole).toMatchObject({ status: 'completed', output: [{ status: 'completed' }] });
  });
});

describe('the lifetime of a session', () => {
  it('is what the server was told, and ends it', async () => {
    openai.sessionLifetimeMs = 1_000;
    const beforeSeconds = Date.now() / 1_000;
    const { client } = await openSession(openai);
    const closed = closeOf(client);

    const { session } = client.events[0] as unknown as { readonly session: { readonly expires_at: number } };

    expect(session.expires_at).toBeGreaterThan(beforeSeconds - 1);
    expect(session.expires_at).toBeLessThanOrEqual(beforeSeconds + 1.5);
    expect((await closed).code).toBe(1001);
    expect(client.all('error')).toMatchObject([{ error: { code: 'session_expired' } }]);
  });
});

describe('an outage', () => {
  it('refuses every connection until it is over', async () => {
    openai.outage = { kind: 'insufficient-quota' };
    const refused = [new Client(openai), new Client(openai)];
    const closes = await Promise.all(refused.map(closeOf));

    openai.outage = undefined;
    const { client } = await openSession(openai);

    expect(closes.map(({ code }) => code)).toEqual([4000, 4000]);
    expect(refused.map((one) => one.all('error'))).toMatchObject([
      [{ error: { code: 'insufficient_quota' } }],
      [{ error: { code: 'insufficient_quota' } }],
    ]);
    expect(client.types()).toContain('session.updated');
  });

  it('can break the connection before it is answered', async () => {
    openai.failNextConnection({ kind: 'reset' });

    expect((await closeOf(new Client(openai))).code).toBe(1006);
    expect(openai.sessions).toEqual([]);
  });
});

describe('a conversation that a client restores', () => {
  it('is there in its order, with roles, words and kinds', async () => {
    const { client, session } = await openSession(openai);
    const text = (role: string, type: string, words: string) => ({
      type: 'message',
      role,
      content: [{ type, text: words }],
    });

    await client.create(text('user', 'input_text', 'When do you open?'));
    await client.create({ type: 'function_call', call_id: 'call_1', name: 'hours', arguments: '{}' });
    await client.create({ type: 'function_call_output', call_id: 'call_1', output: '{"opens":9}' });
    await client.create(text('assistant', 'output_text', 'At nine.'));
    await client.create(text('system', 'input_text', 'The connection was interrupted.'));

    expect(session.items).toMatchObject([
      { type: 'message', role: 'user', text: 'When do you open?', isAudio: false },
      { type: 'function_call', callId: 'call_1', name: 'hours', text: '{}' },
      { type: 'function_call_output', callId: 'call_1', text: '{"opens":9}' },
      { type: 'message', role: 'assistant', text: 'At nine.', isAudio: false },
      { type: 'message', role: 'system', text: 'The connection was interrupted.' },
    ]);
    expect(session.violations).toEqual([]);
  });

  it('has no audio that could be truncated', async () => {
    const { client } = await openSession(openai);
    const { item } = await client.create({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'At nine.' }],
    });

    const { id } = item as unknown as { readonly id: string };
    client.send({ type: 'conversation.item.truncate', item_id: id, content_index: 0, audio_end_ms: 10 });

    expect((await client.until('error')).error).toMatchObject({
      code: null,
      message: expect.stringMatching(/Only model/),
    });
  });
});

it('transcribes what a client commits itself, and answers only when asked', async () => {
  const { client } = await openSession(
    openai,
    { hears: ['Hello?'], otherwise: { say: [sayTone(40)], ...FAST } },
    { audio: { input: { turn_detection: null, transcription: { model: 'gpt-4o-mini-transcribe' } } } },
  );
  client.append(speech(300));

  client.send({ type: 'input_audio_buffer.commit' });

  const { transcript } = await client.until('conversation.item.input_audio_transcription.completed');
  expect(transcript).toBe('Hello?');
  expect(client.all('response.created')).toEqual([]);
});

it('charges for a response that was cancelled, too', async () => {
  const { client } = await openSession(openai, { turns: [{ say: [sayTone(4_000)], thinkMs: 0, speedup: 4 }] });
  client.ask();
  await client.until('response.output_audio.delta');

  client.send({ type: 'response.cancel' });

  const { response } = await client.until('response.done');
  expect(response.status).toBe('cancelled');
  expect(response.usage.output_tokens).toBeGreaterThan(0);
});

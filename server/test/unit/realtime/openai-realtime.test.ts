// One realtime session against a bare endpoint. What a whole conversation does is tested against the simulation.

import { WebSocket } from 'ws';
import { settle } from '../../support/manual-clock';
import { until } from '../../support/until';
import { created, RealtimeRig } from './realtime-server';

let rig: RealtimeRig;

async function start(options: Parameters<typeof RealtimeRig.start>[0] = {}): Promise<void> {
  await rig?.stop();
  rig = await RealtimeRig.start(options);
}

beforeEach(() => start());

afterEach(() => rig.stop());

describe('connecting', () => {
  test('names the model, the key and a person that nobody can recognise, and no beta', async () => {
    await start({ settings: { model: 'a model/of tomorrow' } });
    await rig.connect();

    const { url, headers } = rig.requests[0]!;
    expect(url).toBe('/v1/realtime?model=a%20model%2Fof%20tomorrow');
    expect(headers).toMatchObject({
      authorization: 'Bearer sk-test',
      'openai-safety-identifier': 'hash-of-somebody',
    });
    expect(headers).not.toHaveProperty('openai-beta');
    expect(headers).not.toHaveProperty('sec-websocket-extensions');
  });

  test('configures the session once it is created, and is ready when that was taken', async () => {
    await rig.connect();
    expect(rig.received).toEqual([]);
    rig.send({ type: 'session.created', session: { id: 's' } });
    await rig.until('session.update');
    expect(rig.of('session.update')[0]).toMatchObject({ session: { type: 'realtime', instructions: 'Be kind.' } });
    expect(rig.listener.log).toEqual([]);

    rig.send(rig.updated());
    await until(() => rig.listener.log.length > 0);

    expect(rig.listener.log).toEqual(['ready']);
  });

  test('is ready once, however often the session is updated', async () => {
    await rig.ready();

    await rig.tell(rig.updated());

    expect(rig.listener.log.filter((entry) => entry === 'ready')).toHaveLength(1);
  });

  test.each([
    [401, 'ai-unauthorized'],
    [403, 'ai-unauthorized'],
    [429, 'ai-unavailable'],
    [503, 'ai-unavailable'],
  ])('an upgrade refused with %i fails as %s', async (httpStatus, reason) => {
    await start({ refuseWith: httpStatus });

    rig.session.open(rig.listener);

    expect(await rig.failure()).toMatchObject({ reason, details: { httpStatus } });
  });

  test('an endpoint where nobody listens fails as unavailable', async () => {
    await rig.closeEndpoint();

    rig.session.open(rig.listener);

    expect(await rig.failure()).toMatchObject({ reason: 'ai-unavailable' });
  });

  test('an endpoint that says nothing is given up after ten seconds', async () => {
    await rig.connect();

    rig.clock.advance(9_999);
    expect(rig.listener.failures).toEqual([]);
    rig.clock.advance(1);

    expect(await rig.failure()).toMatchObject({ reason: 'ai-unavailable', details: { cause: 'timeout' } });
    // By which code depends on how far the handshake has come on this side.
    await until(() => rig.closeCode !== undefined);
  });

  test('a session that is never updated is given up as well', async () => {
    await rig.connect();
    rig.send({ type: 'session.created', session: { id: 's' } });
    await rig.until('session.update');

    rig.clock.advance(10_000);

    expect((await rig.failure()).reason).toBe('ai-unavailable');
  });

  test('a format that is not the one asked for is static on the phone: no session', async () => {
    await rig.connect();
    rig.send(rig.updated({ type: 'audio/pcmu' }));

    expect(await rig.failure()).toMatchObject({
      reason: 'ai-refused-session',
      details: { mismatch: 'input format audio/pcmu' },
    });
  });

  test('settings that are refused are no session', async () => {
    await rig.connect();
    rig.send({
      type: 'error',
      error: { type: 'invalid_request_error', code: 'unknown_parameter', param: 'session.x' },
    });

    expect(await rig.failure()).toMatchObject({ reason: 'ai-refused-session', details: { param: 'session.x' } });
  });

  test('closing while connecting is quiet', async () => {
    rig.session.open(rig.listener);
    rig.session.close();

    await settle();

    expect(rig.listener.log).toEqual([]);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  test('a passing error before the session is ready asks for no response', async () => {
    await rig.connect();
    rig.send({ type: 'session.created', session: { id: 's' } });
    await rig.until('session.update');
    await rig.tell({ type: 'error', error: { type: 'server_error', code: null } });

    rig.clock.advance(1_000);
    await rig.tell(rig.updated());
    await rig.flush();

    expect(rig.of('response.create')).toEqual([]);
  });
});

describe('losing the connection', () => {
  beforeEach(() => rig.ready());

  test.each([
    [1001, 'ai-connection-lost'],
    [1011, 'ai-connection-lost'],
    [3000, 'ai-unauthorized'],
  ])('a close with %i fails as %s', async (closeCode, reason) => {
    rig.closeSocket(closeCode, 'because');

    expect(await rig.failure()).toMatchObject({ reason, details: { closeCode, closeReason: 'because' } });
  });

  test('a connection that breaks is lost', async () => {
    rig.breakSocket();

    expect(await rig.failure()).toMatchObject({ reason: 'ai-connection-lost', details: { closeCode: 1006 } });
  });

  test('an account error is the verdict, not the close that follows it', async () => {
    rig.send({ type: 'error', error: { type: 'invalid_request_error', code: 'insufficient_quota' } });
    rig.closeSocket(1000);

    expect(await rig.failure()).toMatchObject({ reason: 'ai-unauthorized' });
  });

  test('a session at the end of its hour is lost', async () => {
    rig.send({ type: 'error', error: { type: 'invalid_request_error', code: 'session_expired' } });

    expect(await rig.failure()).toMatchObject({ reason: 'ai-connection-lost' });
  });

  test('a connection without a word or a ping for more than 45 s is lost', async () => {
    rig.clock.advance(45_000);
    expect(rig.listener.failures).toEqual([]);
    rig.clock.advance(5_000);

    expect(await rig.failure()).toMatchObject({ reason: 'ai-connection-lost', details: { cause: 'silence' } });
  });

  test('pings alone keep it alive', async () => {
    for (let ping = 0; ping < 10; ping += 1) {
      rig.clock.advance(20_000);
      await rig.ping();
    }

    expect(rig.listener.failures).toEqual([]);
  });

  test('errors that are races or our own mistakes are survived', async () => {
    await rig.tell(
      { type: 'error', error: { code: 'response_cancel_not_active' } },
      { type: 'error', error: { type: 'invalid_request_error', code: 'invalid_value', message: 'x' } },
    );

    expect(rig.session.closed).toBe(false);
  });

  test('after closing nothing is reported and nothing is sent', async () => {
    rig.session.close();
    const before = [rig.listener.log.length, rig.received.length];

    rig.send({ type: 'input_audio_buffer.speech_started' });
    rig.session.appendAudio(Buffer.alloc(2));
    rig.session.truncate({ responseId: 'r', itemId: 'i', contentIndex: 0 }, 1);
    rig.session.addMessage('system', 'x');
    rig.session.answerTool('call-1', '{}');
    rig.session.takeTurns('listen');
    rig.session.setInstructions('x');
    await until(() => rig.closeCode === 1000);

    expect([rig.listener.log.length, rig.received.length]).toEqual(before);
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

test('a request after closing is dropped, so that nobody waits for it', async () => {
  await rig.ready();
  rig.session.close();

  rig.say('late', 'Hello?');
  await until(() => rig.closeCode === 1000);

  expect(rig.listener.dropped).toEqual(['late']);
  expect(rig.of('response.create')).toEqual([]);
  expect(rig.clock.pendingTimers).toBe(0);
});

describe('sending', () => {
  test('audio is dropped before the session is ready, and sent as it is after', async () => {
    await rig.connect();
    rig.session.appendAudio(Buffer.of(9, 9));
    rig.send({ type: 'session.created', session: {} }, rig.updated());
    await until(() => rig.listener.log.includes('ready'));

    rig.session.appendAudio(Buffer.of(1, 2, 255));
    await rig.flush();

    expect(rig.of('input_audio_buffer.append')).toEqual([{ type: 'input_audio_buffer.append', audio: 'AQL/' }]);
  });

  test('a greeting is asked for word by word', async () => {
    await rig.ready();

    rig.say('greeting', 'Say "hi"\nto them.');
    await rig.until('response.create');

    const { instructions } = rig.of('response.create')[0]!['response'] as { instructions: string };
    expect(instructions).toContain(JSON.stringify('Say "hi"\nto them.'));
    expect(rig.of('conversation.item.create')).toEqual([]);
  });

  test('without a greeting the model is told to open, by its own instructions', async () => {
    await rig.ready();

    rig.session.requestResponse({ requestId: 'opening', content: { kind: 'directive', directive: 'Open the call.' } });
    await rig.until('response.create');

    const { instructions } = rig.of('response.create')[0]!['response'] as { instructions: string };
    expect(instructions).toMatch(/^Be kind\.\s.*Open the call\./s);
    expect(rig.of('conversation.item.create')).toEqual([]);
  });

  test.each(['system', 'user'] as const)('words of the %s are added to the conversation as they are', async (role) => {
    await rig.ready();

    rig.session.addMessage(role, 'They pressed 5.');
    await rig.flush();

    const item = { type: 'message', role, content: [{ type: 'input_text', text: 'They pressed 5.' }] };
    expect(rig.of('conversation.item.create')).toEqual([{ type: 'conversation.item.create', item }]);
    expect(rig.of('response.create')).toEqual([]);
  });

  test('a truncation is in whole milliseconds', async () => {
    await rig.ready();

    rig.session.truncate({ responseId: 'r', itemId: 'i', contentIndex: 1 }, 731.9);
    await rig.until('conversation.item.truncate');

    expect(rig.of('conversation.item.truncate')).toEqual([
      { type: 'conversation.item.truncate', item_id: 'i', content_index: 1, audio_end_ms: 731 },
    ]);
  });

  test('congestion is told by what waits in the socket', async () => {
    await rig.ready();
    expect(rig.session.isCongested).toBe(false);

    const spy = jest.spyOn(WebSocket.prototype, 'bufferedAmount', 'get').mockReturnValue(200 * 1024);

    expect(rig.session.isCongested).toBe(true);
    spy.mockRestore();
  });
});

describe('silence of the server', () => {
  beforeEach(() => rig.ready());

  test('a callee who gets no answer gets one in the end', async () => {
    await rig.tell({ type: 'input_audio_buffer.speech_started', item_id: 'i' });
    await rig.tell({ type: 'input_audio_buffer.speech_stopped', item_id: 'i' });

    rig.clock.advance(10_000);
    await rig.flush();

    expect(rig.of('response.create')).toHaveLength(1);
  });

  test('a request that is neither answered nor refused is made again', async () => {
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');

    rig.clock.advance(5_500);
    await rig.until('response.create', 2);

    expect(JSON.stringify(rig.of('response.create')[1])).toContain('Hello.');
  });

  test('a response that begins and makes no sound is not waited for without end', async () => {
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');
    await rig.tell(created('a', rig.of('response.create')[0]));

    rig.clock.advance(8_000);
    await rig.until('response.cancel');
    rig.clock.advance(500);
    await rig.until('response.create', 2);

    expect(JSON.stringify(rig.of('response.create')[1])).toContain('Hello.');
  });
});

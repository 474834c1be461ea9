// How long a session lives: what it says of its end, a peer that is gone without a word, and faults of our own.

import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';
import { created, done, RealtimeRig, type RigOptions } from './realtime-server';

const HOUR_S = 3_600;
const START_S = ManualClock.START_MS / 1_000;

let rig: RealtimeRig;

async function start(options: RigOptions = {}): Promise<void> {
  await rig?.stop();
  rig = await RealtimeRig.start(options);
}

beforeEach(() => start());

afterEach(() => rig.stop());

describe('the end of its time', () => {
  async function createdWith(expiresAt: unknown): Promise<number | undefined> {
    await rig.connect();
    rig.send({ type: 'session.created', session: { id: 's', expires_at: expiresAt } });
    await rig.until('session.update');
    return rig.session.expiresAtMs;
  }

  test('is known from the beginning', async () => {
    expect(await createdWith(START_S + HOUR_S)).toBe(ManualClock.START_MS + HOUR_S * 1_000);
  });

  test.each([undefined, null, 'soon', 0, START_S - 1, START_S * 1_000])(
    'is not known when the server says %s',
    async (expiresAt) => {
      expect(await createdWith(expiresAt)).toBeUndefined();
      expect(rig.session.closed).toBe(false);
    },
  );

  test('can be moved, and is not forgotten when it is not mentioned', async () => {
    await createdWith(START_S + HOUR_S);
    const update = rig.updated();
    await rig.tell({ ...update, session: { ...(update['session'] as object), expires_at: START_S + 2 * HOUR_S } });
    await rig.tell(update);

    expect(rig.session.expiresAtMs).toBe(ManualClock.START_MS + 2 * HOUR_S * 1_000);
  });

  test('is a loss of the connection', async () => {
    await rig.ready();

    rig.send({ type: 'error', error: { type: 'invalid_request_error', code: 'session_expired' } });

    expect(await rig.failure()).toMatchObject({
      reason: 'ai-connection-lost',
      details: { errorCode: 'session_expired' },
    });
  });
});

describe('the time to get ready', () => {
  test('can be shorter than usual', async () => {
    await start({ settings: { readyTimeoutMs: 4_000 } });
    await rig.connect();

    rig.clock.advance(3_999);
    expect(rig.listener.failures).toEqual([]);
    rig.clock.advance(1);

    expect(await rig.failure()).toMatchObject({ reason: 'ai-unavailable', details: { cause: 'timeout' } });
  });

  test('ends early when the server cannot take the settings now', async () => {
    await rig.connect();
    rig.send({ type: 'session.created', session: {} });
    await rig.until('session.update');

    const { event_id: eventId } = rig.of('session.update')[0]!;
    rig.send({ type: 'error', error: { type: 'server_error', code: null, event_id: eventId } });

    expect(await rig.failure()).toMatchObject({ reason: 'ai-unavailable', details: { errorType: 'server_error' } });
  });

  test('ends early when the session is over before it began', async () => {
    await rig.connect();

    rig.send({ type: 'error', error: { type: 'invalid_request_error', code: 'session_expired' } });

    expect(await rig.failure()).toMatchObject({ reason: 'ai-unavailable' });
  });
});

test('a peer that is gone without a word is noticed within seconds', async () => {
  await start({ answersPings: true });
  await rig.ready();
  await rig.flush();
  await rig.tell();
  rig.freeze();

  await rig.clock.advanceAsync(14_999);
  expect(rig.listener.failures).toEqual([]);
  rig.clock.advance(1);

  expect(await rig.failure()).toMatchObject({ reason: 'ai-connection-lost', details: { cause: 'silence' } });
});

describe('a model that is silent', () => {
  /** Plays the opening of every response that is asked for, until the session is given up. */
  async function beSilent(afterEach: (responseId: string) => Promise<void>): Promise<void> {
    rig.say('greeting', 'Hello.');
    for (let number = 1; number <= 4; number += 1) {
      await rig.until('response.create', number);
      await afterEach(`r${number}`);
      if (number < 4) rig.clock.advance(2_000);
    }
  }

  test('at every try is told by that cause', async () => {
    await rig.ready();

    await beSilent(async (responseId) => {
      await rig.tell(created(responseId, rig.of('response.create').at(-1)));
      rig.clock.advance(8_000);
    });

    expect(await rig.failure()).toMatchObject({ reason: 'ai-failed', details: { cause: 'silent', tries: 4 } });
  });

  test('to every request is told by the response that was not made', async () => {
    await rig.ready();

    await beSilent(() => {
      rig.clock.advance(5_000);
      return Promise.resolve();
    });

    expect(await rig.failure()).toMatchObject({
      reason: 'ai-failed',
      details: { errorCode: 'response_not_created', tries: 4 },
    });
  });
});

test('a limit that is told with a time is waited for as long', async () => {
  await rig.ready();
  rig.say('greeting', 'Hello.');
  await rig.until('response.create');
  const { response, ...event } = done('a', 'failed');
  const error = { type: 'tokens', code: 'rate_limit_exceeded', message: 'Please try again in 1.2s.' };
  await rig.tell(created('a', rig.of('response.create')[0]), {
    ...event,
    response: { ...(response as object), status_details: { error } },
  });

  rig.clock.advance(1_199);
  await rig.flush();
  expect(rig.of('response.create')).toHaveLength(1);
  rig.clock.advance(1);

  await rig.until('response.create', 2);
});

describe('a fault of our own', () => {
  const boom = (): never => {
    throw new Error('boom');
  };

  beforeEach(() => rig.ready());

  test('in taking in an event ends the session, and nothing else', async () => {
    rig.listener.onSpeechStarted = boom;

    rig.send({ type: 'input_audio_buffer.speech_started', item_id: 'i' });

    expect(await rig.failure()).toMatchObject({ reason: 'internal-error' });
    expect(rig.log.at('error')).toMatchObject([{ fields: { error: { message: 'boom' } } }]);
  });

  test('in what a timer does ends the session, and nothing else', async () => {
    rig.listener.onResponseDone = boom;
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');
    await rig.tell(created('a', rig.of('response.create')[0]));

    rig.clock.advance(8_000);

    expect(await rig.failure()).toMatchObject({ reason: 'internal-error' });
  });

  test('in taking in the end of the session is written down', async () => {
    rig.listener.onFailed = boom;

    rig.breakSocket();
    await until(() => rig.log.at('error').length > 0);

    expect([rig.session.closed, rig.clock.pendingTimers]).toEqual([true, 0]);
  });
});

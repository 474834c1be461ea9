// What becomes of the responses that one realtime session asks for: begun, failed, refused, put off or cancelled.

import { type ClientEvent, created, done, RealtimeRig, refused } from './realtime-server';

const SPEECH_STARTED = { type: 'input_audio_buffer.speech_started', item_id: 'callee' };
const SPEECH_STOPPED = { type: 'input_audio_buffer.speech_stopped', item_id: 'callee' };
const WRONG = { type: 'invalid_request_error', code: 'invalid_value', param: 'response.x' };
const BUSY = { type: 'invalid_request_error', code: 'conversation_already_has_active_response' };
const SERVER_ERROR = { type: 'server_error', code: null };

let rig: RealtimeRig;

function audio(responseId: string): ClientEvent {
  const part = { response_id: responseId, item_id: 'item', content_index: 0 };
  return { type: 'response.output_audio.delta', ...part, delta: 'AAAA' };
}

beforeEach(async () => {
  rig = await RealtimeRig.start();
  await rig.ready();
});

afterEach(() => rig.stop());

describe('failed responses', () => {
  beforeEach(async () => {
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');
  });

  test('are asked for again, word by word', async () => {
    await rig.tell(created('a', rig.of('response.create')[0]), done('a', 'failed', 'rate_limit_exceeded'));
    expect(rig.of('response.create')).toHaveLength(1);

    rig.clock.advance(500);
    await rig.until('response.create', 2);

    expect(JSON.stringify(rig.of('response.create')[1])).toContain('Hello.');
    expect(rig.listener.outcomes).toMatchObject([{ responseId: 'a', status: 'failed' }]);
  });

  test('are asked for again after the answer that the callee got first', async () => {
    await rig.tell(created('a', rig.of('response.create')[0]), done('a', 'failed', 'rate_limit_exceeded'));
    await rig.speak();
    rig.clock.advance(500);
    await rig.flush();
    expect(rig.of('response.create')).toHaveLength(1);

    await rig.tell(created('b'), done('b'));
    await rig.until('response.create', 2);

    expect(rig.asked()).toEqual(['Hello.', 'Hello.']);
  });

  test('an error that answers no request of ours makes nobody speak', async () => {
    await rig.tell(created('a', rig.of('response.create')[0]), done('a'));

    await rig.tell({ type: 'error', error: { type: 'server_error', code: null, event_id: null } });
    rig.clock.advance(10_000);
    await rig.flush();

    expect(rig.of('response.create')).toHaveLength(1);
  });

  test('a request that fails by an error is made again', async () => {
    const eventId = rig.of('response.create')[0]!['event_id'];
    await rig.tell({ type: 'error', error: { type: 'server_error', code: null, event_id: eventId } });

    rig.clock.advance(500);
    await rig.until('response.create', 2);

    expect(JSON.stringify(rig.of('response.create')[1])).toContain('Hello.');
  });

  test('end the session when they never stop', async () => {
    for (let failures = 1; failures <= 4; failures += 1) {
      await rig.tell(created(`r${failures}`, rig.of('response.create').at(-1)), done(`r${failures}`, 'failed', 'x'));
      if (failures === 4) break;
      rig.clock.advance(2_000);
      await rig.until('response.create', failures + 1);
    }

    expect(await rig.failure()).toMatchObject({ reason: 'ai-failed', details: { tries: 4 } });
  });
});

test('a failed response is not asked for again once an answer to the callee has made it needless', async () => {
  rig.say('nudge', 'Still there?', { isMootWhenAnswered: true });
  await rig.until('response.create');
  await rig.tell(created('a', rig.of('response.create')[0]), done('a', 'failed', 'rate_limit_exceeded'));
  await rig.speak();
  await rig.tell(created('b'));

  rig.clock.advance(500);
  await rig.tell(done('b'));
  await rig.flush();

  expect(rig.of('response.create')).toHaveLength(1);
  expect(rig.listener.dropped).toEqual(['nudge']);
});

describe('cancelling', () => {
  beforeEach(async () => {
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');
  });

  test('a cancelled opening is unwanted when it begins', async () => {
    expect(rig.session.cancelResponse('all')).toBe(true);

    await rig.tell(created('a', rig.of('response.create')[0]));
    await rig.until('response.cancel');

    expect(rig.listener.started).toEqual([{ responseId: 'a', requestId: 'greeting', isUnwanted: true }]);
  });

  test('the active response leaves what was asked for but has not begun', async () => {
    expect(rig.session.cancelResponse('active')).toBe(false);

    await rig.tell(created('a', rig.of('response.create')[0]));

    expect(rig.listener.started).toEqual([{ responseId: 'a', requestId: 'greeting', isUnwanted: false }]);
    expect(rig.of('response.cancel')).toEqual([]);
  });

  test('the active response leaves what waits behind it', async () => {
    await rig.tell(created('a', rig.of('response.create')[0]));
    rig.say('next', 'And then.');

    expect(rig.session.cancelResponse('active')).toBe(true);
    await rig.tell(done('a', 'cancelled'));
    await rig.until('response.create', 2);

    expect(rig.asked()).toEqual(['Hello.', 'And then.']);
    expect(rig.listener.dropped).toEqual([]);
  });

  test('everything drops what waits and what was due for another try, each once', async () => {
    await rig.tell(created('a', rig.of('response.create')[0]), done('a', 'failed', 'rate_limit_exceeded'));

    expect(rig.session.cancelResponse('all')).toBe(true);
    rig.clock.advance(10_000);
    await rig.flush();

    expect(rig.listener.dropped).toEqual(['greeting']);
    expect(rig.of('response.create')).toHaveLength(1);
    expect(rig.session.cancelResponse('all')).toBe(false);
  });

  test('everything also stops a request that the server then cannot take', async () => {
    rig.session.cancelResponse('all');
    await rig.tell(refused(rig.of('response.create')[0]!, SERVER_ERROR));

    rig.clock.advance(10_000);
    await rig.flush();

    expect(rig.listener.dropped).toEqual(['greeting']);
    expect(rig.of('response.create')).toHaveLength(1);
  });
});

describe('a refusal', () => {
  test('of the first request ends the session: the next would be refused as well', async () => {
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');

    rig.send(refused(rig.of('response.create')[0]!, WRONG));

    expect(await rig.failure()).toMatchObject({ reason: 'ai-refused-session', details: { param: 'response.x' } });
  });

  test('of a later request drops it, and what waits behind it is asked for', async () => {
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');
    await rig.tell(created('a', rig.of('response.create')[0]), done('a'));
    rig.say('wrong', 'Wrong.');
    rig.say('next', 'Next.');
    await rig.until('response.create', 2);

    await rig.tell(refused(rig.of('response.create')[1]!, WRONG));
    await rig.until('response.create', 3);

    expect(rig.asked()).toEqual(['Hello.', 'Wrong.', 'Next.']);
    expect(rig.listener.dropped).toEqual(['wrong']);
    expect(rig.session.closed).toBe(false);
  });

  test('because another response is active is no end: the request is made again after it', async () => {
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');

    await rig.tell(refused(rig.of('response.create')[0]!, BUSY), created('own'), done('own'));
    await rig.until('response.create', 2);

    expect(rig.asked()).toEqual(['Hello.', 'Hello.']);
    expect(rig.listener.dropped).toEqual([]);
  });

  test('of two requests in a row loses neither: both are made again', async () => {
    rig.say('greeting', 'Hello.');
    rig.say('next', 'Next.');
    await rig.until('response.create');
    await rig.tell(refused(rig.of('response.create')[0]!, SERVER_ERROR));
    await rig.flush();
    if (rig.asked().length === 2) await rig.tell(refused(rig.of('response.create')[1]!, SERVER_ERROR));

    for (let round = 0; round < 6; round += 1) {
      rig.clock.advance(2_000);
      await rig.flush();
      const request = rig.of('response.create').at(-1)!;
      await rig.tell(created(`r${round}`, request), done(`r${round}`));
    }

    const begun = rig.listener.started.flatMap(({ requestId }) => (requestId === undefined ? [] : [requestId]));
    expect(begun.toSorted()).toEqual(expect.arrayContaining(['greeting', 'next']));
  });
});

test('a response that was given up for its silence, and then ends all at once, is still asked for again', async () => {
  rig.say('greeting', 'Hello.');
  await rig.until('response.create');
  await rig.tell(created('a', rig.of('response.create')[0]));
  rig.clock.advance(8_000);

  await rig.tell(audio('a'), done('a'));
  expect(rig.listener.audio).toEqual([]);
  rig.clock.advance(500);
  await rig.flush();

  expect(rig.asked()).toEqual(['Hello.', 'Hello.']);
});

describe('a failure with more requests waiting', () => {
  test('is waited out before any of them is made, so that a passing overload does not end the call', async () => {
    rig.say('one', 'One.');
    rig.say('two', 'Two.');
    await rig.until('response.create');

    for (let number = 1; number <= 5; number += 1) {
      const request = rig.of('response.create')[number - 1];
      if (!request) break;
      await rig.tell(created(`r${number}`, request), done(`r${number}`, 'failed', 'rate_limit_exceeded'));
    }

    expect(rig.listener.failures).toEqual([]);
  });
});

describe('while the callee speaks', () => {
  test('a protected request whose response failed is tried again without waiting for them to stop', async () => {
    rig.say('goodbye', 'Goodbye.', { isProtected: true });
    await rig.until('response.create');
    await rig.tell(created('a', rig.of('response.create')[0]), done('a', 'failed', 'rate_limit_exceeded'));

    await rig.tell(SPEECH_STARTED);
    rig.clock.advance(500);
    await rig.flush();

    expect(rig.asked()).toEqual(['Goodbye.', 'Goodbye.']);
  });

  test('a request waits, and takes the instructions that hold when it is made', async () => {
    await rig.tell(SPEECH_STARTED);
    rig.session.requestResponse({ requestId: 'r', content: { kind: 'directive', directive: 'Ask for the date.' } });
    rig.session.setInstructions('Be brief.');

    await rig.tell(SPEECH_STOPPED, created('own'), done('own'));
    await rig.until('response.create');

    expect(rig.of('response.create')[0]).toMatchObject({
      response: { instructions: expect.stringMatching(/^Be brief\.\s+Ask for the date\.$/) as unknown },
    });
  });

  test('a response over their words is put off: unwanted, of nobody, and asked for again after their answer', async () => {
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');

    await rig.tell(SPEECH_STARTED, created('a', rig.of('response.create')[0]));
    await rig.tell(done('a', 'cancelled'), SPEECH_STOPPED, created('own'), done('own'));
    await rig.until('response.create', 2);
    await rig.tell(created('b', rig.of('response.create')[1]));

    expect(rig.asked()).toEqual(['Hello.', 'Hello.']);
    expect(rig.listener.started).toEqual([
      { responseId: 'a', requestId: undefined, isUnwanted: true },
      { responseId: 'own', requestId: undefined, isUnwanted: false },
      { responseId: 'b', requestId: 'greeting', isUnwanted: false },
    ]);
  });
});

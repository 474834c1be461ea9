// How responses of one realtime session come to an end that nobody wished for: failed in the middle, stuck, cut short or
// taken back, and what is asked for again then.

import { type ClientEvent, created, done, RealtimeRig, refused } from './realtime-server';

const SPEECH_STARTED = { type: 'input_audio_buffer.speech_started', item_id: 'callee' };
const SPEECH_STOPPED = { type: 'input_audio_buffer.speech_stopped', item_id: 'callee' };
const BUSY = { type: 'invalid_request_error', code: 'conversation_already_has_active_response' };
const STALL_MS = 8_000;

let rig: RealtimeRig;

beforeEach(async () => {
  rig = await RealtimeRig.start();
  await rig.ready();
});

afterEach(() => rig.stop());

function audio(responseId: string): ClientEvent {
  const part = { response_id: responseId, item_id: `item-${responseId}`, content_index: 0 };
  return { type: 'response.output_audio.delta', ...part, delta: 'AAAA' };
}

function toolCall(responseId: string): ClientEvent {
  const item = {
    type: 'function_call',
    status: 'completed',
    call_id: `call-${responseId}`,
    name: 'n',
    arguments: '{}',
  };
  return { type: 'response.output_item.done', response_id: responseId, output_index: 0, item };
}

/** Asks for an answer, and the server begins it. */
async function answering(responseId = 'a'): Promise<void> {
  const asked = rig.of('response.create').length;
  rig.session.requestResponse({ requestId: `for-${responseId}`, content: { kind: 'answer' }, mayUseTools: true });
  await rig.until('response.create', asked + 1);
  await rig.tell(created(responseId, rig.of('response.create').at(-1)));
}

/** Everything that is asked for in the next half minute. */
async function askedLater(): Promise<string[]> {
  for (let second = 0; second < 30; second += 1) rig.clock.advance(1_000);
  await rig.flush();
  return rig.asked();
}

function outcomes(): string[] {
  return rig.listener.outcomes.map(({ responseId, status }) => `${responseId} ${status}`);
}

describe('a failed response', () => {
  beforeEach(() => answering());

  test('whose tool was run is not asked for again: it would run twice', async () => {
    await rig.tell(toolCall('a'), done('a', 'failed', 'server_error'));

    expect(rig.listener.toolCalls).toHaveLength(1);
    expect(await askedLater()).toEqual(['']);
  });

  test('whose tool was run is not told as failed: nobody may wait for another try', async () => {
    await rig.tell(toolCall('a'), done('a', 'failed', 'server_error'));

    expect(outcomes()).not.toContain('a failed');
    expect(rig.listener.outcomes).toHaveLength(1);
  });

  test('is asked for again when only an earlier one has run a tool', async () => {
    await rig.tell(toolCall('a'), done('a'));
    await answering('b');

    await rig.tell(done('b', 'failed', 'server_error'));

    rig.clock.advance(500);
    await rig.flush();
    expect(rig.asked()).toEqual(['', '', '']);
  });

  test('of which something was heard is told as failed, and asked for again once', async () => {
    await rig.tell(audio('a'), done('a', 'failed', 'server_error'));
    rig.clock.advance(500);
    await rig.until('response.create', 2);
    await rig.tell(created('b', rig.of('response.create')[1]), audio('b'), done('b'));

    expect(outcomes()).toEqual(['a failed', 'b completed']);
    expect(rig.listener.started.at(-1)).toMatchObject({ responseId: 'b', requestId: 'for-a' });
    expect(await askedLater()).toEqual(['', '']);
  });

  test('that we had cancelled is not asked for again', async () => {
    rig.session.cancelResponse('active');

    await rig.tell(done('a', 'failed', 'server_error'));

    expect(await askedLater()).toEqual(['']);
  });

  test('that we had cancelled is not told as failed: nobody may wait for another try', async () => {
    rig.session.cancelResponse('active');

    await rig.tell(done('a', 'failed', 'server_error'));

    expect(outcomes()).not.toContain('a failed');
  });
});

describe('a response that the callee cuts into', () => {
  beforeEach(() => answering());

  test('is left to a server that takes the turns', async () => {
    expect(rig.session.cancelResponse('cut-in')).toBe(false);
  });

  test('is cancelled at a server that only listens, and at one that has yet to confirm that it does not', async () => {
    await rig.takeTurns('listen');
    rig.session.takeTurns('server');

    expect(rig.session.cancelResponse('cut-in')).toBe(true);
  });
});

describe('an incomplete response', () => {
  beforeEach(() => answering());

  test('without a sound is repeated like a failed one', async () => {
    await rig.tell(done('a', 'incomplete'));
    rig.clock.advance(500);
    await rig.flush();

    expect(outcomes()).toEqual(['a failed']);
    expect(rig.asked()).toEqual(['', '']);
  });

  test.each([
    ['of which something was heard', audio('a')],
    ['that has run a tool', toolCall('a')],
  ])('%s is left as it is', async (_what, event) => {
    await rig.tell(event, done('a', 'incomplete'));

    expect(outcomes()).toEqual(['a incomplete']);
    expect(await askedLater()).toEqual(['']);
  });

  test('over and over without a sound ends the session, with the verdict of failures', async () => {
    for (let number = 1; number <= 4; number += 1) {
      rig.send(done(number === 1 ? 'a' : `r${number}`, 'incomplete'));
      if (number === 4) break;
      await rig.tell();
      rig.clock.advance(2_000);
      await rig.until('response.create', number + 1);
      await rig.tell(created(`r${number + 1}`, rig.of('response.create').at(-1)));
    }

    expect(await rig.failure()).toMatchObject({ reason: 'ai-failed' });
  });
});

describe('a response that stalls after its first sound', () => {
  beforeEach(async () => {
    await answering();
    await rig.tell(audio('a'));
    rig.clock.advance(5_000);
    await rig.tell(audio('a'));
    rig.say('next', 'And then.');
    rig.clock.advance(STALL_MS - 1);
    await rig.flush();
  });

  test('is cancelled and let go when nothing has come for 8 s, not before', async () => {
    expect([rig.of('response.cancel'), outcomes()]).toEqual([[], []]);

    rig.clock.advance(1);
    await rig.until('response.cancel');

    expect(rig.of('response.cancel')).toMatchObject([{ response_id: 'a' }]);
    expect(outcomes()).toEqual(['a incomplete']);
  });

  test('is not asked for again, and what waits goes on', async () => {
    rig.clock.advance(1);
    await rig.until('response.create', 2);
    await rig.tell(created('b', rig.of('response.create')[1]), audio('b'), done('b'));

    expect(await askedLater()).toEqual(['', 'And then.']);
  });

  test('has ended then: what still comes of it is not heard, and its real end promises no other try', async () => {
    rig.clock.advance(1);
    const heard = rig.listener.audio.length;

    await rig.tell(audio('a'), done('a', 'failed'));

    expect(rig.listener.audio).toHaveLength(heard);
    expect(outcomes()).not.toContain('a failed');
  });
});

test('a response that is stuck after its tool was run is not asked for again: it would run twice', async () => {
  await answering();
  await rig.tell(toolCall('a'));
  rig.clock.advance(STALL_MS);
  await rig.until('response.cancel');

  rig.clock.advance(500);
  await rig.flush();

  expect(rig.listener.toolCalls).toHaveLength(1);
  expect(rig.asked()).toEqual(['']);
});

describe('cancelling everything while a response is made', () => {
  test('also takes back the request that is on its way', async () => {
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');
    await rig.speak();
    await rig.tell(created('own'));

    expect(rig.session.cancelResponse('all')).toBe(true);
    await rig.tell(refused(rig.of('response.create')[0]!, BUSY), done('own', 'cancelled'));

    expect(rig.listener.dropped).toEqual(['greeting']);
    expect(await askedLater()).toEqual(['Hello.']);
  });

  test('also takes back the answer that the callee is due', async () => {
    rig.say('goodbye', 'Goodbye.', { isProtected: true });
    await rig.until('response.create');
    await rig.tell(created('a', rig.of('response.create')[0]));
    await rig.speak();

    rig.session.cancelResponse('all');
    await rig.tell(done('a', 'cancelled'), created('own'));
    await rig.until('response.cancel', 2);

    expect(rig.listener.started.at(-1)).toEqual({ responseId: 'own', requestId: undefined, isUnwanted: true });
  });
});

test('an answer of the server’s own is not taken for ours while the switch to listening is on its way', async () => {
  await rig.tell(SPEECH_STARTED);
  rig.session.takeTurns('listen');
  rig.say('goodbye', 'Goodbye.', { isProtected: true });
  await rig.tell(SPEECH_STOPPED);
  await rig.until('response.create');

  await rig.tell(created('own'), refused(rig.of('response.create')[0]!, BUSY), rig.updated(undefined, 'listen'));
  await rig.tell(audio('own'), done('own'));
  await rig.until('response.create', 2);
  await rig.tell(created('b', rig.of('response.create')[1]), audio('b'), done('b'));

  expect(rig.listener.started).toEqual([
    { responseId: 'own', requestId: undefined, isUnwanted: false },
    { responseId: 'b', requestId: 'goodbye', isUnwanted: false },
  ]);
  expect(await askedLater()).toEqual(['Goodbye.', 'Goodbye.']);
});

test('words of the callee that could not be written down are told as such', async () => {
  await rig.tell({
    type: 'conversation.item.input_audio_transcription.failed',
    item_id: 'callee',
    content_index: 0,
    error: { type: 'transcription_error', code: 'audio_unintelligible', message: 'x' },
  });

  expect(rig.listener.log).toContain('callee, not written down');
  expect(rig.session.closed).toBe(false);
});

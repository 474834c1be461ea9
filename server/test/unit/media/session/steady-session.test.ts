// A session that is lost is replaced: how often that is tried, what the next one is told, and what it is asked for.

import { endCall } from '../../../../src/calls/end-call';
import { deferred } from '../../../../src/lib/deferred';
import { settle } from '../../../support/manual-clock';
import { SteadyRig } from './steady-rig';

const UNAVAILABLE = endCall('ai-unavailable', { httpStatus: 503 });

describe('opening', () => {
  test('a first session that cannot be opened is tried again, before anybody hears of it', () => {
    const rig = new SteadyRig();

    rig.fail(UNAVAILABLE);
    rig.fail(UNAVAILABLE);
    rig.clock.advance(250);
    rig.ready();

    expect(rig.sessions).toHaveLength(3);
    expect(rig.listener.news).toEqual(['ready']);
    expect(rig.of('ai.lost')).toEqual([]);
    expect(rig.sessions.map(({ readyTimeoutMs }) => readyTimeoutMs)).toEqual([undefined, 4_000, 4_000]);
  });

  test('what was asked and told before it is ready is asked and told then', () => {
    const rig = new SteadyRig();
    void rig.bridge.speak({ content: { kind: 'words', words: 'Hello.' } });
    rig.bridge.tell('system', 'It is raining.');
    rig.bridge.setInstructions('Be brief.');
    rig.bridge.takeTurns('listen');

    rig.fail(UNAVAILABLE);
    rig.ready();

    expect(rig.asked).toEqual(['Hello.']);
    expect(rig.session.history).toEqual(['system: It is raining.']);
    expect(rig.session.of('instructions').at(-1)).toMatchObject({ instructions: 'Be brief.' });
    expect(rig.session.of('turns').at(-1)).toMatchObject({ by: 'listen' });
  });

  test('gives up after the last try, with the first verdict', () => {
    const rig = new SteadyRig();

    rig.fail(UNAVAILABLE);
    for (const delayMs of [1, 250, 1_000]) {
      rig.clock.advance(delayMs);
      rig.fail(endCall('ai-unavailable', { cause: 'timeout' }));
    }

    expect(rig.of('conversation.failed')).toMatchObject([
      { verdict: { reason: 'ai-unavailable', details: { httpStatus: 503, tries: 4 } } },
    ]);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  test.each(['ai-unauthorized', 'ai-refused-session'] as const)('does not try again when it is %s', (reason) => {
    const rig = new SteadyRig();

    rig.fail(endCall(reason));

    expect(rig.sessions).toHaveLength(1);
    expect(rig.of('conversation.failed')).toMatchObject([{ verdict: { reason } }]);
  });
});

describe('a loss', () => {
  test('is told, and so is what follows', () => {
    const rig = SteadyRig.talking();

    rig.fail();
    rig.fail(UNAVAILABLE);
    rig.clock.advance(250);
    rig.ready();

    expect(rig.of('ai.lost')).toMatchObject([{ reason: 'ai-connection-lost', details: { closeCode: 1006 } }]);
    expect(rig.of('ai.resumed')).toMatchObject([{ sessionId: 'session-3', afterMs: 250, tries: 2 }]);
    expect(rig.listener.news.filter((word) => word.startsWith('AI '))).toEqual(['AI lost', 'AI resumed']);
  });

  test.each([
    endCall('ai-failed', { cause: 'silent' }),
    endCall('ai-failed', { errorCode: 'response_not_created' }),
    endCall('ai-unavailable'),
  ])('of a session that is of no use counts as one', (verdict) => {
    const rig = SteadyRig.talking();

    rig.fail(verdict);

    expect(rig.sessions).toHaveLength(2);
    expect(rig.of('conversation.failed')).toEqual([]);
  });

  test.each([
    endCall('ai-unauthorized'),
    endCall('ai-failed', { errorCode: 'server_error' }),
    endCall('internal-error'),
  ])('behind which no other session would work ends the conversation', (verdict) => {
    const rig = SteadyRig.talking();

    rig.fail(verdict);

    expect(rig.sessions).toHaveLength(1);
    expect(rig.of('conversation.failed')).toMatchObject([{ verdict: { reason: verdict.reason } }]);
  });

  test('is not borne for longer than nine seconds', () => {
    const rig = SteadyRig.talking();

    rig.fail();
    rig.clock.advance(4_000);
    rig.fail(UNAVAILABLE);
    rig.clock.advance(4_999);
    expect(rig.of('conversation.failed')).toEqual([]);
    rig.clock.advance(1);

    expect(rig.of('conversation.failed')).toMatchObject([{ verdict: { details: { closeCode: 1006, tries: 2 } } }]);
    expect(rig.sessions.every(({ closed }) => closed)).toBe(true);
  });

  test('soon after another one uses up what is left of the tries', () => {
    const rig = SteadyRig.talking();
    rig.hear(11_000);

    rig.fail();
    rig.ready();
    rig.fail();
    rig.clock.advance(250);
    rig.ready();
    rig.fail();
    rig.clock.advance(1_000);
    rig.ready();
    rig.fail();

    expect(rig.of('ai.resumed')).toHaveLength(3);
    expect(rig.of('conversation.failed')).toHaveLength(1);
  });

  test('is survived six times within five minutes, and again after that', () => {
    const rig = SteadyRig.talking();
    for (let loss = 0; loss < 6; loss += 1) {
      rig.hear(11_000);
      rig.replace();
    }
    rig.hear(300_000);
    rig.replace();
    expect(rig.of('ai.resumed')).toHaveLength(7);

    for (let loss = 0; loss < 6; loss += 1) {
      rig.hear(11_000);
      rig.fail();
      rig.clock.advance(1);
      if (rig.of('conversation.failed').length === 0) rig.ready();
    }

    expect(rig.of('ai.resumed')).toHaveLength(12);
    expect(rig.of('conversation.failed')).toHaveLength(1);
  });

  test('leaves no timer when the call ends meanwhile, and no session', async () => {
    const rig = SteadyRig.talking();
    rig.fail();
    rig.fail(UNAVAILABLE);

    rig.bridge.close();
    await rig.bridge.whenSettled();

    expect(rig.clock.pendingTimers).toBe(0);
    expect(rig.sessions.every(({ closed }) => closed)).toBe(true);
  });
});

test('a session that is lost while the last words are waited for is not replaced', async () => {
  const rig = SteadyRig.talking();
  const drained = deferred<void>();
  rig.session.drained = drained.promise;
  rig.bridge.close();

  rig.fail();
  drained.resolve();
  await rig.bridge.whenSettled();

  expect(rig.sessions).toHaveLength(1);
  expect(rig.clock.pendingTimers).toBe(0);
  expect(rig.of('ai.lost')).toEqual([]);
});

describe('the next session', () => {
  test('is told the conversation as it was said and heard, and to go on', () => {
    const rig = SteadyRig.talking();
    rig.respond('a', 'Good morning, how are you?');
    rig.hearOut();
    rig.turn('c1', 'Fine, and you?');
    rig.respond('b', 'Very well, thank you.');
    rig.hearOut();
    rig.bridge.tell('user', '[I pressed 1]');

    rig.replace();

    expect(rig.session.history.slice(0, -1)).toEqual([
      'assistant: Good morning, how are you?',
      'user: Fine, and you?',
      'assistant: Very well, thank you.',
      'user: [I pressed 1]',
    ]);
    expect(rig.session.history.at(-1)).toMatch(/^system: The connection was interrupted/);
  });

  test('is told only what was heard of what the callee cut off', () => {
    const rig = SteadyRig.talking();
    rig.begin('a');
    rig.say('a', 'one two three four five six seven eight', 2_000);
    rig.hear(1_000);
    rig.startSpeech('c1');
    rig.stopSpeech();
    rig.write('c1', 'Stop!');

    rig.replace();

    expect(rig.session.history.slice(0, 2)).toEqual(['assistant: one two three four', 'user: Stop!']);
  });

  test('knows the tools, those that still work included', async () => {
    const rig = SteadyRig.talking();
    rig.begin('a');
    for (const toolCallId of ['t1', 't2']) {
      rig.session.listener.onToolCall({ toolCallId, responseId: 'a', name: 'find', argumentsJson: '{}' });
    }
    rig.finish('a');
    const first = rig.bridge.answerTool('t1', 'found');
    let isTaken = false;
    void first.then(() => (isTaken = true));

    rig.replace();
    await settle();

    expect(rig.session.restored.slice(0, 2)).toEqual([
      { kind: 'tool', toolCallId: 't1', name: 'find', argumentsJson: '{}', output: 'found' },
      { kind: 'tool', toolCallId: 't2', name: 'find', argumentsJson: '{}', output: undefined },
    ]);
    expect(isTaken).toBe(true);
    void rig.bridge.answerTool('t2', 'nothing');
    expect(rig.session.of('tool-answer')).toMatchObject([{ toolCallId: 't2' }]);
  });

  test('is asked for what the lost one had not begun', () => {
    const rig = SteadyRig.talking();
    rig.speak();
    rig.fail();
    void rig.bridge.speak({ content: { kind: 'words', words: 'six' } });
    rig.ready();

    expect(rig.asked).toEqual(['one two three four five', 'six']);
  });

  test('is not asked for what was cancelled meanwhile', async () => {
    const rig = SteadyRig.talking();
    const speech = rig.speak();
    rig.fail();
    rig.bridge.interrupt('api');
    rig.ready();
    await settle();

    expect(rig.asked).toEqual([]);
    expect(speech.outcomes).toEqual(['unspoken']);
  });

  test('is not asked for what was cancelled before the loss, and whoever waits for that is told', async () => {
    const rig = SteadyRig.talking();
    const speech = rig.speak();
    rig.bridge.interrupt('api');
    rig.replace();
    await settle();

    expect(rig.asked).toEqual([]);
    expect(speech.outcomes).toEqual(['unspoken']);
  });

  test('does not hear of items of the lost one, but of what was heard of them', () => {
    const rig = SteadyRig.talking();
    rig.respond('a', 'one two three four five six seven eight');
    rig.clock.advance(100);
    rig.replace();

    rig.bridge.interrupt('api');

    expect(rig.session.of('truncate')).toEqual([]);
    expect(rig.session.of('delete')).toEqual([]);
    expect(rig.session.of('message')).toMatchObject([{ role: 'system', text: expect.stringMatching(/interrupted/) }]);
  });

  test('is the only one that is listened to', () => {
    const rig = SteadyRig.talking();
    const lost = rig.session;
    rig.replace();

    lost.listener.onResponseStarted({ responseId: 'late', isUnwanted: false });
    lost.listener.onFailed(endCall('ai-unauthorized'));

    expect(rig.bridge.isAiSpeaking).toBe(false);
    expect(rig.of('conversation.failed')).toEqual([]);
  });
});

// What becomes of each request: kept, moot, put off, protected or dropped, and never forgotten.

import { ANSWER_TIMEOUT_MS, SequencerRig, SOUND_TIMEOUT_MS } from './sequencer-rig';

const MOOT = { isMootWhenAnswered: true };
const PROTECTED = { isProtected: true };

let rig: SequencerRig;

beforeEach(() => {
  rig = new SequencerRig();
  rig.sequencer.start();
});

describe('before the session is ready', () => {
  beforeEach(() => {
    rig = new SequencerRig();
  });

  test('nothing is asked for; then requests are, in their order', () => {
    rig.ask('one');
    rig.ask('two');
    expect(rig.sent).toEqual([]);

    rig.sequencer.start();
    rig.begin('a');
    rig.sequencer.onDone('a');

    expect(rig.words()).toEqual(['one', 'two']);
  });

  test('a cancelled request is dropped', () => {
    rig.ask('one');

    expect(rig.sequencer.cancel()).toBe(true);
    rig.sequencer.start();

    expect([rig.dropped, rig.sent]).toEqual([['one'], []]);
  });
});

test('a response is told by the request that it was made for', () => {
  rig.ask('one');

  expect(rig.begin('a')).toEqual({ requestId: 'one', isUnwanted: false });
});

test('a response that the server makes by itself is nobody’s', () => {
  expect(rig.beginByItself('a')).toEqual({ requestId: undefined, isUnwanted: false });
});

test('a response is ours when no other is due, even if the server does not repeat whose it is', () => {
  rig.ask('one');

  expect(rig.sequencer.onCreated('a', null)).toEqual({ requestId: 'one', isUnwanted: false });
});

describe('when the server answers the callee', () => {
  test('what is moot then is dropped, and the rest is asked for after the answer, in its order', () => {
    rig.sequencer.onSpeechStarted();
    rig.ask('kept one');
    rig.ask('moot', MOOT);
    rig.ask('kept two');
    rig.beginByItself('own');
    expect([rig.dropped, rig.creates()]).toEqual([['moot'], []]);

    rig.sequencer.onDone('own');
    rig.begin('a');
    rig.sequencer.onDone('a');

    expect(rig.words()).toEqual(['kept one', 'kept two']);
    expect(rig.dropped).toEqual(['moot']);
  });

  test('a response of our own makes nothing moot', () => {
    rig.ask('one');
    rig.ask('moot', MOOT);

    rig.begin('a');

    expect(rig.dropped).toEqual([]);
  });

  test('a kept request that was on its way is refused, and asked for after the answer', () => {
    rig.ask('kept');
    rig.beginByItself('own');
    rig.sequencer.onRefused('response-1', true);

    rig.sequencer.onDone('own');

    expect(rig.words()).toEqual(['kept', 'kept']);
    expect(rig.begin('a')).toEqual({ requestId: 'kept', isUnwanted: false });
  });

  test('a moot request that was on its way is refused, and dropped once', () => {
    rig.ask('moot', MOOT);
    rig.beginByItself('own');
    rig.sequencer.onRefused('response-1', true);

    rig.sequencer.onDone('own');

    expect([rig.dropped, rig.words()]).toEqual([['moot'], ['moot']]);
  });

  test('a protected request that was on its way is refused, and asked for after the answer', () => {
    rig.hear();
    rig.ask('goodbye', PROTECTED);
    rig.sequencer.onCreated('own', null);
    rig.sequencer.onRefused('response-1', true);

    rig.sequencer.onDone('own');

    expect(rig.words()).toEqual(['goodbye', 'goodbye']);
  });

  test('a request whose refusal comes before that answer is known is asked for after it, once', () => {
    rig.ask('kept');
    rig.hear();
    rig.sequencer.onRefused('response-1', true);
    rig.sequencer.onCreated('own', null);

    rig.sequencer.onDone('own');
    rig.begin('a');
    rig.sequencer.onDone('a');

    expect(rig.words()).toEqual(['kept', 'kept']);
  });

  test('that it does not leaves an answer to be asked for before what waits', () => {
    rig.sequencer.onSpeechStarted();
    rig.ask('kept');
    rig.sequencer.onSpeechStopped();

    rig.clock.advance(ANSWER_TIMEOUT_MS);
    expect(rig.unanswered).toBe(1);
    rig.sequencer.repeat();
    rig.begin('a');
    rig.sequencer.onDone('a');

    expect(rig.words()).toEqual([undefined, 'kept']);
  });
});

describe('a response that begins over the callee’s words', () => {
  test('is put off: of nobody, unwanted, cancelled, and asked for again after the answer', () => {
    rig.ask('kept');
    rig.sequencer.onSpeechStarted();

    expect(rig.begin('a')).toEqual({ requestId: undefined, isUnwanted: true });
    rig.sequencer.onDone('a');
    rig.sequencer.onSpeechStopped();
    rig.sequencer.onCreated('own', null);
    rig.sequencer.onDone('own');

    expect(rig.cancels()).toEqual(['a']);
    expect(rig.words()).toEqual(['kept', 'kept']);
    expect(rig.begin('b')).toEqual({ requestId: 'kept', isUnwanted: false });
    expect(rig.dropped).toEqual([]);
  });

  test('is put off and then dropped when the answer makes it moot', () => {
    rig.ask('moot', MOOT);
    rig.sequencer.onSpeechStarted();
    rig.begin('a');
    rig.sequencer.onDone('a');

    rig.beginByItself('own');
    rig.sequencer.onDone('own');

    expect([rig.dropped, rig.words()]).toEqual([['moot'], ['moot']]);
  });

  test('keeps its place before what was asked for later', () => {
    rig.ask('one');
    rig.ask('two');
    rig.sequencer.onSpeechStarted();
    rig.begin('a');
    rig.sequencer.onDone('a');

    rig.beginByItself('own');
    rig.sequencer.onDone('own');

    expect(rig.words()).toEqual(['one', 'one']);
  });

  test('is dropped once when everything is cancelled', () => {
    rig.ask('kept');
    rig.sequencer.onSpeechStarted();
    rig.begin('a');

    rig.sequencer.cancel();
    rig.sequencer.onDone('a');
    rig.beginByItself('own');
    rig.sequencer.onDone('own');

    expect([rig.dropped, rig.words()]).toEqual([['kept'], ['kept']]);
  });

  test('is its own, and not put off, when it had been cancelled before', () => {
    rig.ask('kept');
    rig.sequencer.cancel();
    rig.sequencer.onSpeechStarted();

    expect(rig.begin('a')).toEqual({ requestId: 'kept', isUnwanted: true });
    rig.sequencer.onDone('a');
    rig.beginByItself('own');
    rig.sequencer.onDone('own');

    expect(rig.words()).toEqual(['kept']);
  });
});

describe('a protected request', () => {
  test('goes out while the callee speaks, and its response is wanted', () => {
    rig.sequencer.onSpeechStarted();

    rig.ask('goodbye', PROTECTED);

    expect(rig.begin('a')).toEqual({ requestId: 'goodbye', isUnwanted: false });
    expect(rig.cancels()).toEqual([]);
  });

  test('goes out while the callee waits for an answer', () => {
    rig.hear();

    rig.ask('goodbye', PROTECTED);

    expect(rig.begin('a')).toEqual({ requestId: 'goodbye', isUnwanted: false });
  });

  test('overtakes what waits for the callee to stop', () => {
    rig.sequencer.onSpeechStarted();
    rig.ask('kept');
    rig.ask('goodbye', PROTECTED);
    rig.begin('a');
    rig.sequencer.onDone('a');
    expect(rig.words()).toEqual(['goodbye']);

    rig.beginByItself('own');
    rig.sequencer.onDone('own');

    expect(rig.words()).toEqual(['goodbye', 'kept']);
  });

  test('waits for the response that is being made', () => {
    rig.ask('one');
    rig.begin('a');
    rig.sequencer.onSpeechStarted();

    rig.ask('goodbye', PROTECTED);
    expect(rig.words()).toEqual(['one']);
    rig.sequencer.onDone('a');

    expect(rig.words()).toEqual(['one', 'goodbye']);
  });

  test('that got lost while the callee speaks is reported and made again', () => {
    rig.sequencer.onSpeechStarted();
    rig.ask('goodbye', PROTECTED);

    rig.clock.advance(ANSWER_TIMEOUT_MS);
    expect(rig.unanswered).toBe(1);
    rig.sequencer.repeat();

    expect(rig.words()).toEqual(['goodbye', 'goodbye']);
  });

  test('has its own time to be answered, whatever the callee waits for', () => {
    rig.hear();
    rig.clock.advance(ANSWER_TIMEOUT_MS - 1);
    rig.ask('goodbye', PROTECTED);

    rig.clock.advance(1);

    expect(rig.begin('a')).toEqual({ requestId: 'goodbye', isUnwanted: false });
  });
});

describe('a request that got lost', () => {
  test('while the callee spoke waits for its turn', () => {
    rig.ask('kept');
    rig.sequencer.onSpeechStarted();
    rig.clock.advance(ANSWER_TIMEOUT_MS);

    rig.beginByItself('own');
    rig.sequencer.onDone('own');

    expect([rig.unanswered, rig.words()]).toEqual([0, ['kept', 'kept']]);
  });

  test('after it was cancelled is dropped, and what waits is asked for', () => {
    rig.ask('one');
    rig.sequencer.cancel();
    rig.ask('two');

    rig.clock.advance(ANSWER_TIMEOUT_MS);

    expect([rig.dropped, rig.unanswered, rig.words()]).toEqual([['one'], 0, ['one', 'two']]);
  });

  test('after it was cancelled, while the callee spoke, is dropped and does not cost them their answer', () => {
    rig.ask('one');
    rig.sequencer.cancel();
    rig.sequencer.onSpeechStarted();
    rig.clock.advance(ANSWER_TIMEOUT_MS);

    expect(rig.beginByItself('own')).toEqual({ requestId: undefined, isUnwanted: false });
    rig.sequencer.onDone('own');

    expect([rig.dropped, rig.words()]).toEqual([['one'], ['one']]);
  });
});

describe('cancelling', () => {
  test('the active response leaves what is asked for and what waits', () => {
    rig.ask('one');
    rig.ask('two');
    expect(rig.sequencer.cancelActive()).toBe(false);
    expect(rig.begin('a')).toEqual({ requestId: 'one', isUnwanted: false });

    expect([rig.sequencer.cancelActive(), rig.sequencer.cancelActive()]).toEqual([true, false]);
    rig.sequencer.onDone('a');

    expect([rig.cancels(), rig.dropped, rig.words()]).toEqual([['a'], [], ['one', 'two']]);
  });

  test('everything drops each request that waits, once', () => {
    rig.ask('one');
    rig.begin('a');
    rig.ask('two');
    rig.ask('three', MOOT);

    expect([rig.sequencer.cancel(), rig.sequencer.cancel()]).toEqual([true, false]);

    expect(rig.dropped).toEqual(['two', 'three']);
  });

  test('everything while the server answers takes back the request that is on its way as well', () => {
    rig.ask('kept');
    rig.beginByItself('own');

    expect(rig.sequencer.cancel()).toBe(true);
    rig.refuse(true);
    rig.sequencer.onDone('own');

    expect([rig.cancels(), rig.dropped, rig.words()]).toEqual([['own'], ['kept'], ['kept']]);
  });

  test('everything during a protected response takes back the answer that is due as well', () => {
    rig.ask('goodbye', PROTECTED);
    rig.begin('a');
    rig.hear();

    expect([rig.sequencer.cancel(), rig.sequencer.cancel()]).toEqual([true, false]);
    rig.sequencer.onDone('a');

    expect(rig.sequencer.onCreated('own', null)).toEqual({ requestId: undefined, isUnwanted: true });
    expect(rig.cancels()).toEqual(['a', 'own']);
  });

  test('a request that is refused for another response drops it', () => {
    rig.ask('one');
    rig.sequencer.cancel();
    rig.refuse(true);
    rig.sequencer.onDone('somebody-else');

    expect([rig.dropped, rig.words()]).toEqual([['one'], ['one']]);
  });

  test('a response that never ends does not keep back what waits behind it', () => {
    rig.ask('one');
    rig.begin('a');
    rig.sequencer.cancelActive();
    rig.ask('two');

    rig.clock.advance(SOUND_TIMEOUT_MS);

    expect([rig.words(), rig.unanswered]).toEqual([['one', 'two'], 0]);
  });
});

describe('a request that failed', () => {
  test('is dropped when it is given up, once', () => {
    rig.ask('one');
    rig.refuse(false);

    rig.sequencer.dropLast();
    rig.sequencer.dropLast();
    rig.sequencer.cancel();

    expect(rig.dropped).toEqual(['one']);
  });

  test('and is put off waits behind the answer of somebody else', () => {
    rig.ask('one');
    rig.begin('a');
    rig.sequencer.onDone('a');
    rig.sequencer.onSpeechStarted();
    rig.sequencer.putOff();

    rig.beginByItself('own');
    expect(rig.words()).toEqual(['one']);
    rig.sequencer.onDone('own');

    expect(rig.words()).toEqual(['one', 'one']);
  });

  test('is asked for before what came later', () => {
    rig.ask('one');
    rig.begin('a');
    rig.ask('two');
    rig.clock.advance(SOUND_TIMEOUT_MS);

    rig.sequencer.repeat();
    rig.begin('b');
    rig.sequencer.onDone('b');

    expect(rig.words()).toEqual(['one', 'one', 'two']);
  });

  test('and was cancelled is not forgotten for a later request that is refused', () => {
    rig.ask('one');
    rig.clock.advance(ANSWER_TIMEOUT_MS);
    rig.ask('two');
    if (rig.words().length === 2) rig.refuse(true);

    rig.sequencer.cancel();
    rig.sequencer.dropLast();

    expect(rig.dropped.toSorted()).toEqual(['one', 'two']);
  });
});

describe('after closing', () => {
  test('a request is dropped at once', () => {
    rig.sequencer.close();

    rig.ask('late');

    expect([rig.dropped, rig.sent]).toEqual([['late'], []]);
  });

  test('nothing that waited is asked for', () => {
    rig.ask('one');
    rig.begin('a');
    rig.ask('two');

    rig.sequencer.close();
    rig.sequencer.onDone('a');
    rig.clock.advance(60_000);

    expect(rig.words()).toEqual(['one']);
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

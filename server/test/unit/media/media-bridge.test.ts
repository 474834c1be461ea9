// Both directions of a conversation: who hears what when, and what is reported of it.

import { PCM16_24K } from '../../../src/audio/audio-format';
import { NO_SPENDING } from '../../../src/calls/cost';
import { deferred } from '../../../src/lib/deferred';
import { decodeMulaw, encodeAlaw, encodeMulaw } from '../../../src/simulator/pcm';
import { aCharge, aSpending, aUsage, anItem } from '../../support/builders';
import { FakeCarrierStream } from '../../support/fakes';
import { sine, toneAmplitude } from '../../support/audio-fixtures';
import { BridgeRig, SILENCE } from './bridge-rig';
import { BYTES_PER_MS, someAudio } from './phone-line';

describe('from the callee to the AI', () => {
  test('each frame is passed on when it comes', () => {
    const rig = BridgeRig.talking();

    for (const number of [1, 2, 3]) {
      rig.hear(Buffer.alloc(160, number));
      expect(rig.session.of('append')).toHaveLength(number);
    }

    expect(rig.session.appended.equals(Buffer.concat([1, 2, 3].map((number) => Buffer.alloc(160, number))))).toBe(true);
  });

  test('what is said before the AI is ready arrives whole and in order, before what comes after', () => {
    const rig = new BridgeRig();
    rig.connect();
    for (const number of [1, 2, 3]) rig.hear(Buffer.alloc(160, number));
    expect(rig.session.of('append')).toEqual([]);

    rig.ready();
    rig.hear(Buffer.alloc(160, 4));

    expect(rig.session.appended.equals(Buffer.concat([1, 2, 3, 4].map((number) => Buffer.alloc(160, number))))).toBe(
      true,
    );
  });

  test('what the AI is to say first is asked for before it hears what was held', () => {
    const rig = new BridgeRig();
    rig.connect();
    rig.hear(someAudio(20));

    rig.speak({ content: { kind: 'words', words: 'Hello.' } });
    rig.ready();

    expect(rig.session.commands.map(({ type }) => type)).toEqual(['turns', 'request', 'append']);
    expect(rig.session.of('request')).toMatchObject([{ request: { content: { kind: 'words', words: 'Hello.' } } }]);
  });

  test('what was held has gone to the AI when the line is reported ready', () => {
    const rig = new BridgeRig();
    rig.connect();
    rig.hear(someAudio(20));
    let heldWhenReady = -1;
    rig.listener.onReady = () => {
      heldWhenReady = rig.session.of('append').length;
    };

    rig.ready();

    expect(heldWhenReady).toBe(1);
    expect(rig.of('ai.ready')).toEqual([{ type: 'ai.ready', sessionId: 'session-1', connectMs: 300 }]);
  });

  test('nothing is said that nobody asked for', () => {
    const rig = BridgeRig.talking();

    rig.play(5_000);

    expect(rig.session.of('request')).toEqual([]);
    expect(rig.listener.news).toEqual(['ready', 'stream started']);
  });

  test('a congested AI connection holds audio back until it keeps up', () => {
    const rig = BridgeRig.talking();
    rig.session.isCongested = true;
    rig.hear(Buffer.alloc(160, 1));
    expect(rig.session.of('append')).toEqual([]);

    rig.session.isCongested = false;
    rig.hear(Buffer.alloc(160, 2));

    expect(rig.session.appended.equals(Buffer.concat([Buffer.alloc(160, 1), Buffer.alloc(160, 2)]))).toBe(true);
  });

  test.each(['PCMU', 'PCMA'] as const)('a tone in %s is the same tone at 24 kHz', (encoding) => {
    const rig = new BridgeRig({ aiFormat: PCM16_24K });
    rig.ready();
    rig.connect(new FakeCarrierStream({ encoding }));
    const tone = { PCMU: encodeMulaw, PCMA: encodeAlaw }[encoding](
      sine({ hz: 500, ms: 200, sampleRateHz: 8_000, amplitude: 8_000 }),
    );

    for (let offset = 0; offset < tone.length; offset += 160) rig.hear(tone.subarray(offset, offset + 160));

    const pcm = new Int16Array(Uint8Array.from(rig.session.appended).buffer);
    expect(toneAmplitude(pcm, { hz: 500, sampleRateHz: 24_000 })).toBeCloseTo(8_000, -3);
  });

  test('a stream whose encoding nobody can decode is closed and fails the conversation', () => {
    const rig = new BridgeRig();

    rig.connect(new FakeCarrierStream({ encoding: 'G722' }));

    expect(rig.stream.closed).toBe(true);
    expect(rig.bridge.isStreaming).toBe(false);
    const [{ verdict } = { verdict: undefined }] = rig.of('conversation.failed');
    expect(verdict).toMatchObject({
      reason: 'unsupported-encoding',
      details: { encoding: 'G722', sampleRateHz: 8000 },
    });
    expect(rig.of('stream.started')).toEqual([]);
  });

  test('the words of the callee are a turn, and cost something even when there are none', () => {
    const rig = BridgeRig.talking();

    rig.session.listener.onCalleeText('item-1', '  Yes, please. \n', aSpending({ costUsd: 0.001 }));
    rig.session.listener.onCalleeText('item-2', '  ', aSpending({ costUsd: 0.002 }));

    expect(rig.of('turn.finished').map(({ turn }) => turn)).toEqual([
      { speaker: 'callee', text: 'Yes, please.', startedAtMs: rig.clock.nowMs(), isInterrupted: false },
    ]);
    expect(rig.of('usage.added').map(({ usage }) => usage.costUsd)).toEqual([0.001, 0.002]);
  });

  test('words of the callee that could not be written down are in the record as such', () => {
    const rig = BridgeRig.talking();

    rig.session.listener.onCalleeText('item-1', undefined, aSpending());

    expect(rig.of('turn.finished')).toMatchObject([{ turn: { speaker: 'callee', text: '[not transcribed]' } }]);
  });
});

describe('from the AI to the callee', () => {
  test('a greeting made while the phone rang is heard in the first moment of the stream', () => {
    const rig = new BridgeRig();
    rig.ready();
    rig.begin(rig.speak({ content: { kind: 'words', words: 'Hello.' } }));
    rig.say();
    rig.clock.advance(5_000);
    expect(rig.of('greeting.started')).toEqual([]);

    rig.connect();

    expect(rig.stream.audio.length).toBeGreaterThanOrEqual(160);
    expect(rig.of('greeting.started')).toEqual([{ type: 'greeting.started', afterStreamMs: 0 }]);
  });

  test('the greeting is announced once, and its delay is counted from the stream', () => {
    const rig = BridgeRig.talking();
    rig.clock.advance(80);
    rig.respond();
    rig.say();
    rig.say(anItem({ itemId: 'item-b' }));
    rig.play(3_000);

    expect(rig.of('greeting.started')).toEqual([{ type: 'greeting.started', afterStreamMs: 80 }]);
  });

  test('a tone at 24 kHz is the same tone on the phone', () => {
    const rig = BridgeRig.talking({ aiFormat: PCM16_24K });
    const tone = sine({ hz: 700, ms: 300, sampleRateHz: 24_000, amplitude: 8_000 });
    rig.respond();
    const bytes = Buffer.from(tone.buffer);
    for (let offset = 0; offset < bytes.length; offset += 1_001) {
      rig.session.listener.onAudio(anItem(), bytes.subarray(offset, offset + 1_001));
    }

    const heard = decodeMulaw(rig.stream.audio);
    expect(toneAmplitude(heard, { hz: 700, sampleRateHz: 8_000 })).toBeCloseTo(8_000, -3);
  });

  test('an item that was cut off by the server in the middle of a sample does not spoil the next one', () => {
    const rig = BridgeRig.talking({ aiFormat: PCM16_24K });
    rig.session.listener.onAudio(anItem(), Buffer.alloc(961));
    rig.finish();
    rig.done();
    rig.play(200);
    const before = rig.stream.audio.length;
    const tone = sine({ hz: 700, ms: 300, sampleRateHz: 24_000, amplitude: 8_000 });

    rig.respond('response-b');
    rig.session.listener.onAudio(anItem({ responseId: 'response-b', itemId: 'item-b' }), Buffer.from(tone.buffer));

    const heard = decodeMulaw(rig.stream.audio.subarray(before));
    expect(toneAmplitude(heard, { hz: 700, sampleRateHz: 8_000 })).toBeCloseTo(8_000, -3);
  });

  test('a turn is finished when the carrier says that it was heard', () => {
    const rig = BridgeRig.talking();
    rig.respond();
    rig.say(anItem(), 300, 'Good morning.');
    rig.finish();
    rig.done();
    const startedAtMs = rig.clock.nowMs();
    rig.play(300);
    expect(rig.of('turn.finished')).toEqual([]);

    rig.echoMarks();

    expect(rig.of('turn.finished').map(({ turn }) => turn)).toEqual([
      { speaker: 'assistant', text: 'Good morning.', startedAtMs, isInterrupted: false, heardMs: 300, audioMs: 300 },
    ]);
  });

  test('a turn begins when the callee begins to hear it, however early it was sent', () => {
    const rig = BridgeRig.talking();
    const startedAtMs = rig.clock.nowMs();
    rig.respondWhole('response-a', 1_000);
    rig.play(700, SILENCE);

    rig.respondWhole('response-b', 500);
    expect(rig.stream.audio.length).toBeGreaterThan(1_000 * BYTES_PER_MS);
    rig.play(2_000, SILENCE);
    rig.echoMarks();

    expect(rig.of('turn.finished').map(({ turn }) => turn.startedAtMs - startedAtMs)).toEqual([0, 1_000]);
  });

  test('a turn whose words come after its audio was heard has its words all the same', () => {
    const rig = BridgeRig.talking();
    rig.respond();
    rig.session.listener.onAudio(anItem(), Buffer.from(someAudio(60)));
    rig.finish();
    rig.play(60);
    rig.echoMarks();

    rig.session.listener.onAssistantText(anItem(), { whole: 'Yes.' });
    rig.done();

    expect(rig.of('turn.finished').map(({ turn }) => turn.text)).toEqual(['Yes.']);
  });

  test('what a response used is reported', () => {
    const rig = BridgeRig.talking();
    rig.respond();

    rig.session.finishResponse('response-a', aUsage({ responses: 1, costUsd: 0.01 }));

    expect(rig.of('usage.added')).toEqual([
      { type: 'usage.added', usage: aUsage({ responses: 1, costUsd: 0.01 }), charge: aCharge() },
    ]);
  });
});

describe('the stream', () => {
  test('is reported when it starts, and what becomes of it', () => {
    const rig = BridgeRig.talking();
    expect(rig.of('stream.started')).toEqual([
      { type: 'stream.started', streamId: 'stream-1', encoding: 'PCMU', sampleRateHz: 8000 },
    ]);

    rig.stream.listener.onStopped();
    rig.stream.listener.onLost(1006);

    expect(rig.events.slice(-2)).toEqual([{ type: 'stream.stopped' }, { type: 'stream.lost', closeCode: 1006 }]);
  });

  test('that goes away in the middle of a sentence leaves the rest of it unheard', () => {
    const rig = BridgeRig.talking();
    rig.respond();
    rig.say(anItem(), 3_000, 'one two three four five six seven eight');
    rig.finish();
    rig.done();
    rig.play(1_500);

    rig.stream.listener.onLost(1006);
    rig.clock.advance(3_000);
    rig.bridge.close();

    expect(rig.of('turn.finished').map(({ turn }) => turn)).toMatchObject([
      { isInterrupted: true, heardMs: 1_500, audioMs: 3_000 },
    ]);
    expect(rig.session.of('truncate')).toMatchObject([{ heardMs: 1_500 }]);
  });

  test('dates the words of the callee by when they began to speak', () => {
    const rig = BridgeRig.talking();
    rig.session.listener.onSpeechStarted('item-1');
    const startedAtMs = rig.clock.nowMs();
    rig.play(2_000);

    rig.session.listener.onCalleeText('item-1', 'Yes.', aSpending());

    expect(rig.of('turn.finished')).toMatchObject([{ turn: { text: 'Yes.', startedAtMs } }]);
  });

  test('is replaced by a later one, whose predecessor is closed and not listened to any more', () => {
    const rig = BridgeRig.talking();
    const first = rig.stream;
    const { listener } = first;

    const second = rig.connect(new FakeCarrierStream({ streamId: 'stream-2' }));
    listener.onAudio(Buffer.alloc(160, 9));
    listener.onStopped();
    listener.onLost(1006);
    rig.hear(Buffer.alloc(160, 1));
    rig.respond();
    rig.say(anItem(), 100);

    expect(first.closed).toBe(true);
    expect(rig.session.appended.equals(Buffer.alloc(160, 1))).toBe(true);
    expect(rig.events.map(({ type }) => type).filter((type) => /stopped|lost/.test(type))).toEqual([]);
    expect(second.audio).toHaveLength(800);
  });

  test('that carries no audio for ten seconds fails the conversation, once', () => {
    const rig = BridgeRig.talking();
    rig.play(3_000);

    rig.clock.advance(9_000);
    expect(rig.of('conversation.failed')).toEqual([]);
    rig.clock.advance(60_000);

    expect(rig.of('conversation.failed')).toMatchObject([{ verdict: { reason: 'no-caller-media' } }]);
  });

  test('that carries audio is left alone', () => {
    const rig = BridgeRig.talking();

    rig.play(60_000);

    expect(rig.of('conversation.failed')).toEqual([]);
  });

  test('is not missed before there is one', () => {
    const rig = new BridgeRig();
    rig.ready();

    rig.clock.advance(60_000);

    expect(rig.of('conversation.failed')).toEqual([]);
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

describe('the end', () => {
  test('closes both legs, once, and leaves no timer', async () => {
    const rig = BridgeRig.talking();
    rig.respond();
    rig.say(anItem(), 5_000);
    rig.play(500);

    rig.bridge.close();
    rig.bridge.close();
    await rig.bridge.whenSettled();

    expect([rig.session.closed, rig.stream.closed, rig.bridge.closed]).toEqual([true, true, true]);
    expect(rig.clock.pendingTimers).toBe(0);
    expect(rig.stream.clears).toBe(1);
  });

  test('keeps what was heard of the sentence that it cut off', () => {
    const rig = BridgeRig.talking();
    rig.respond();
    rig.say(anItem(), 1_000, 'one two three four five six seven');
    rig.play(500);

    rig.bridge.close();

    const [{ turn } = { turn: undefined }] = rig.of('turn.finished');
    expect(turn).toMatchObject({ speaker: 'assistant', isInterrupted: true, heardMs: 500, text: 'one two three' });
  });

  test('records no turn of a greeting that nobody heard', () => {
    const rig = new BridgeRig();
    rig.ready();
    rig.respond();
    rig.say();

    rig.bridge.close();

    expect(rig.of('turn.finished')).toEqual([]);
  });

  test('waits for the last words and the cost of a response, and closes the session then', async () => {
    const rig = BridgeRig.talking();
    const drained = deferred<void>();
    rig.session.drained = drained.promise;
    rig.respond();
    rig.bargeIn();
    rig.bridge.close();

    rig.session.listener.onCalleeText('callee-item', 'Bye!', aSpending({ inputAudioTokens: 7 }));
    rig.done();

    expect(rig.of('turn.finished').map(({ turn }) => turn.text)).toEqual(['Bye!']);
    expect(rig.of('usage.added')).toHaveLength(2);
    expect(rig.session.closed).toBe(false);
    drained.resolve();
    await rig.bridge.whenSettled();
    expect(rig.session.closed).toBe(true);
  });

  test('is final: nothing is reported, played or passed on after it', () => {
    const rig = BridgeRig.talking();
    const { listener } = rig.stream;
    rig.bridge.close();
    const before = [rig.events.length, rig.stream.sent.length, rig.session.commands.length];

    rig.respond();
    rig.say();
    rig.session.listener.onResponseDone({ responseId: 'response-a', status: 'completed', spending: NO_SPENDING });
    listener.onLost(1006);
    rig.session.listener.onFailed(expect.anything());
    rig.clock.advance(60_000);

    expect([rig.events.length, rig.stream.sent.length, rig.session.commands.length]).toEqual(before);
  });

  test('turns away a stream that comes too late', () => {
    const rig = new BridgeRig();
    rig.bridge.close();

    const late = rig.connect();

    expect(late.closed).toBe(true);
    expect(rig.of('stream.started')).toEqual([]);
  });
});

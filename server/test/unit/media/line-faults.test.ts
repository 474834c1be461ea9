// Faults of the line: a stream that is lost and comes back, and something thrown by this process, which ends one call and
// no other.

import { FakeCarrierStream } from '../../support/fakes';
import { anItem } from '../../support/builders';
import { BridgeRig, SILENCE } from './bridge-rig';

describe('a stream that is back', () => {
  test('has the AI pick up what it was saying, and the model know why', () => {
    const rig = BridgeRig.talking();
    rig.respond();
    rig.say(anItem(), 5_000);
    rig.play(500);
    rig.stream.listener.onLost(1006);
    rig.done('response-a', 'cancelled');
    rig.clock.advance(3_000);
    rig.connect(new FakeCarrierStream());

    expect(rig.session.of('message')).toMatchObject([
      { role: 'system', text: 'The phone line was interrupted for 3 seconds and is back.' },
    ]);
    expect(rig.session.of('request')).toMatchObject([
      { request: { content: { kind: 'directive' }, isMootWhenAnswered: true } },
    ]);
  });

  test('has the AI answer, when it was about to', () => {
    const rig = BridgeRig.talking();
    rig.bargeIn();
    rig.stopSpeaking();
    rig.stream.listener.onLost(1006);
    rig.connect(new FakeCarrierStream());

    expect(rig.session.of('request')).toMatchObject([{ request: { content: { kind: 'answer' } } }]);
  });

  test('has it say nothing when nobody waits for it', () => {
    const rig = BridgeRig.talking();
    rig.stream.listener.onLost(1006);
    rig.connect(new FakeCarrierStream());

    expect(rig.session.of('message')).toHaveLength(1);
    expect(rig.session.of('request')).toEqual([]);
  });

  test('has the AI pick up what the carrier cut off by replacing the stream', () => {
    const rig = BridgeRig.talking();
    rig.respond();
    rig.say(anItem(), 5_000);
    rig.play(40);
    rig.stream.listener.onStopped();
    rig.connect(new FakeCarrierStream());

    expect(rig.session.of('request')).toMatchObject([{ request: { content: { kind: 'directive' } } }]);
  });

  test('after a stop that cut nothing off is nothing to speak of', () => {
    const rig = BridgeRig.talking();
    rig.stream.listener.onStopped();
    rig.connect(new FakeCarrierStream());

    expect(rig.session.of('message')).toEqual([]);
    expect(rig.session.of('request')).toEqual([]);
  });
});

describe('a fault', () => {
  const fail = (): never => {
    throw new Error('A fault of this process.');
  };

  test('while something of the stream is dealt with ends the call, and does not surface elsewhere', () => {
    const rig = BridgeRig.talking();
    rig.listener.onDigit = fail;

    rig.stream.listener.onDigit('1');

    expect(rig.of('conversation.failed')).toMatchObject([{ verdict: { reason: 'internal-error' } }]);
  });

  test('in a frame of the callee does, too', () => {
    const rig = BridgeRig.talking();
    rig.session.appendAudio = fail;

    rig.hear(SILENCE);

    expect(rig.of('conversation.failed')).toMatchObject([{ verdict: { reason: 'internal-error' } }]);
  });

  test('at a moment of the media clock does, too, and the time of the other calls goes on', () => {
    const rig = BridgeRig.talking();
    rig.respond();
    rig.say(anItem(), 5_000);
    rig.stream.sendAudio = fail;

    rig.clock.advance(100);

    expect(rig.of('conversation.failed')).toMatchObject([{ verdict: { reason: 'internal-error' } }]);
  });

  test('at the end of the call keeps nothing open', async () => {
    const rig = BridgeRig.talking();
    rig.listener.onEvent = fail;
    rig.session.drain = () => Promise.reject(new Error('A fault of the session.'));

    expect(() => rig.bridge.close()).toThrow('A fault of this process.');
    await rig.bridge.whenSettled();

    expect([rig.bridge.closed, rig.session.closed, rig.stream.closed]).toEqual([true, true, true]);
  });
});

// A session is replaced before the server ends it, in a pause if there is one, as often as the call needs it.

import { NO_SPENDING } from '../../../../src/calls/cost';
import { endCall } from '../../../../src/calls/end-call';
import { SteadyRig } from './steady-rig';

const MINUTE_MS = 60_000;

/** A call that has come to the last five minutes of its session, of an hour each. */
function lateRig(): SteadyRig {
  const rig = SteadyRig.talking();
  rig.clock.advance(55 * MINUTE_MS - 10_000);
  rig.listener.events.length = 0;
  return rig;
}

/** Time goes on, and the callee's audio with it. */
function wait(rig: SteadyRig, ms: number): void {
  rig.hear(ms);
}

test('the next session is opened beside the one that there is, and takes over in a pause', () => {
  const rig = lateRig();
  rig.respond('a', 'Good morning.');
  wait(rig, 11_000);
  expect(rig.sessions.map(({ closed }) => closed)).toEqual([false, false]);
  rig.ready();

  expect(rig.of('ai.handed-over')).toEqual([{ type: 'ai.handed-over', sessionId: 'session-2' }]);
  expect(rig.sessions.map(({ closed }) => closed)).toEqual([true, false]);
  expect(rig.session.history).toEqual(['assistant: Good morning.']);
  expect(rig.listener.news.filter((word) => word === 'AI lost' || word === 'AI resumed')).toEqual([]);
});

test('it waits while the AI is heard, the callee speaks, or their words are to be written down', () => {
  const rig = lateRig();
  const { listener } = rig.session;
  rig.respond('a', 'Good morning.');
  wait(rig, 10_000);
  const handedOver = (): number => rig.of('ai.handed-over').length;
  listener.onAudio({ responseId: 'b', itemId: 'b', contentIndex: 0 }, Buffer.alloc(8 * 1_000));
  rig.ready();
  wait(rig, 900);
  expect(handedOver()).toBe(0);
  listener.onSpeechStarted('c1');
  wait(rig, 2_000);
  listener.onSpeechStopped({ endMs: undefined, isAnswered: true });
  listener.onResponseStarted({ responseId: 'c', isUnwanted: false });
  listener.onResponseDone({ responseId: 'c', status: 'completed', spending: NO_SPENDING });
  wait(rig, 1_000);
  expect(handedOver()).toBe(0);

  listener.onCalleeText('c1', 'Well.', NO_SPENDING);
  wait(rig, 300);

  expect(handedOver()).toBe(1);
});

test('words that are never written down hold it up no longer than they could still come', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.stopSpeech();
  rig.respond('a', 'Yes?');
  rig.clock.advance(55 * MINUTE_MS - 10_000);
  wait(rig, 11_000);
  rig.ready();
  wait(rig, 300);

  expect(rig.of('ai.handed-over')).toHaveLength(1);
});

test('a call of four hours has as many of them as it takes', () => {
  const rig = SteadyRig.talking();
  for (let minute = 0; minute < 240; minute += 1) {
    rig.clock.advance(MINUTE_MS);
    rig.stream.listener.onAudio(Buffer.alloc(160, 0xff));
    const isReady = rig.sessions.length === rig.of('ai.handed-over').length + 1;
    if (!isReady) rig.ready();
  }

  expect(rig.of('ai.handed-over')).toHaveLength(4);
  expect(rig.of('conversation.failed').filter(({ verdict }) => verdict.reason !== 'no-caller-media')).toEqual([]);
});

test('a next session that cannot be opened is tried every 20 seconds, and the call goes on', () => {
  const rig = lateRig();
  wait(rig, 10_000);
  rig.fail(endCall('ai-unavailable'));
  expect(rig.sessions).toHaveLength(2);
  wait(rig, 20_000);

  expect(rig.sessions).toHaveLength(3);
  expect(rig.listener.events).toEqual([]);
});

test('one minute before the end it takes over whatever happens, and what was being said goes on', () => {
  const rig = lateRig();
  wait(rig, 10_000);
  const [first, second] = rig.sessions;
  first!.listener.onResponseStarted({ responseId: 'a', isUnwanted: false });
  const item = { responseId: 'a', itemId: 'item-a', contentIndex: 0 };
  first!.listener.onAudio(item, Buffer.alloc(8 * 1_000));
  first!.listener.onAssistantText(item, { delta: 'once upon a' });
  rig.ready(second);
  wait(rig, 4 * MINUTE_MS - 1_000);
  expect(rig.of('ai.handed-over')).toEqual([]);
  wait(rig, 1_500);

  expect(rig.of('ai.handed-over')).toHaveLength(1);
  expect(rig.asked).toEqual(['directive']);
  expect(rig.of('ai.lost')).toEqual([]);
});

test('a loss is made good by the next session when that is ready', () => {
  const rig = lateRig();
  wait(rig, 10_000);
  const [first, second] = rig.sessions;
  first!.listener.onSpeechStarted('c1');
  rig.ready(second);
  rig.fail(endCall('ai-connection-lost'), first);

  expect(rig.sessions).toHaveLength(2);
  expect(rig.of('ai.resumed')).toMatchObject([{ sessionId: 'session-2', tries: 0 }]);
});

test('changes of settings reach a session that waits to take over', () => {
  const rig = lateRig();
  wait(rig, 10_000);
  rig.bridge.setInstructions('Be brief.');
  rig.bridge.takeTurns('listen');

  expect(rig.session.of('instructions')).toMatchObject([{ instructions: 'Be brief.' }]);
  expect(rig.session.of('turns').at(-1)).toMatchObject({ by: 'listen' });
});

test('a server that gives every session little time does not make them chase each other', () => {
  const rig = new SteadyRig();
  rig.lifetimeMs = 30_000;
  rig.session.expiresAtMs = rig.clock.nowMs() + 30_000;
  rig.ready();
  rig.bridge.attach(rig.stream);
  wait(rig, 59_000);

  expect(rig.sessions).toHaveLength(1);
});

test('the end of the call ends it', async () => {
  const rig = lateRig();
  wait(rig, 11_000);

  rig.bridge.close();
  await rig.bridge.whenSettled();

  expect(rig.sessions.every(({ closed }) => closed)).toBe(true);
  expect(rig.clock.pendingTimers).toBe(0);
});

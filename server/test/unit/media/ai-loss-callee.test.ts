// The AI's connection is lost while the callee speaks, or waits: the next session hears everything that the lost one had
// not accounted for, once, and answers it once.

import { FakeCarrierStream } from '../../support/fakes';
import { SteadyRig } from './session/steady-rig';

/** Milliseconds of each kind of audio that the session heard, in order; kinds are told apart by their bytes. */
function heardBy(rig: SteadyRig): [byte: number, ms: number][] {
  const stretches: [number, number][] = [];
  for (const byte of rig.session.appended) {
    const last = stretches.at(-1);
    if (last?.[0] === byte) last[1] += 1 / 8;
    else stretches.push([byte, 1 / 8]);
  }
  return stretches;
}

test('what is said while there is no session is heard by the next one, with the second before', () => {
  const rig = SteadyRig.talking();
  rig.hear(5_000, 0xff);
  rig.fail();
  rig.hear(600, 0xf0);
  rig.ready();
  rig.hear(200, 0xf1);

  expect(heardBy(rig)).toEqual([
    [0xff, 1_000],
    [0xf0, 600],
    [0xf1, 200],
  ]);
});

test('a turn that was under way is heard from its beginning, and is one turn', () => {
  const rig = SteadyRig.talking();
  rig.hear(3_000, 0xff);
  rig.hear(200, 0xf0);
  rig.startSpeech('c1');
  const startedAtMs = rig.clock.nowMs();
  rig.hear(4_000, 0xf0);
  rig.fail();
  rig.hear(400, 0xf0);
  rig.ready();
  rig.startSpeech('d1');
  rig.stopSpeech();
  rig.write('d1', 'Here I am.');

  expect(heardBy(rig)).toEqual([
    [0xff, 800],
    [0xf0, 4_600],
  ]);
  expect(rig.of('turn.finished').map(({ turn }) => turn)).toMatchObject([{ text: 'Here I am.', startedAtMs }]);
  expect(rig.listener.news.filter((word) => word.startsWith('callee'))).toEqual(['callee started', 'callee stopped']);
  expect(rig.asked).toEqual([]);
});

test('a turn that waits for the server’s answer is heard again, and answered by the server', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.stopSpeech();
  rig.replace();

  expect(rig.session.of('turns').at(-1)).toMatchObject({ by: 'server' });
  rig.startSpeech('d1');
  rig.stopSpeech();
  rig.clock.advance(5_000);
  expect(rig.asked).toEqual([]);
  expect(rig.listener.news.filter((word) => word.startsWith('callee'))).toHaveLength(2);
});

test('when the next session does not notice that turn, the answer is asked for', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.stopSpeech();
  rig.replace();

  rig.clock.advance(1_499);
  expect(rig.asked).toEqual([]);
  rig.clock.advance(1);
  expect(rig.asked).toEqual(['answer']);
});

test('when the AI only listens by then, the answer that the lost server owed is asked for', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.stopSpeech();
  rig.fail();
  rig.speak({ isProtected: true });
  rig.ready();
  rig.startSpeech('d1');
  rig.stopSpeech(false);

  expect(rig.asked).toEqual(['one two three four five', 'answer']);
});

test('when it does not notice that the callee speaks on, they have fallen silent, and are answered', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.replace();
  rig.clock.advance(1_500);

  expect(rig.bridge.isCalleeSpeaking).toBe(false);
  expect(rig.asked).toEqual(['answer']);
});

test('a turn whose words are known is not heard again: the answer is asked for', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.hear(600, 0xff);
  rig.stopSpeech();
  rig.write('c1', 'What time is it?');
  rig.replace();

  expect(rig.session.history).toContain('user: What time is it?');
  expect(heardBy(rig)).toEqual([]);
  expect(rig.asked).toEqual(['answer']);
});

test('a turn that was answered before its words were known is written down, and not answered again', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.stopSpeech();
  rig.begin('a');
  rig.say('a', 'It is four');
  rig.replace();
  expect(rig.session.of('turns').at(-1)).toMatchObject({ by: 'listen' });
  rig.startSpeech('d1');
  rig.hear(200, 0xf1);
  expect(rig.session.of('cancel')).toEqual([]);
  rig.stopSpeech(false);
  rig.write('d1', 'What time is it?');

  expect(rig.session.of('turns').at(-1)).toMatchObject({ by: 'server' });
  expect(rig.asked).toEqual(['directive']);
  expect(heardBy(rig)).toEqual([
    [0xf0, 1_000],
    [0xf1, 200],
  ]);
  expect(rig.of('turn.finished').map(({ turn }) => turn.text)).toContain('What time is it?');
});

test('the order of a turn that is written down late is kept for the session after the next', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.stopSpeech();
  rig.begin('a');
  rig.say('a', 'It is four');
  rig.replace();
  rig.startSpeech('d1');
  rig.stopSpeech(false);
  rig.write('d1', 'What time is it?');
  rig.hear(11_000);
  rig.replace();

  expect(rig.session.history.slice(0, 2)).toEqual(['user: What time is it?', 'assistant: It is four']);
});

test('behind a dead connection, what the callee said since is heard, however long ago', () => {
  const rig = SteadyRig.talking();
  rig.hear(10_000, 0xff);
  rig.hear(2_000, 0x80);
  rig.hear(6_000, 0xff);
  rig.replace();

  expect(heardBy(rig)).toEqual([
    [0xff, 280],
    [0x80, 2_000],
    [0xff, 6_000],
  ]);
});

test('on a line with a hold, the answer that was asked for is asked for again, and no other', () => {
  const rig = SteadyRig.talking(300);
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.stopSpeech(false);
  expect(rig.asked).toEqual(['answer']);
  rig.replace();
  rig.startSpeech('d1');
  rig.stopSpeech(false);
  rig.clock.advance(5_000);

  expect(rig.asked).toEqual(['answer']);
});

test('a second loss in the middle of that loses nothing', () => {
  const rig = SteadyRig.talking();
  rig.hear(11_000, 0xff);
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.replace();
  rig.startSpeech('d1');
  rig.hear(500, 0xf0);
  rig.fail();
  rig.clock.advance(250);
  rig.ready();
  rig.startSpeech('e1');
  rig.stopSpeech();
  rig.write('e1', 'Here I am.');

  expect(heardBy(rig)).toEqual([
    [0xff, 1_000],
    [0xf0, 1_500],
  ]);
  expect(rig.of('turn.finished').map(({ turn }) => turn.text)).toEqual(['Here I am.']);
});

test('what the callee said is heard by the next session, even when their line is gone as well', () => {
  const rig = SteadyRig.talking();
  rig.hear(2_000, 0xff);
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.stream.listener.onLost(1006);
  rig.replace();
  rig.startSpeech('d1');
  rig.write('d1', 'Here I');

  expect(heardBy(rig)).toEqual([
    [0xff, 1_000],
    [0xf0, 1_000],
  ]);
  expect(rig.of('turn.finished').map(({ turn }) => turn.text)).toEqual(['Here I']);
});

test('who waited for an answer when both lines were lost gets one', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.stopSpeech();
  rig.stream.listener.onLost(1006);
  rig.replace();
  rig.startSpeech('d1');
  rig.stopSpeech();
  rig.respond('a', 'It is four.');
  rig.bridge.attach(new FakeCarrierStream());

  expect(rig.asked).toEqual([]);
});

test('words that never come are not waited for: their audio is let go', () => {
  const rig = SteadyRig.talking();
  rig.startSpeech('c1');
  rig.hear(1_000, 0xf0);
  rig.stopSpeech();
  rig.respond('a', 'It is four.');
  rig.hear(25_000, 0xff);
  rig.replace();

  expect(heardBy(rig)).toEqual([[0xff, 1_000]]);
});

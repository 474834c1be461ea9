// The AI's connection is lost while the AI speaks, or is about to: it goes on where it stopped, says what it was asked for,
// and whoever waits for that learns what became of it.

import { settle } from '../../support/manual-clock';
import { SteadyRig } from './session/steady-rig';

test('given words that broke off are said to their end, and heard then', async () => {
  const rig = SteadyRig.talking();
  const speech = rig.speak();
  rig.begin('a', speech.requestId);
  rig.say('a', 'one two three');
  rig.replace();
  rig.hearOut();
  await settle();

  expect(rig.asked).toEqual(['four five']);
  expect(speech.outcomes).toEqual([]);
  rig.respond('b', 'four five', speech.requestId);
  rig.hearOut();
  await settle();
  expect(speech.outcomes).toEqual(['heard']);
});

test('an answer that broke off is gone on with, unless the callee gets another one', () => {
  const rig = SteadyRig.talking();
  rig.turn('c1', 'How are you?');
  rig.begin('a');
  rig.say('a', 'I am very');
  rig.replace();

  const [{ request } = { request: undefined }] = rig.session.of('request');
  expect(request).toMatchObject({ content: { kind: 'directive' }, mayUseTools: true, isMootWhenAnswered: true });
  expect(JSON.stringify(request)).toContain('I am very');
});

test('a response of which nothing was heard is asked for again, and what was held of it is dropped', async () => {
  const rig = new SteadyRig();
  rig.ready();
  const greeting = rig.speak();
  rig.begin('a', greeting.requestId);
  rig.say('a', 'one two three', 1_000);
  rig.replace();
  rig.respond('b', 'one two three four five', greeting.requestId);
  rig.bridge.attach(rig.stream);
  rig.hearOut();
  await settle();

  expect(rig.asked).toEqual(['one two three four five']);
  expect(rig.of('turn.finished').map(({ turn }) => turn.text)).toEqual(['one two three four five']);
  expect(greeting.outcomes).toEqual(['heard']);
});

test('a sentence that was whole, and that no tool may follow, is not gone on with', () => {
  const rig = SteadyRig.talking();
  const speech = rig.speak({ content: { kind: 'directive', directive: 'Say hello.' } });
  rig.begin('a', speech.requestId);
  rig.say('a', 'Hello.');
  rig.session.listener.onAudioDone({ responseId: 'a', itemId: 'item-of-a', contentIndex: 0 });
  rig.replace();

  expect(rig.asked).toEqual([]);
});

test('a response that has called a tool is not asked for again: the result is spoken about', () => {
  const rig = SteadyRig.talking();
  rig.turn('c1', 'Where is my order?');
  rig.begin('a');
  rig.session.listener.onToolCall({ toolCallId: 't1', responseId: 'a', name: 'find', argumentsJson: '{}' });
  rig.replace();

  expect(rig.asked).toEqual([]);
});

test('what the callee had cut off is not gone on with', () => {
  const rig = SteadyRig.talking();
  rig.begin('a');
  rig.say('a', 'one two three', 2_000);
  rig.hear(500);
  rig.turn('c1', 'Stop!');
  rig.replace();

  // The answer to the callee, and nothing else.
  expect(rig.asked).toEqual(['answer']);
});

test('what goes on with a sentence is not heard when the callee has cut in on that', async () => {
  const rig = SteadyRig.talking();
  const speech = rig.speak();
  rig.begin('a', speech.requestId);
  rig.say('a', 'one two', 3_000);
  rig.hear(500);
  rig.replace();
  rig.startSpeech('c1');
  rig.begin('b', speech.requestId);
  await settle();

  expect(speech.outcomes).toEqual(['interrupted']);
  expect(rig.session.of('cancel').at(-1)).toMatchObject({ which: 'active' });
  rig.say('b', 'three four five');
  rig.hear(500);
  expect(rig.of('turn.finished')).toHaveLength(1);
});

test('a sentence may break off twice', async () => {
  const rig = SteadyRig.talking();
  rig.hear(11_000);
  const speech = rig.speak();
  rig.begin('a', speech.requestId);
  rig.say('a', 'one two');
  rig.replace();
  rig.begin('b', speech.requestId);
  rig.replace();
  rig.clock.advance(250);
  rig.ready();
  rig.respond('c', 'three four five', speech.requestId);
  rig.hearOut();
  await settle();

  expect(speech.outcomes).toEqual(['heard']);
});

test('a protected sentence is gone on with as a protected one', () => {
  const rig = SteadyRig.talking();
  const speech = rig.speak({ content: { kind: 'directive', directive: 'Read the terms.' }, isProtected: true });
  rig.begin('a', speech.requestId);
  rig.say('a', 'The terms are');
  rig.replace();

  expect(rig.session.of('request')).toMatchObject([{ request: { isProtected: true, isMootWhenAnswered: false } }]);
});

test('after a whole sentence, a tool that was about to be called is called', () => {
  const rig = SteadyRig.talking();
  rig.turn('c1', 'Where is my order?');
  rig.begin('a');
  rig.say('a', 'Let me look.');
  rig.session.listener.onAudioDone({ responseId: 'a', itemId: 'item-of-a', contentIndex: 0 });
  rig.replace();

  const [{ request } = { request: undefined }] = rig.session.of('request');
  expect(request).toMatchObject({ content: { kind: 'directive' }, mayUseTools: true, isMootWhenAnswered: true });
  expect(JSON.stringify(request)).toContain('tool');
});

test('what may not use tools may not do so when it is gone on with', () => {
  const rig = SteadyRig.talking();
  const goodbye = rig.speak({ content: { kind: 'directive', directive: 'Say goodbye.' } });
  rig.begin('a', goodbye.requestId);
  rig.say('a', 'It was nice to');
  rig.replace();

  expect(rig.session.of('request')).toMatchObject([{ request: { mayUseTools: false } }]);
});

// What a session that takes the place of another one is told of the conversation.

import { ConversationMemory } from '../../../../src/media/session/conversation-memory';
import { anItem } from '../../../support/builders';

const BYTES_PER_MS = 8;

let memory: ConversationMemory;

beforeEach(() => {
  memory = new ConversationMemory(BYTES_PER_MS);
});

function say(itemId: string, text: string, ms = 1_000): void {
  memory.onAssistantText(anItem({ itemId }), { delta: text });
  memory.onAssistantAudio(anItem({ itemId }), ms * BYTES_PER_MS);
}

function texts(): string[] {
  return memory.history().map((item) => (item.kind === 'message' ? `${item.role}: ${item.text}` : item.name));
}

test('words that are written down late stand where they were spoken', () => {
  memory.onSpeechStarted('c1');
  say('a', 'Fine.');
  memory.onCalleeText('c1', 'How are you?');

  expect(texts()).toEqual(['user: How are you?', 'assistant: Fine.']);
});

test('what could not be written down is a turn all the same, and an empty one is none', () => {
  memory.onSpeechStarted('c1');
  memory.onCalleeText('c1', undefined);
  memory.onSpeechStarted('c2');
  memory.onCalleeText('c2', ' ');

  expect(texts()).toEqual(['user: [could not be understood]']);
});

test('words without sound were not said', () => {
  memory.onAssistantText(anItem(), { delta: 'Silence.' });

  expect(texts()).toEqual([]);
});

test('what was cut off ends where it was heard, whatever comes of it later', () => {
  say('a', 'one two three four');
  expect(memory.truncate(anItem({ itemId: 'a' }), 500)).toEqual({ text: 'one two three four', heard: 'one two' });
  say('a', ' five');
  memory.onAssistantText(anItem({ itemId: 'a' }), { whole: 'one two three four five' });

  expect(texts()).toEqual(['assistant: one two']);
});

test('what nobody heard does not come back', () => {
  say('a', 'one');
  memory.deleteItem('a');
  say('a', ' two');

  expect(texts()).toEqual([]);
});

test('a tool that still works has no output yet', () => {
  memory.onToolCall({ toolCallId: 't1', responseId: 'a', name: 'find', argumentsJson: '{"id":1}' });
  expect(memory.history()).toEqual([
    { kind: 'tool', toolCallId: 't1', name: 'find', argumentsJson: '{"id":1}', output: undefined },
  ]);

  memory.onToolOutput('t1', 'found');

  expect(memory.history()).toMatchObject([{ output: 'found' }]);
});

test('turns that the next session hears again keep their places, and the first new one comes last', () => {
  memory.onSpeechStarted('c1');
  say('a', 'Fine.');
  memory.onLost();
  memory.onSpeechStarted('d1');
  memory.onCaughtUp();
  memory.onSpeechStarted('d2');
  memory.onCalleeText('d1', 'first');
  memory.onCalleeText('d2', 'last');

  expect(texts()).toEqual(['user: first', 'assistant: Fine.', 'user: last']);
});

test('of a long conversation, the oldest is left out', () => {
  for (let turn = 0; turn < 150; turn += 1) memory.addMessage('user', `turn ${turn}`);
  expect(texts()).toHaveLength(100);
  expect(texts()[0]).toBe('user: turn 50');

  memory.addMessage('user', 'x'.repeat(23_900));

  expect(texts().join('').length).toBeLessThan(25_000);
  expect(texts().at(-1)).toHaveLength(23_906);
});

test('a turn without words is written down all the same: what is heard again goes in the place of the next one', () => {
  memory.onSpeechStarted('c1');
  memory.onCalleeText('c1', '');
  say('a', 'Hello?');
  memory.onSpeechStarted('c2');
  memory.onLost();
  memory.onSpeechStarted('d2');
  memory.onCalleeText('d2', 'Hello.');

  expect(texts()).toEqual(['assistant: Hello?', 'user: Hello.']);
});

test('words that were never written down have no place among those that are heard again', () => {
  memory.onSpeechStarted('c1');
  say('a', 'Yes?');
  memory.onSpeechStarted('c2');
  memory.onCalleeText('c2', 'Second.');
  memory.onSpeechStarted('c3');
  memory.onLost();
  memory.onSpeechStarted('d3');
  memory.onCalleeText('d3', 'Third.');

  expect(texts()).toEqual(['assistant: Yes?', 'user: Second.', 'user: Third.']);
});

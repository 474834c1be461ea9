// A call's events as the conversation that the page tells.

import { type CallStory, EMPTY_STORY, interruptionWords, withEvent } from '../../../page/call-story.ts';
import type { CallEvent, Turn } from '../../../page/wire.ts';
import { endCall } from '../../../src/calls/end-call';

function at(second: number): string {
  return new Date(Date.parse('2026-11-20T12:00:00.000Z') + second * 1000).toISOString();
}

function turn(speaker: Turn['speaker'], second: number, changes: Partial<Turn> = {}): Turn {
  return { speaker, text: `${speaker} at ${second}`, startedAt: at(second), isInterrupted: false, ...changes };
}

function story(...events: readonly CallEvent[]): CallStory {
  return events.reduce(withEvent, EMPTY_STORY);
}

function told({ lines }: CallStory): string[] {
  return lines.map((line) => (line.kind === 'turn' ? line.turn.text : line.words));
}

test('turns stand in the order of speaking, though the words of one come late', () => {
  const events = [
    { id: 1, at: at(0), type: 'call.in-progress' },
    { id: 2, at: at(9), type: 'turn.finished', turn: turn('assistant', 5) },
    { id: 3, at: at(10), type: 'turn.finished', turn: turn('callee', 2) },
  ];

  expect(told(story(...events))).toEqual(['Answered', 'callee at 2', 'assistant at 5']);
});

test('an event that comes again after a lost connection is told once', () => {
  const event = { id: 1, at: at(0), type: 'call.ringing' };

  expect(told(story(event, event))).toEqual(['Ringing']);
});

test('the end is told in the words of the verdict', () => {
  const verdict = endCall('callee-hung-up');

  expect(told(story({ id: 1, at: at(0), type: 'call.completed', verdict }))).toEqual([verdict.message]);
});

test('events that nobody reads, or of a kind that this page does not know, are no lines', () => {
  const events = ['ai.ready', 'usage.added', 'media.measured', 'toString', '__proto__', 'something.new'];

  const { lines, lastId } = story(...events.map((type, index) => ({ id: index + 1, at: at(0), type })));

  expect([lines, lastId]).toEqual([[], events.length]);
});

test('facts that are missing or of another kind do not break the line', () => {
  const types = ['say.finished', 'tool.finished', 'transfer.failed', 'call.failed', 'silence.noticed', 'cost.ending'];

  const lines = told(
    story(...types.map((type, index) => ({ id: index + 1, at: at(index), type, verdict: 7, to: {} }))),
  );

  expect(lines).toHaveLength(types.length);
});

test('an interrupted turn says how much of it was heard', () => {
  const cut = { isInterrupted: true, heardMs: 1_240, audioMs: 4_000 };

  expect(interruptionWords(turn('assistant', 0, cut))).toBe('interrupted: 1.2 of 4.0 s heard');
  expect(interruptionWords(turn('callee', 0, { isInterrupted: true }))).toBe('interrupted');
  expect(interruptionWords(turn('assistant', 0))).toBeUndefined();
});

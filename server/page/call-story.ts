// One call as a story: what was said and what happened, in the order in which it was, out of events that may come twice.

import { eventWords } from './words.ts';
import type { CallEvent, Turn } from './wire.ts';

/** One line of the story. */
export type StoryLine = { readonly key: string; readonly atMs: number } & (
  { readonly kind: 'turn'; readonly turn: Turn } | { readonly kind: 'note'; readonly words: string }
);

/** What has been read of a call. */
export type CallStory = { readonly lastId: number; readonly lines: readonly StoryLine[] };

/** Nothing yet. */
export const EMPTY_STORY: CallStory = { lastId: 0, lines: [] };

/** The story with one more event; the same one when the event is known or says nothing. */
export function withEvent(story: CallStory, event: CallEvent): CallStory {
  if (event.id <= story.lastId) return story;
  const line = lineOf(event);
  return { lastId: event.id, lines: line ? inserted(story.lines, line) : story.lines };
}

/** What became of a turn that was not heard to its end; undefined for others. */
export function interruptionWords({ isInterrupted, heardMs, audioMs }: Turn): string | undefined {
  if (!isInterrupted) return undefined;
  if (heardMs === undefined || audioMs === undefined) return 'interrupted';
  return `interrupted: ${tenths(heardMs)} of ${tenths(audioMs)} s heard`;
}

/** The words of a turn may be known only after the turn that answers it. */
function inserted(lines: readonly StoryLine[], line: StoryLine): StoryLine[] {
  const before = lines.findLastIndex(({ atMs }) => atMs <= line.atMs);
  return [...lines.slice(0, before + 1), line, ...lines.slice(before + 1)];
}

function lineOf(event: CallEvent): StoryLine | undefined {
  const key = String(event.id);
  if (event.type === 'turn.finished') {
    const turn = event['turn'] as Turn;
    return { key, kind: 'turn', turn, atMs: Date.parse(turn.startedAt) };
  }
  const words = eventWords(event);
  return words === undefined ? undefined : { key, kind: 'note', words, atMs: Date.parse(event.at) };
}

function tenths(ms: number): string {
  return (ms / 1000).toFixed(1);
}

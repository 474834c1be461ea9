// What was said in a call, as the API shows it: as values, and as text to read.

import type { Call } from '../calls/call';
import type { Turn } from '../calls/conversation-events';
import type { TimelineEntry } from '../calls/record-ports';

const SPEAKERS: Readonly<Record<Turn['speaker'], string>> = { callee: 'Callee', assistant: 'AI' };

/** One turn as the API shows it. */
export type TurnView = Omit<Turn, 'startedAtMs'> & {
  /** ISO 8601. */
  readonly startedAt: string;
};

/** The turns in the order of speaking: the words of a turn may be known only after the turn that answers it. */
export function turnsOf(timeline: readonly TimelineEntry[]): Turn[] {
  return timeline
    .filter(({ type }) => type === 'turn.finished')
    .map(({ data }) => data['turn'] as Turn)
    .sort((a, b) => a.startedAtMs - b.startedAtMs);
}

/** One turn for the API. */
export function turnView({ startedAtMs, ...turn }: Turn): TurnView {
  return { startedAt: new Date(startedAtMs).toISOString(), ...turn };
}

/** One line a turn: when after the answer, who, what. */
export function transcriptText({ timings }: Call, turns: readonly Turn[]): string {
  const answeredAtMs = timings.answeredAtMs ?? turns[0]?.startedAtMs ?? timings.createdAtMs;
  return turns.map((turn) => `${lineOf(turn, turn.startedAtMs - answeredAtMs)}\n`).join('');
}

function lineOf({ speaker, text, isInterrupted }: Turn, afterMs: number): string {
  const words = text.replace(/\s+/g, ' ').trim();
  const mark = isInterrupted ? '[interrupted]' : '';
  return [minutesAndSeconds(afterMs), `${SPEAKERS[speaker]}:`, words, mark].filter((part) => part !== '').join(' ');
}

/** Hours are minutes too: 75:03. */
function minutesAndSeconds(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${twoDigits(Math.floor(seconds / 60))}:${twoDigits(seconds % 60)}`;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0');
}

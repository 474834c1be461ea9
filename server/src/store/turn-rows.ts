// Between what was said and the table `turns`.

import type { EntryData } from './entry-rows';
import { hasText, isFiniteOrAbsent, isPlain, packed, unpacked } from './row-fields';
import type { EntryPlace, TurnRow } from './tables';

/** A row without its place. */
export type TurnContent = Omit<TurnRow, keyof EntryPlace>;

/** The row of `turn.finished`; undefined when the data are not those of a turn. */
export function turnContent({ turn, ...around }: EntryData): TurnContent | undefined {
  if (!isPlain(turn)) return undefined;
  const { speaker, text, startedAtMs, isInterrupted, heardMs, audioMs, ...more } = turn;
  if (!hasText(speaker) || !hasText(text) || typeof isInterrupted !== 'boolean') return undefined;
  if (typeof startedAtMs !== 'number' || !Number.isFinite(startedAtMs)) return undefined;
  if (!isFiniteOrAbsent(heardMs) || !isFiniteOrAbsent(audioMs)) return undefined;
  return {
    speaker,
    text,
    started_at_ms: startedAtMs,
    is_interrupted: Number(isInterrupted),
    heard_ms: heardMs ?? null,
    audio_ms: audioMs ?? null,
    extra: packed({ around, more }),
  };
}

/** The data of the entry that the row was made of. */
export function turnData(row: TurnContent): EntryData {
  const { around, more } = unpacked(row.extra);
  const turn = {
    speaker: row.speaker,
    text: row.text,
    startedAtMs: row.started_at_ms,
    isInterrupted: row.is_interrupted === 1,
    ...(row.heard_ms === null ? {} : { heardMs: row.heard_ms }),
    ...(row.audio_ms === null ? {} : { audioMs: row.audio_ms }),
    ...more,
  };
  return { turn, ...around };
}

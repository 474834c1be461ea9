// What one call's record says: how soon the greeting was at the carrier, how soon each clear, and how far what the AI was
// told of each item is from what the carrier played of it.

import type { CallRecord, ClearAtCarrier, ItemRecord } from './call-record';

/** One interruption. */
export type Interruption = {
  readonly networkDelayMs: number;
  /** How the interrupted response was made. */
  readonly kind: string;
  /** Since the AI wrote that the callee speaks. */
  readonly clearAfterMs: number;
  /** Audio of the response that the carrier played. */
  readonly playedMs: number;
  /** The largest difference of an item between what the AI was told and what was played; negative for too little. */
  readonly errorMs: number;
  /** By how much the AI was told of more than had been sent to the carrier; 0 for never. */
  readonly aboveSentMs: number;
};

/** A greeting. */
export type Greeting = {
  readonly networkDelayMs: number;
  /** Whether its first audio was there before the callee answered. */
  readonly isReady: boolean;
  readonly afterAnswerMs: number;
  readonly afterStreamMs: number;
};

/** What was measured in one call, and what should not have happened. */
export type CallFigures = {
  readonly greeting: Greeting | undefined;
  readonly interruptions: readonly Interruption[];
  readonly faults: readonly string[];
};

// What the carrier takes and plays at a time: the end of an item is filled up to it.
const FRAME_MS = 20;

/** An item beside the clear that cut it off. */
type PlayedItem = { readonly errorMs: number; readonly aboveSentMs: number };

/** The figures of one call, whose responses are of these kinds in order. */
export function callFigures(record: CallRecord, kinds: readonly string[]): CallFigures {
  const interruptions = record.clears.map((clear, at) => interruption({ record, clear, at, kind: kinds[at] ?? '' }));

  return {
    greeting: greetingOf(record),
    interruptions: interruptions.filter((one) => one !== undefined),
    faults: [
      ...record.violations,
      ...(record.clears.length === kinds.length
        ? []
        : [`${record.clears.length} clears for ${kinds.length} interruptions`]),
      ...(interruptions.includes(undefined) ? ['a clear that nothing explains'] : []),
    ].map((fault) => `call ${record.index}: ${fault}`),
  };
}

function greetingOf({ networkDelayMs, answeredAtMs, streamStartedAtMs, firstAudioAtMs, items }: CallRecord) {
  if (answeredAtMs === undefined || streamStartedAtMs === undefined || firstAudioAtMs === undefined) return undefined;
  const madeAtMs = items[0]?.deltas[0]?.atMs ?? Infinity;

  return {
    networkDelayMs,
    isReady: madeAtMs < answeredAtMs,
    afterAnswerMs: firstAudioAtMs - answeredAtMs,
    afterStreamMs: firstAudioAtMs - streamStartedAtMs,
  };
}

type Cut = { readonly record: CallRecord; readonly clear: ClearAtCarrier; readonly at: number; readonly kind: string };

function interruption({ record, clear, at, kind }: Cut): Interruption | undefined {
  const previous = record.clears[at - 1] ?? { atMs: -Infinity, playedMs: 0, arrivedMs: 0 };
  const speechAtMs = record.speechStartedAtMs.findLast((atMs) => atMs <= clear.atMs);
  if (speechAtMs === undefined || speechAtMs <= previous.atMs) return undefined;
  const playedMs = clear.playedMs - previous.playedMs;
  // Whatever had arrived and was not played went with the clear before.
  const sentMs = clear.arrivedMs - previous.arrivedMs;
  const items = itemsBetween(record, { fromMs: previous.atMs, untilMs: clear.atMs });
  const played = playedItems(items, { playedMs, sentMs, speechAtMs });

  return {
    networkDelayMs: record.networkDelayMs,
    kind,
    clearAfterMs: clear.atMs - speechAtMs,
    playedMs,
    errorMs: played.reduce((worst, { errorMs }) => (Math.abs(errorMs) > Math.abs(worst) ? errorMs : worst), 0),
    aboveSentMs: Math.max(0, ...played.map(({ aboveSentMs }) => aboveSentMs)),
  };
}

/** The items of the responses that began in this time: late audio makes none of them another one's. */
function itemsBetween(
  { items, responses }: CallRecord,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): ItemRecord[] {
  const begun = new Set(
    responses.filter(({ atMs }) => atMs > fromMs && atMs <= untilMs).map(({ responseId }) => responseId),
  );

  return items.filter(({ responseId }) => begun.has(responseId));
}

type Heard = { readonly playedMs: number; readonly sentMs: number; readonly speechAtMs: number };

/** The items play one after the other, each filled up to a whole frame; audio made after the cut is not played. */
function playedItems(items: readonly ItemRecord[], { playedMs, sentMs, speechAtMs }: Heard): PlayedItem[] {
  let startMs = 0;

  return items.map((item) => {
    const madeMs = audioMs(item.deltas.filter(({ atMs }) => atMs <= speechAtMs));
    const heardMs = within(playedMs - startMs, madeMs);
    const arrivedMs = within(sentMs - startMs, madeMs);
    startMs += Math.ceil(madeMs / FRAME_MS) * FRAME_MS;

    return { errorMs: toldMs(item) - heardMs, aboveSentMs: Math.max(0, claimedMs(item) - arrivedMs) };
  });
}

/** How much of an item the AI believes to have been heard. */
function toldMs({ told, deltas }: ItemRecord): number {
  if (told.isDeleted) return 0;

  return told.truncatedToMs ?? audioMs(deltas);
}

/** `audio_end_ms`, where there is one. */
function claimedMs({ told }: ItemRecord): number {
  return told.isDeleted ? 0 : (told.truncatedToMs ?? 0);
}

function audioMs(deltas: ItemRecord['deltas']): number {
  return deltas.reduce((sum, delta) => sum + delta.audioMs, 0);
}

function within(ms: number, mostMs: number): number {
  return Math.min(Math.max(ms, 0), mostMs);
}

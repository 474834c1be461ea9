// What the simulated carrier and the simulated AI saw of one call, on one clock and without anything that the
// judgement does not need: the moments, the audio item by item, and what the AI was told of each item.

import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';

/** One audio item of the AI. */
export type ItemRecord = {
  readonly itemId: string;
  readonly responseId: string;
  /** The audio that the AI sent of it, and when. */
  readonly deltas: readonly { readonly atMs: number; readonly audioMs: number }[];
  /** What the server told the AI of it. */
  readonly told: { readonly truncatedToMs?: number; readonly isDeleted: boolean };
};

/** A clear as it took effect at the carrier. */
export type ClearAtCarrier = {
  readonly atMs: number;
  /** Milliseconds of the server's audio played since the stream began, the frame in play included. */
  readonly playedMs: number;
  /** Milliseconds of the server's audio that had arrived since the stream began. */
  readonly arrivedMs: number;
};

/** One call, all moments in milliseconds since 1970. */
export type CallRecord = {
  readonly index: number;
  readonly networkDelayMs: number;
  readonly answeredAtMs: number | undefined;
  readonly streamStartedAtMs: number | undefined;
  readonly firstAudioAtMs: number | undefined;
  readonly clears: readonly ClearAtCarrier[];
  /** When the AI reported that the callee speaks. */
  readonly speechStartedAtMs: readonly number[];
  /** When each response began, in order. */
  readonly responses: readonly { readonly responseId: string; readonly atMs: number }[];
  readonly items: readonly ItemRecord[];
  /** What either far end found wrong with what it was sent. */
  readonly violations: readonly string[];
};

/** What a record takes from the carrier's side. */
export type LegFacts = Pick<
  SimulatedLeg,
  'answeredAtMs' | 'streamStartedAtMs' | 'firstAudioAtMs' | 'clears' | 'received' | 'violations'
>;

/** What a record takes from the AI's side. */
export type SessionFacts = Pick<SimulatedSession, 'serverEvents' | 'clientEvents' | 'violations'>;

// PCM16 at 24 kHz, which is what the AI speaks in this bench.
const BYTES_PER_MS = 48;

type Recorded = SessionFacts['serverEvents'][number];

/** Puts the two sides of a call together. */
export function callRecord(
  call: Pick<CallRecord, 'index' | 'networkDelayMs'>,
  leg: LegFacts,
  session: SessionFacts,
): CallRecord {
  const { answeredAtMs, streamStartedAtMs, firstAudioAtMs } = leg;

  return {
    ...call,
    answeredAtMs,
    streamStartedAtMs,
    firstAudioAtMs,
    clears: clearsOf(leg),
    speechStartedAtMs: ofType(session.serverEvents, 'input_audio_buffer.speech_started').map(wallMs),
    responses: ofType(session.serverEvents, 'response.created').map((event) => ({
      responseId: responseIdOf(event),
      atMs: wallMs(event),
    })),
    items: itemsOf(session),
    violations: [...leg.violations, ...session.violations],
  };
}

/** The log of frames has each clear between the audio that came before it and the audio that came after. */
function clearsOf({ clears, received }: LegFacts): ClearAtCarrier[] {
  const arrivedMs: number[] = [];
  let totalMs = 0;
  for (const { event, audioMs = 0 } of received) {
    if (event === 'media') totalMs += audioMs;
    if (event === 'clear') arrivedMs.push(totalMs);
  }

  return clears.map(({ atMs, playedMs }, at) => ({ atMs, playedMs, arrivedMs: arrivedMs[at] ?? NaN }));
}

function itemsOf(session: SessionFacts): ItemRecord[] {
  const truncated = new Map(
    ofType(session.clientEvents, 'conversation.item.truncate').map(({ event }) => [
      String(event['item_id']),
      Number(event['audio_end_ms']),
    ]),
  );
  const deleted = new Set(
    ofType(session.clientEvents, 'conversation.item.delete').map(({ event }) => String(event['item_id'])),
  );

  return [...deltasByItem(session)].map(([itemId, deltas]) => {
    const truncatedToMs = truncated.get(itemId);

    return {
      itemId,
      responseId: String(deltas[0]?.event['response_id']),
      deltas: deltas.map((delta) => ({ atMs: wallMs(delta), audioMs: (delta.bytes ?? 0) / BYTES_PER_MS })),
      told: { ...(truncatedToMs !== undefined && { truncatedToMs }), isDeleted: deleted.has(itemId) },
    };
  });
}

function deltasByItem({ serverEvents }: SessionFacts): Map<string, Recorded[]> {
  const byItem = new Map<string, Recorded[]>();
  for (const delta of ofType(serverEvents, 'response.output_audio.delta')) {
    const itemId = String(delta.event['item_id']);
    byItem.set(itemId, [...(byItem.get(itemId) ?? []), delta]);
  }

  return byItem;
}

function ofType(events: readonly Recorded[], type: string): Recorded[] {
  return events.filter((event) => event.type === type);
}

function responseIdOf({ event }: Recorded): string {
  return String((event['response'] as { readonly id?: unknown } | undefined)?.id);
}

/** The AI's log is on the clock of `performance.now()`, the carrier's in milliseconds since 1970. */
function wallMs({ atMs }: Recorded): number {
  return performance.timeOrigin + atMs;
}

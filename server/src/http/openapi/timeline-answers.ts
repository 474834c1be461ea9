// The entries of a call's timeline as the API shows them: one schema for each type, as `{at, type, …}` in the view of a
// call, and with an `id` among its events.

import { z } from 'zod';
import { CALL_STATUSES, isTerminal } from '../../calls/call-state';
import type { ConversationEvent } from '../../calls/conversation-events';
import { count, facts, milliseconds, time, usd } from './answer-fields';

const heard = z.enum(['heard', 'interrupted', 'unspoken']);
const stage = z.enum(['warning', 'goodbye']);

/** What the entries have in common with other answers. */
export type TimelineParts = { readonly verdict: z.ZodType; readonly turn: z.ZodType };

/** The two forms of an entry, and the kinds of each by their names in the document. */
export type TimelineAnswers = {
  readonly TimelineEntry: z.ZodType;
  readonly Event: z.ZodType;
  readonly kinds: Kinds;
};

type Kinds = Readonly<Record<string, z.ZodObject>>;

type Fields = Readonly<Record<string, Readonly<Record<string, z.ZodType>>>>;

/** What conversations report as it is noted; for the rest, see `timelineAnswers`. */
type Told = Exclude<ConversationEvent, { readonly type: 'conversation.failed' | 'turn.finished' | 'usage.added' }>;

/** An event or a field of one that is missing here does not compile, and neither does one that is not there any more. */
type ToldFields = { readonly [E in Told as E['type']]: Readonly<Record<Exclude<keyof E, 'type'>, z.ZodType>> };

/** Makes the schemas: they are many, and needed once. */
export function timelineAnswers({ verdict, turn }: TimelineParts): TimelineAnswers {
  const told: ToldFields = { ...streamEntries(), ...conversationEntries(), ...commandEntries(), ...sessionEntries() };
  const shown: Fields = { ...callEntries(verdict), ...legEntries(), ...told };
  const apart: Fields = { 'turn.finished': { turn }, 'usage.added': { charge: charge() } };
  const entries = kindsOf('Entry', shown, { at: time });
  const events = kindsOf('Event', { ...shown, ...apart }, { id: z.int().min(1), at: time });
  return {
    TimelineEntry: anyOf(entries).describe('Something that happened in the call.'),
    Event: anyOf(events).describe('Something that happened in the call. `id` counts 1, 2, 3 … within it.'),
    kinds: { ...entries, ...events },
  };
}

/** One line of a bill: what was charged at one price. */
export function costItem(): z.ZodObject {
  return z.strictObject({
    kind: z.enum([
      'text-input',
      'text-input-cached',
      'audio-input',
      'audio-input-cached',
      'text-output',
      'audio-output',
      'transcription-input',
      'transcription-output',
      'transcription-audio',
      'leg',
    ]),
    quantity: z.number(),
    unit: z.enum(['tokens', 'seconds']),
    unitPriceUsd: usd,
    amountUsd: usd,
  });
}

/** Where a charge comes from. */
export function chargeOrigin(): {
  readonly source: z.ZodType;
  readonly model: z.ZodType;
  readonly pricesAsOf: z.ZodType;
} {
  return {
    source: z.enum(['response', 'transcription', 'carrier']),
    model: z.string().describe('Empty for the carrier.'),
    pricesAsOf: z.string().nullable().describe('Date of the price table; null for prices that Telnyx told.'),
  };
}

/** `leg.down` is a `LegDownEntry`. */
function kindsOf(form: string, entries: Fields, common: Fields[string]): Kinds {
  const kinds = Object.entries(entries).map(([type, fields]) => {
    const words = type.split(/[.-]/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
    return [`${words.join('')}${form}`, z.strictObject({ ...common, type: z.literal(type), ...fields })] as const;
  });
  return Object.fromEntries(kinds);
}

function anyOf(kinds: Kinds): z.ZodType {
  const [first, ...others] = Object.values(kinds);
  return first ? z.discriminatedUnion('type', [first, ...others]) : z.never();
}

function callEntries(verdict: z.ZodType): Fields {
  const none: Fields[string] = {};
  return Object.fromEntries(
    CALL_STATUSES.map((status) => [`call.${status}`, isTerminal(status) ? { verdict } : none] as const),
  );
}

function legEntries(): Fields {
  return {
    'dial.unanswered': {},
    'stream.requested': { attempt: count },
    'stream.failed': { failure: z.string() },
    'leg.down': {},
    'leg.abandoned': {},
  };
}

function streamEntries() {
  return {
    'stream.started': { streamId: z.string(), encoding: z.string(), sampleRateHz: count },
    'stream.stopped': {},
    'stream.lost': { closeCode: count },
    'media.measured': mediaFigures(),
  };
}

function mediaFigures() {
  return {
    receivedFrames: count,
    reordered: count,
    duplicates: count,
    missing: count,
    unreadable: count,
    peakBacklogBytes: count,
    filledMs: milliseconds,
    droppedMs: milliseconds,
    underruns: count,
    underrunMs: milliseconds,
  };
}

function conversationEntries() {
  return {
    'greeting.started': { afterStreamMs: milliseconds },
    'reply.started': {
      latencyMs: milliseconds,
      vadMs: milliseconds,
      modelMs: milliseconds,
      bridgeMs: milliseconds,
      heardAfterMs: milliseconds,
    },
    'assistant.interrupted': { by: z.enum(['callee', 'api']), heardMs: milliseconds },
    'callee.held-off': { voicedMs: milliseconds },
    'machine.detected': { result: z.enum(['human', 'machine', 'fax', 'silence', 'not-sure']) },
    'machine.greeting-ended': { hasBeep: z.boolean() },
    'voicemail.finished': { outcome: heard },
    'silence.noticed': { silentMs: milliseconds, step: z.enum(['nudge', 'goodbye']) },
    'time.ending': { remainingMs: milliseconds, step: stage },
    'cost.ending': { spentUsd: z.number(), step: stage },
    'goodbye.canceled': {},
    'filler.spoken': { afterMs: milliseconds },
  };
}

function commandEntries() {
  return {
    'dtmf.received': { digits: z.string() },
    'dtmf.sent': { digits: z.string() },
    'say.finished': { sayId: z.string(), outcome: heard },
    'instructions.changed': { instructions: z.string() },
    'transfer.started': { to: z.string() },
    'transfer.bridged': { to: z.string() },
    'transfer.failed': { to: z.string(), reason: z.string(), details: facts.optional() },
    'tool.finished': {
      toolCallId: z.string(),
      name: z.string(),
      argumentsJson: z.string().describe('As the model wrote it.'),
      outcome: z.enum(['ok', 'error', 'timeout', 'abandoned']),
      output: z.string().describe('What the model was told.'),
      durationMs: milliseconds,
    },
  };
}

function sessionEntries() {
  return {
    'ai.ready': { sessionId: z.string(), connectMs: milliseconds },
    'ai.lost': { reason: z.string(), details: facts },
    'ai.resumed': { sessionId: z.string(), afterMs: milliseconds, tries: count },
    'ai.handed-over': { sessionId: z.string() },
  };
}

function charge(): z.ZodType {
  return z.strictObject({ ...chargeOrigin(), reference: z.string(), items: z.array(costItem()) });
}

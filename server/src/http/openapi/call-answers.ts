// What the API answers about calls, as schemas.

import { z } from 'zod';
import { CALL_STATUSES } from '../../calls/call-state';
import { END_REASONS } from '../../calls/end-call';
import { callId, count, facts, from, milliseconds, texts, time, to, usd } from './answer-fields';
import { behaviour, shownTurnDetection } from './behaviour-answer';
import { chargeOrigin, costItem, timelineAnswers } from './timeline-answers';

const talking = z.enum(['callee', 'assistant', 'both', 'nobody']).describe('Who is heard at this moment.');
const durationSeconds = z.number().min(0).nullable().describe('From the answer to the end.');
const placedBy = z.string().nullable().describe('Name of the API key that asked; null for this machine itself.');
const status = z.enum(CALL_STATUSES);

/** The schemas of answers about calls, by their names in the document. */
export function callAnswers() {
  const Verdict = verdict();
  const Turn = turn();
  const CallSummary = callSummary();
  const Usage = usage();
  const Timings = callTimings();
  const turnDetection = shownTurnDetection();
  const Behaviour = behaviour(turnDetection);
  const { TimelineEntry, Event, kinds } = timelineAnswers({ verdict: Verdict, turn: Turn });
  return {
    Verdict,
    Turn,
    Usage,
    CallSummary,
    Timings,
    Behaviour,
    ...turnDetection,
    CallList: z.strictObject({
      activeCalls: count.describe('Calls that are not over.'),
      calls: z.array(CallSummary),
      nextCursor: z
        .string()
        .nullable()
        .optional()
        .describe('History only: `cursor` of the next page, null on the last.'),
    }),
    InterruptedCall: CallSummary.extend({
      interrupted: z.boolean().describe('Whether there was something to silence.'),
    }),
    SaidCall: CallSummary.extend({ sayId: z.guid().describe('Comes back in `say.finished`.') }),
    TimelineEntry,
    Event,
    ...kinds,
    Call: callDetails({ CallSummary, Behaviour, Usage, Verdict, Turn, Timings, entry: TimelineEntry }),
    Transcript: z.strictObject({ callId, status, turns: z.array(Turn) }),
    EventList: z.strictObject({
      callId,
      status,
      isComplete: z.boolean().describe('Nothing more is expected.'),
      lastId: count.describe('What to ask `after` the next time.'),
      events: z.array(Event),
    }),
    LiveCalls: liveCalls(),
    StatusCallback: statusCallback({ Usage, Verdict, Timings }),
  };
}

function callSummary() {
  return z.strictObject({
    callId,
    status,
    to,
    from,
    createdAt: time,
    answeredAt: time.nullable(),
    endedAt: time.nullable(),
    durationSeconds,
    endReason: z.enum(END_REASONS).nullable().describe('Why the call ended: see docs/errors.md.'),
    metadata: texts,
  });
}

type DetailParts = {
  readonly CallSummary: ReturnType<typeof callSummary>;
  readonly Usage: z.ZodType;
  readonly Verdict: z.ZodType;
  readonly Turn: z.ZodType;
  readonly Timings: z.ZodType;
  readonly Behaviour: z.ZodType;
  readonly entry: z.ZodType;
};

function callDetails(parts: DetailParts): z.ZodType {
  const { CallSummary, Behaviour, Usage, Verdict, Turn, Timings, entry } = parts;
  return CallSummary.extend({
    carrierCallId: z.string().nullable().describe('Call control id of Telnyx.'),
    instructions: z.string(),
    voice: z.string(),
    greeting: z.string().nullable(),
    maxDurationSeconds: count,
    behaviour: Behaviour,
    statusCallbackUrl: z.string().nullable(),
    maxCostUsd: usd,
    record: z.boolean(),
    placedBy,
    timings: Timings,
    verdict: Verdict.nullable(),
    usage: Usage,
    cost: cost(),
    recording: recording().nullable(),
    latency: latency(),
    transcript: z.array(Turn),
    toolCalls: z.array(toolCall()),
    timeline: z.array(entry).describe('Without `turn.finished` and `usage.added`: see `transcript` and `cost`.'),
  });
}

function verdict() {
  return z
    .strictObject({
      reason: z.enum(END_REASONS),
      status: z.enum(['completed', 'busy', 'failed', 'no-answer', 'canceled']),
      result: z.enum(['success', 'callee-unavailable', 'canceled', 'carrier-error', 'ai-error', 'server-error']),
      endedBy: z.enum(['callee', 'api', 'carrier', 'ai', 'server']),
      message: z.string(),
      details: facts,
    })
    .describe('Why the call ended, and whose doing it was.');
}

function turn() {
  return z
    .strictObject({
      startedAt: time,
      speaker: z.enum(['callee', 'assistant']),
      text: z.string(),
      isInterrupted: z.boolean().describe('The callee did not hear all of it; `text` is about what was heard.'),
      heardMs: milliseconds.optional(),
      audioMs: milliseconds.optional(),
    })
    .describe('Something that one party said.');
}

function usage() {
  return z
    .strictObject({
      responses: count,
      inputTextTokens: count,
      inputAudioTokens: count,
      cachedInputTokens: count,
      outputTextTokens: count,
      outputAudioTokens: count,
      costUsd: usd,
    })
    .describe('What the AI has used.');
}

function callTimings() {
  const perhaps = time.nullable();
  return z.strictObject({
    createdAt: time,
    initiatedAt: perhaps,
    ringingAt: perhaps,
    answeredAt: perhaps,
    endedAt: perhaps,
  });
}

function cost() {
  return z.strictObject({
    totalUsd: usd.describe('What is known of both parts; null when that of the AI is not.'),
    aiUsd: usd,
    carrierUsd: usd.describe('Null until Telnyx has said it, minutes after the call.'),
    items: z.array(costItem().extend(chargeOrigin())).describe('The bill: one line for all of one kind at one price.'),
  });
}

function recording() {
  return z.strictObject({
    state: z.enum(['ready', 'failed']).describe('`failed`: it is missing, or only its beginning was kept.'),
    durationMs: milliseconds,
    bytes: count,
    url: z.string().nullable().describe('Null when the file cannot be had, or no longer.'),
  });
}

function latency() {
  const perhaps = milliseconds.nullable();
  return z
    .strictObject({ turns: count, medianMs: perhaps, p95Ms: perhaps, maxMs: perhaps, greetingMs: perhaps })
    .describe('How long the callee waited for the AI; null where there was nothing to measure.');
}

function toolCall() {
  return z.strictObject({
    name: z.string(),
    arguments: z.unknown().describe('As a value, or as the text of the model when that is not JSON.'),
    outcome: z.enum(['ok', 'error', 'timeout', 'abandoned']),
    durationMs: milliseconds,
    at: time,
  });
}

function liveCalls() {
  const call = z.strictObject({
    callId,
    status,
    to,
    from,
    talking,
    startedAt: time,
    answeredAt: time.nullable(),
    durationSeconds: z.number().min(0).nullable().describe('Since the answer.'),
    costUsd: usd.describe('What is known so far; null when the price of the model is not known.'),
    lastReplyMs: milliseconds.nullable().describe('How long the callee waited for the last reply.'),
    placedBy,
    metadata: texts,
  });
  return z.strictObject({ at: time.describe('By the clock of the server.'), calls: z.array(call) });
}

function statusCallback({ Usage, Verdict, Timings }: Pick<DetailParts, 'Usage' | 'Verdict' | 'Timings'>): z.ZodType {
  return z.strictObject({
    event: z.enum(CALL_STATUSES.map((name) => `call.${name}` as const)),
    at: time,
    callId,
    status,
    to,
    from,
    metadata: texts,
    timings: Timings,
    verdict: Verdict.nullable().describe('Null until the call is over, as are the fields below.'),
    durationSeconds,
    usage: Usage.nullable(),
    cost: z.strictObject({ aiUsd: usd, carrierUsd: usd }).nullable(),
  });
}

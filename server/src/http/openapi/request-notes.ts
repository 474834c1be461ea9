// What the schemas that validate cannot say of themselves: what a field means, an example, and limits that are checked by
// code. A field without a note does not compile.

import type { z } from 'zod';
import type { HttpToolDefinition } from '../../calls/behaviour';
import type { semanticVadSchema, serverVadSchema } from '../behaviour-schema';
import { phoneNumber, transferDestination } from '../fields';
import type { eventsQuerySchema, transcriptQuerySchema, usageQuerySchema } from '../reading-schemas';
import type {
  createCallSchema,
  digitsSchema,
  instructionsSchema,
  listCallsSchema,
  saySchema,
  transferSchema,
} from '../schemas';
import type { Additions, JsonSchema } from './json-schema';

/** What is said of one field. */
export type FieldNote = {
  readonly text: string;
  /** Limits that only code checks. */
  readonly limits?: JsonSchema;
};

/** What is said of each field of an object. */
export type FieldNotes<T> = Readonly<Record<keyof T & string, FieldNote>>;

type NotesOf<S extends z.ZodType> = FieldNotes<z.infer<S>>;

const E164: JsonSchema = { pattern: '^\\+[1-9]\\d{6,14}$', examples: ['+12025550123'] };
const MOMENT: JsonSchema = { examples: ['2026-01-31', '2026-01-31T09:00:00Z'] };

/** Limits of whole kinds of fields, wherever they stand. */
export const KINDS: Additions = new Map<z.ZodType, JsonSchema>([
  [phoneNumber, { examples: ['+12025550123'] }],
  [
    transferDestination,
    {
      pattern: '^(\\+[1-9]\\d{6,14}|[sS][iI][pP][sS]?:.+@.+)$',
      examples: ['+12025550177', 'sip:desk@pbx.example.com'],
    },
  ],
]);

/** Body of createCall. */
export const CREATE_CALL_NOTES: NotesOf<typeof createCallSchema> = {
  to: { text: 'Whom to call, E.164. The country must be in `ALLOWED_COUNTRIES`.' },
  from: { text: 'Caller id, E.164. Left out: `TELNYX_FROM_NUMBER`.' },
  instructions: { text: 'What the AI is and wants.' },
  voice: { text: 'Left out: `OPENAI_VOICE`.' },
  greeting: { text: 'Exact first words. Left out: the AI opens by its instructions.' },
  maxDurationSeconds: { text: 'Counted from the answer; a transfer does not end it.' },
  metadata: { text: 'Up to 20 texts of yours; they come back with the call.', limits: { maxProperties: 20 } },
  statusCallbackUrl: {
    text: 'Is told of each status by POST: see the webhook `callStatus`. Left out: `STATUS_CALLBACK_URL`.',
    limits: { pattern: '^https?://' },
  },
  maxCostUsd: { text: 'What the AI may cost. Near it the AI says goodbye. Left out: `MAX_COST_USD_PER_CALL`.' },
  record: { text: 'Keep the audio as a stereo WAV file. Left out: `RECORD_CALLS`. Mind what the law asks of you.' },
  opening: { text: 'Who speaks first. With `silent` there is no `greeting`. Left out: `OPENING`.' },
  helloTimeoutMs: { text: 'With `wait-for-hello`: how long the AI waits for a word. Left out: `HELLO_TIMEOUT_MS`.' },
  protectGreeting: { text: 'The callee cannot interrupt the opening. Left out: `PROTECT_GREETING`.' },
  answeringMachine: { text: 'What to do when a machine answers. Left out: `ANSWERING_MACHINE`.' },
  voicemailMessage: {
    text: 'Said to a machine, word for word; needs `answeringMachine: leave-message`. Left out: `VOICEMAIL_MESSAGE`.',
  },
  turnDetection: { text: "How the end of the callee's turn is found. Left out: `TURN_DETECTION` and `VAD_…`." },
  noiseReduction: { text: "Filter for the callee's audio. Left out: `NOISE_REDUCTION`." },
  bargeInHoldMs: { text: 'How much speech it takes to interrupt the AI. Left out: `BARGE_IN_HOLD_MS`.' },
  silenceNudgeSeconds: {
    text: 'Silence of both until the AI asks whether somebody is there; 0 for never. Left out: `SILENCE_NUDGE_SECONDS`.',
  },
  silenceGoodbyeSeconds: { text: 'Silence after that until it says goodbye. Left out: `SILENCE_GOODBYE_SECONDS`.' },
  builtInTools: { text: 'Which of these the AI has. Left out: all of them.', limits: { uniqueItems: true } },
  tools: { text: 'Tools that are requests to your server; names are unique. Left out: those of `TOOLS_FILE`.' },
  transferTargets: { text: 'To whom the AI may transfer the callee; names are unique.' },
};

/** One tool of createCall. */
export const TOOL_NOTES: FieldNotes<HttpToolDefinition> = {
  name: { text: 'Not the name of a built-in tool.' },
  description: { text: 'For the AI: what it does and when to use it.' },
  parameters: {
    text: 'JSON Schema of the arguments, up to 8 KB and 40 levels. `pattern` is shown to the AI, not checked.',
    limits: { properties: { type: { const: 'object' } }, required: ['type'] },
  },
  url: {
    text: 'Without user, password and `${…}`: secrets belong in a header.',
    limits: { format: 'uri', pattern: '^[hH][tT][tT][pP][sS]?:' },
  },
  method: { text: 'GET and DELETE get the arguments in the query, the others as a JSON body.' },
  headers: {
    text: "`${TOOL_…}` stands for a variable of the server's environment, for a `url` on a host of `TOOL_SECRET_HOSTS`. No headers of the connection.",
    limits: { maxProperties: 20 },
  },
  timeoutMs: { text: 'How long the AI waits for the answer.' },
  filler: { text: 'Words that cover a slow answer. Left out: the AI finds its own.' },
  whileRunning: { text: 'Whether the callee may talk with the AI meanwhile.' },
};

/** One kind of turn detection. */
export const SERVER_VAD_NOTES: NotesOf<typeof serverVadSchema> = {
  type: { text: 'By silence.' },
  threshold: { text: 'How loud speech has to be. Left out: `VAD_THRESHOLD`.' },
  prefixPaddingMs: {
    text: 'Audio before the detected start that belongs to the turn. Left out: `VAD_PREFIX_PADDING_MS`.',
  },
  silenceMs: { text: 'Silence that ends a turn. Left out: `VAD_SILENCE_MS`.' },
};

/** The other kind of turn detection. */
export const SEMANTIC_VAD_NOTES: NotesOf<typeof semanticVadSchema> = {
  type: { text: 'By what was said.' },
  eagerness: { text: 'How soon the AI answers. Left out: `VAD_EAGERNESS`.' },
};

/** Body of say. */
export const SAY_NOTES: NotesOf<typeof saySchema> = {
  text: { text: 'Said word for word.' },
  when: { text: '`now` cuts off what the AI is saying, `next-pause` waits.' },
  protect: { text: 'The callee cannot interrupt it.' },
};

/** Body of setInstructions. */
export const INSTRUCTIONS_NOTES: NotesOf<typeof instructionsSchema> = {
  instructions: { text: "They hold from the AI's next response on." },
  mode: { text: 'Instead of what the call has, or beside it.' },
};

/** Body of sendDigits. */
export const DIGITS_NOTES: NotesOf<typeof digitsSchema> = {
  digits: { text: 'Touch tones, and the pauses `w` (0.5 s) and `W` (1 s).' },
};

/** Body of transferCall. */
export const TRANSFER_NOTES: NotesOf<typeof transferSchema> = {
  to: { text: 'A number that may be called, or a SIP address whose host is in `TRANSFER_SIP_DOMAINS`.' },
  announcement: { text: 'Said to the callee before.' },
};

/** Query of listCalls. */
export const LIST_NOTES: NotesOf<typeof listCallsSchema> = {
  status: { text: 'Comma list of statuses.', limits: { examples: ['completed,failed'] } },
  to: { text: 'One destination, E.164.', limits: E164 },
  since: { text: 'Calls from this time on, ISO 8601.', limits: { format: 'date-time' } },
  limit: { text: 'How many; without it, all live calls, or 50 of history.' },
  cursor: { text: '`nextCursor` of the page before.' },
};

/** Query of getUsage. */
export const USAGE_NOTES: NotesOf<typeof usageQuerySchema> = {
  since: { text: 'Date (midnight UTC) or time; 30 days before the end when left out.', limits: MOMENT },
  until: { text: 'Exclusive; now when left out. At most 366 days after `since`.', limits: MOMENT },
  to: { text: 'One destination, E.164.', limits: E164 },
  format: { text: 'Instead of an `Accept` header.' },
};

/** Query of getTranscript. */
export const TRANSCRIPT_NOTES: NotesOf<typeof transcriptQuerySchema> = {
  format: { text: 'Instead of an `Accept` header.' },
};

/** Query of getEvents. */
export const EVENTS_NOTES: NotesOf<typeof eventsQuerySchema> = {
  after: {
    text: 'Only what came after the entry with this id.',
    // Text of digits in the address, a number to whoever asks.
    limits: { type: 'integer', minimum: 0, pattern: undefined, examples: [17] },
  },
};

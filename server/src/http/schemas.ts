// What the API accepts, in zod: unknown fields are refused, every message names the cure.

import { z } from 'zod';
import { MAX_INSTRUCTIONS } from '../calls/call';
import { CALL_STATUSES } from '../calls/call-state';
import { CallNotFoundError } from '../calls/errors';
import { BEHAVIOUR_FIELDS } from './behaviour-schema';
import {
  anyText,
  jsonObject,
  nonEmptyText,
  oneOf,
  phoneNumber,
  queryText,
  requiredText,
  transferDestination,
  wholeNumber,
  yesOrNo,
} from './fields';
import { hasNoCredentials } from '../lib/url-guard';
import { VOICES } from '../lib/voices';
import { type FieldError, ProblemError } from './problem';

/** What the model is told when a call brings no instructions. */
export const DEFAULT_INSTRUCTIONS =
  'You are a friendly assistant on a phone call. Speak naturally, keep it short, and let the other person talk.';

const MAX_GREETING = 1_000;
const MAX_SPEECH = 1_000;
const MAX_ANNOUNCEMENT = 500;
const MAX_METADATA_KEYS = 20;
const MAX_METADATA_KEY = 40;
const MAX_METADATA_VALUE = 500;
const MIN_DURATION_SECONDS = 10;
// The carrier cuts a leg after four hours, our own limit and its margin come before.
const MAX_DURATION_SECONDS = 14_340;

// Nobody means to spend more on one call.
const MAX_COST_USD = 1_000;
const DEFAULT_DURATION_SECONDS = 900;
const MAX_PAGE = 200;

/** How many calls of the past a page has when nothing is said. */
export const DEFAULT_PAGE = 50;

const metadata = z
  .record(
    z.string().min(1).max(MAX_METADATA_KEY, `keys may have ${MAX_METADATA_KEY} characters`),
    anyText(MAX_METADATA_VALUE),
    'must be an object of strings',
  )
  .refine((entries) => Object.keys(entries).length <= MAX_METADATA_KEYS, `may have ${MAX_METADATA_KEYS} keys`);

/** Body of POST /api/ai-calls/create. */
export const createCallSchema = jsonObject({
  to: phoneNumber,
  from: phoneNumber.optional(),
  instructions: nonEmptyText(MAX_INSTRUCTIONS).default(DEFAULT_INSTRUCTIONS),
  voice: oneOf(VOICES).optional(),
  greeting: nonEmptyText(MAX_GREETING).optional(),
  maxDurationSeconds: wholeNumber(MIN_DURATION_SECONDS, MAX_DURATION_SECONDS).default(DEFAULT_DURATION_SECONDS),
  metadata: metadata.default({}),
  statusCallbackUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .max(2_000, 'may have 2000 characters')
    .refine(hasNoCredentials, 'must not contain a user or password: callbacks are signed')
    .optional(),
  maxCostUsd: z
    .number('must be a number')
    .positive('must be more than 0')
    .max(MAX_COST_USD, `must be at most ${MAX_COST_USD}`)
    .optional(),
  record: yesOrNo.optional(),
  ...BEHAVIOUR_FIELDS,
});

/** The body of POST /api/ai-calls/create when it is valid. */
export type CreateCallBody = z.infer<typeof createCallSchema>;

/** Body of POST /api/ai-calls/:callId/say. */
export const saySchema = jsonObject({
  text: nonEmptyText(MAX_SPEECH),
  when: oneOf(['now', 'next-pause']).default('now'),
  protect: yesOrNo.default(false),
});

/** Body of POST /api/ai-calls/:callId/instructions. */
export const instructionsSchema = jsonObject({
  instructions: nonEmptyText(MAX_INSTRUCTIONS),
  mode: oneOf(['replace', 'append']).default('replace'),
});

/** Body of POST /api/ai-calls/:callId/dtmf. */
export const digitsSchema = jsonObject({
  digits: z
    .string({ error: requiredText })
    .regex(/^[0-9A-D*#wW]{1,64}$/, 'must be 1 to 64 of 0-9 A-D * # and the pauses w (0.5 s) and W (1 s)'),
});

/** Body of POST /api/ai-calls/:callId/transfer. */
export const transferSchema = jsonObject({
  to: transferDestination,
  announcement: nonEmptyText(MAX_ANNOUNCEMENT).optional(),
});

const statusList = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(z.array(z.enum(CALL_STATUSES, `must be a comma list of ${CALL_STATUSES.join(', ')}`)));

/** Query of GET /api/ai-calls/status. */
export const listCallsSchema = z.strictObject({
  status: statusList.optional(),
  to: queryText.pipe(phoneNumber).optional(),
  since: queryText
    .pipe(z.iso.datetime({ offset: true, error: 'must be a time in ISO 8601 form: 2026-01-31T09:00:00Z' }))
    .transform((text) => Date.parse(text))
    .optional(),
  limit: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(MAX_PAGE, `must be at most ${MAX_PAGE}`)
    .optional(),
  cursor: z.string().min(1, 'must not be empty').max(200, 'is not a cursor').optional(),
});

const callIdSchema = z.guid();

/** The call id in a path; anything that is not an id names no call. @throws CallNotFoundError */
export function parseCallId(text: string | readonly string[] | undefined): string {
  const callId = callIdSchema.safeParse(text);
  if (!callId.success) throw new CallNotFoundError('No call has this id.');
  return callId.data.toLowerCase();
}

const idempotencyKeySchema = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters');

/** Checks an Idempotency-Key header; undefined when there is none. @throws ProblemError */
export function parseIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = idempotencyKeySchema.safeParse(header);
  if (!key.success) throw new ProblemError('VALIDATION_FAILED', toFieldErrors(key.error, 'Idempotency-Key'));
  return key.data;
}

/** Checks `input`, or throws the problem that names every wrong field. @throws ProblemError */
export function validated<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new ProblemError('VALIDATION_FAILED', toFieldErrors(result.error, 'body'));
}

function toFieldErrors(error: z.ZodError, root: string): FieldError[] {
  return error.issues.flatMap((issue): FieldError[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ field: shortened([...path, key].join('.')), message: 'is not a known field' }));
    }
    // What is wrong with a key of a record stands one level deeper.
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [{ field: path.length === 0 ? root : shortened(path.join('.')), message }];
  });
}

/** Field names may come from the user, in any length. */
function shortened(field: string): string {
  return field.length <= 80 ? field : `${field.slice(0, 79)}…`;
}

// What the API accepts, in zod: unknown fields are refused, every message names the cure.

import { z } from 'zod';
import { CALL_STATUSES } from '../calls/call-state';
import { type FieldError, ProblemError } from './problem';

/** The built-in voices of the Realtime API; the API itself accepts any text and fails later. */
export const VOICES = [
  'alloy',
  'ash',
  'ballad',
  'coral',
  'echo',
  'sage',
  'shimmer',
  'verse',
  'marin',
  'cedar',
] as const;

/** What the model is told when a call brings no instructions. */
export const DEFAULT_INSTRUCTIONS =
  'You are a friendly assistant on a phone call. Speak naturally, keep it short, and let the other person talk.';

const MAX_INSTRUCTIONS = 16_000;
const MAX_GREETING = 1_000;
const MAX_METADATA_KEYS = 20;
const MAX_METADATA_KEY = 40;
const MAX_METADATA_VALUE = 500;
const MIN_DURATION_SECONDS = 10;
// A realtime session lives for 60 minutes and is opened while the phone rings.
const MAX_DURATION_SECONDS = 3_300;
const DEFAULT_DURATION_SECONDS = 900;
const MAX_PAGE = 200;

/** How many calls of the past a page has when nothing is said. */
export const DEFAULT_PAGE = 50;

// A database may end a text at this character.
const NO_ZERO = /^[^\0]*$/;
const ZERO_CURE = 'must not contain a zero character';

const phoneNumber = z
  .string({ error: (issue) => (issue.input === undefined ? 'is required' : 'must be a string') })
  .regex(/^\+[1-9]\d{6,14}$/, 'must be a phone number in E.164 form: + and 7 to 15 digits, such as +12025550123');

const metadata = z
  .record(
    z.string().min(1).max(MAX_METADATA_KEY, `keys may have ${MAX_METADATA_KEY} characters`),
    z
      .string('values must be strings')
      .max(MAX_METADATA_VALUE, `values may have ${MAX_METADATA_VALUE} characters`)
      .regex(NO_ZERO, ZERO_CURE),
    'must be an object of strings',
  )
  .refine((entries) => Object.keys(entries).length <= MAX_METADATA_KEYS, `may have ${MAX_METADATA_KEYS} keys`);

/** Body of POST /api/ai-calls/create. */
export const createCallSchema = z.strictObject(
  {
    to: phoneNumber,
    from: phoneNumber.optional(),
    instructions: nonEmptyText(MAX_INSTRUCTIONS).default(DEFAULT_INSTRUCTIONS),
    voice: z.enum(VOICES, `must be one of ${VOICES.join(', ')}`).optional(),
    greeting: nonEmptyText(MAX_GREETING).optional(),
    maxDurationSeconds: z
      .int('must be a whole number of seconds')
      .min(MIN_DURATION_SECONDS, `must be at least ${MIN_DURATION_SECONDS}`)
      .max(MAX_DURATION_SECONDS, `must be at most ${MAX_DURATION_SECONDS}`)
      .default(DEFAULT_DURATION_SECONDS),
    metadata: metadata.default({}),
    statusCallbackUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .max(2_000, 'may have 2000 characters')
      .optional(),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined) },
);

const statusList = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(z.array(z.enum(CALL_STATUSES, `must be a comma list of ${CALL_STATUSES.join(', ')}`)));

/** In a query, `+` means a space; nobody who types a number or a time zone means one. */
const asTyped = z.string().transform((text) => text.replaceAll(' ', '+'));

/** Query of GET /api/ai-calls/status. */
export const listCallsSchema = z.strictObject({
  status: statusList.optional(),
  to: asTyped.pipe(phoneNumber).optional(),
  since: asTyped
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

/** A call id in a path. */
export const callIdSchema = z.guid();

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

function nonEmptyText(maxLength: number): z.ZodString {
  return z
    .string('must be a string')
    .max(maxLength, `may have ${maxLength} characters`)
    .regex(/\S/, 'must not be empty')
    .regex(NO_ZERO, ZERO_CURE);
}

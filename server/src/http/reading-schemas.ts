// What requests that read records may ask for: formats, places in a timeline, spans of time.

import { z } from 'zod';
import type { UsageQuery } from '../calls/record-ports';
import { oneOf, phoneNumber, queryText } from './fields';
import { ProblemError } from './problem';
import { validated } from './schemas';

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 30;
// One row for each destination of each day: more than that is for several requests.
const MAX_DAYS = 366;

const PLACE_FORM = 'must be the id of an entry: a whole number from 0 on';
const TIME_FORM = 'must be a date or a time in ISO 8601 form: 2026-01-31 or 2026-01-31T09:00:00Z';

const place = z
  .string(PLACE_FORM)
  .regex(/^\d{1,15}$/, PLACE_FORM)
  .transform(Number);

const momentMs = queryText
  .pipe(z.union([z.iso.date(), z.iso.datetime({ offset: true })], TIME_FORM))
  .transform((text) => Date.parse(text));

/** Query of GET /api/ai-calls/:callId/transcript. */
export const transcriptQuerySchema = z.strictObject({ format: oneOf(['json', 'text']).optional() });

/** Query of GET /api/ai-calls/:callId/events. */
export const eventsQuerySchema = z.strictObject({ after: place.optional() });

/** Query of GET /api/ai-calls/usage. */
export const usageQuerySchema = z.strictObject({
  since: momentMs.optional(),
  until: momentMs.optional(),
  to: queryText.pipe(phoneNumber).optional(),
  format: oneOf(['json', 'csv']).optional(),
});

/** The place in a Last-Event-ID header; undefined when there is none. @throws ProblemError */
export function parseLastEventId(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  const id = place.safeParse(header);
  if (id.success) return id.data;
  throw new ProblemError('VALIDATION_FAILED', [{ field: 'Last-Event-ID', message: PLACE_FORM }]);
}

/** What a request for usage asks for. */
export type AskedUsage = { readonly query: UsageQuery; readonly format: 'json' | 'csv' | undefined };

/** Query of GET /api/ai-calls/usage; without a word about it, the last 30 days, today included. @throws ProblemError */
export function parseUsageQuery(input: unknown, nowMs: number): AskedUsage {
  const { since, until: untilMs = nowMs, to, format } = validated(usageQuerySchema, input);
  const sinceMs = since ?? startOfDay(untilMs - 1) - (DEFAULT_DAYS - 1) * DAY_MS;
  if (sinceMs >= untilMs) throw invalidSince('must be before until, which is now when it is left out');
  if (untilMs - sinceMs > MAX_DAYS * DAY_MS) throw invalidSince(`must be at most ${MAX_DAYS} days before until`);
  return { query: { sinceMs, untilMs, to }, format };
}

function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

function invalidSince(message: string): ProblemError {
  return new ProblemError('VALIDATION_FAILED', [{ field: 'since', message }]);
}

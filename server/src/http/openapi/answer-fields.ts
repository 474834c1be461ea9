// The kinds of fields that answers are made of. Answers are not checked while the server runs: the tests hold real ones
// against these schemas, and GET /openapi.json is made from them.

import { z } from 'zod';

/** A time. */
export const time = z.iso.datetime();

/** Something counted. */
export const count = z.int().min(0);

/** Milliseconds, in fractions where they are measured. */
export const milliseconds = z.number().min(0);

/** A call id. */
export const callId = z.guid();

/** Who was called. */
export const to = z.string().meta({ examples: ['+12025550123'] });

/** With which caller id. */
export const from = z.string().meta({ examples: ['+12025550100'] });

/** US dollars; null where a price is not known. */
export const usd = z.number().nullable();

/** Names and texts that the server does not look into. */
export const texts = z.record(z.string(), z.string());

/** Facts behind something that went wrong. */
export const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

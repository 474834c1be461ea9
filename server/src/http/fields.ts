// The kinds of fields that bodies and queries are made of, in zod; every message names the cure.

import { z } from 'zod';
import { isSipUri } from './destination';

// A database may end a text at this character.
const NO_ZERO = /^[^\0]*$/;
const ZERO_CURE = 'must not contain a zero character';

const E164 = /^\+[1-9]\d{6,14}$/;
const E164_FORM = 'a phone number in E.164 form: + and 7 to 15 digits, such as +12025550123';

/** A phone number in E.164 form. */
export const phoneNumber = z.string({ error: requiredText }).regex(E164, `must be ${E164_FORM}`);

/** Text in a query, where `+` means a space; nobody who types a number or a time zone means one. */
export const queryText = z.string().transform((text) => text.replaceAll(' ', '+'));

/** Whom a callee can be transferred to, as far as the form goes. */
export const transferDestination = z
  .string({ error: requiredText })
  .refine((to) => E164.test(to) || isSipUri(to), `must be ${E164_FORM}, or a SIP address: sip:name@host`);

/** Text that may be blank. */
export function anyText(maxLength: number): z.ZodString {
  return z.string({ error: requiredText }).max(maxLength, `may have ${maxLength} characters`).regex(NO_ZERO, ZERO_CURE);
}

/** Text that says something. */
export function nonEmptyText(maxLength: number): z.ZodString {
  return anyText(maxLength).regex(/\S/, 'must not be empty');
}

/** A whole number between two limits. */
export function wholeNumber(min: number, max: number): z.ZodInt {
  return z.int('must be a whole number').min(min, `must be at least ${min}`).max(max, `must be at most ${max}`);
}

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T): z.ZodEnum<{ [W in T[number]]: W }> {
  return z.enum(words, `must be one of ${words.join(', ')}`);
}

/** True or false. */
export const yesOrNo = z.boolean('must be true or false');

/** A list in which no two entries have the same name. */
export function namedList<T extends { readonly name: string }>(
  entry: z.ZodType<T>,
  max: number,
): z.ZodArray<z.ZodType<T>> {
  return z
    .array(entry, 'must be a list')
    .max(max, `may have ${max} entries`)
    .superRefine((entries, context) => {
      for (const [index, { name }] of entries.entries()) {
        if (entries.findIndex((other) => other.name === name) === index) continue;
        context.addIssue({ code: 'custom', path: [index, 'name'], message: 'is the name of an earlier entry' });
      }
    });
}

/** A JSON object with these fields and no others. */
export function jsonObject<T extends z.ZodRawShape>(fields: T): z.ZodObject<T, z.core.$strict> {
  return z.strictObject(fields, {
    error: (issue) => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined),
  });
}

/** What is wrong with a text that is missing, or none. */
export function requiredText(issue: { readonly input?: unknown }): string {
  return issue.input === undefined ? 'is required' : 'must be a string';
}

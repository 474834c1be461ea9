// The kinds of settings: what each takes from the environment, and the cure that a user reads when it is wrong.

import { z } from 'zod';

/** What may stand in an HTTP header: a typographic quote from a web page does not. */
export const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** A setting without which nothing works. */
export function required(cure: string): z.ZodString {
  return z.string({ error: `is not set: ${cure}` });
}

/** A key of an account. */
export function secret(cure: string): z.ZodString {
  return required(cure).regex(VISIBLE_ASCII, 'has characters that no key has: copy it again, without quotes');
}

/** A whole number between two limits. */
export function wholeNumber(min: number, max: number): z.ZodCoercedNumber {
  const cure = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number(cure).int(cure).min(min, cure).max(max, cure);
}

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T): z.ZodEnum<{ [W in T[number]]: W }> {
  return z.enum(words, `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);
}

/** `true` or `false`; false when nothing is said. */
export function flag(): z.ZodPipe<z.ZodDefault<z.ZodEnum>, z.ZodTransform<boolean, string>> {
  return z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((word) => word === 'true');
}

/** An http or https address without query; a slash at its end is dropped. */
export function plainUrl(cure: string, path = /^/): z.ZodPipe<z.ZodURL, z.ZodTransform<string, string>> {
  return z
    .url({ protocol: /^https?$/, error: cure })
    .refine((url) => !/[?#]/.test(url) && path.test(withoutTrailingSlash(url)), cure)
    .transform(withoutTrailingSlash);
}

/** The parts of a comma list; spaces and empty parts do not count. */
export function commaList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/^\w+:/, (scheme) => scheme.toLowerCase()).replace(/\/+$/, '');
}

// The settings that keep strangers and mishaps from spending money: who may call, whom, how often, and when the server
// has enough to do.

import { closeSync, openSync, readSync } from 'node:fs';
import { isSupportedCountry } from 'libphonenumber-js/max';
import { z } from 'zod';
import { commaList, VISIBLE_ASCII, wholeNumber } from './setting-fields';

const MIN_API_KEY = 16;

// A key itself may hold a colon: what stands before the first one is a name only when it looks like one and a key is left.
const NAMED_KEY = /^([a-z][a-z0-9_-]{0,39}):(.+)$/;

const API_KEYS_CURE =
  `must be a comma list of keys of at least ${MIN_API_KEY} visible ASCII characters each, ` +
  'with names if you like (crm:<key>); no key and no name twice';

/** One key of the REST API. Its value is compared and never shown; its name may stand in logs and records. */
export type ApiKeyConfig = Readonly<{ name: string; key: string }>;

/** The settings of access as they stand in the environment. */
export const ACCESS_SETTINGS = {
  MAX_CONCURRENT_CALLS: wholeNumber(1, 10_000).default(100),
  CALLS_PER_SECOND: wholeNumber(1, 1_000).default(5),
  CALLS_PER_DESTINATION_PER_HOUR: wholeNumber(1, 10_000).default(6),
  TRANSFERS_PER_DESTINATION_PER_HOUR: wholeNumber(1, 10_000).default(60),
  CALLS_PER_KEY_PER_DAY: wholeNumber(1, 1_000_000).default(1_000),
  ALLOWED_COUNTRIES: z
    .string()
    .transform(commaList)
    .refine(
      (codes) => codes.length > 0 && codes.every((code) => isSupportedCountry(code)),
      'must be a comma list of country codes: US,CA',
    )
    .optional(),
  DO_NOT_CALL_FILE: z.string().refine(isReadable, 'must be a file that this user can read').optional(),
  OVERLOAD_LAG_MS: wholeNumber(0, 10_000).default(25),
  API_KEYS: z
    .string()
    .transform((text) => commaList(text).map(apiKey))
    .refine(areSound, API_KEYS_CURE)
    .default([]),
};

/** What new calls are held against, in the words of the code. */
export type AccessConfig = Readonly<{
  maxConcurrentCalls: number;
  callsPerSecond: number;
  callsPerDestinationPerHour: number;
  transfersPerDestinationPerHour: number;
  callsPerKeyPerDay: number;
  /** Two-letter codes; undefined means the country of `telnyx.fromNumber`. */
  allowedCountries: readonly string[] | undefined;
  /** Path of the list of numbers that are never called. */
  doNotCallFile: string | undefined;
  /** Lag of the event loop at which new calls are refused, milliseconds; 0 for never. */
  overloadLagMs: number;
}>;

type AccessEnvironment = z.infer<z.ZodObject<typeof ACCESS_SETTINGS>>;

/** Access in the words of the code. */
export function accessConfig(env: AccessEnvironment): AccessConfig {
  return {
    maxConcurrentCalls: env.MAX_CONCURRENT_CALLS,
    callsPerSecond: env.CALLS_PER_SECOND,
    callsPerDestinationPerHour: env.CALLS_PER_DESTINATION_PER_HOUR,
    transfersPerDestinationPerHour: env.TRANSFERS_PER_DESTINATION_PER_HOUR,
    callsPerKeyPerDay: env.CALLS_PER_KEY_PER_DAY,
    allowedCountries: env.ALLOWED_COUNTRIES,
    doNotCallFile: env.DO_NOT_CALL_FILE,
    overloadLagMs: env.OVERLOAD_LAG_MS,
  };
}

/** A key without a name is called by its place. */
function apiKey(text: string, index: number): ApiKeyConfig {
  const [, name, key] = NAMED_KEY.exec(text) ?? [];
  return name === undefined || key === undefined ? { name: `key-${index + 1}`, key: text } : { name, key };
}

function areSound(keys: readonly ApiKeyConfig[]): boolean {
  const isDistinct = (part: 'name' | 'key'): boolean => new Set(keys.map((each) => each[part])).size === keys.length;
  return (
    keys.every(({ key }) => VISIBLE_ASCII.test(key) && key.length >= MIN_API_KEY) &&
    isDistinct('name') &&
    isDistinct('key')
  );
}

function isReadable(path: string): boolean {
  try {
    const file = openSync(path, 'r');
    try {
      // A folder can be opened, and not read. What is in the file is looked at when it is needed.
      readSync(file, Buffer.alloc(1));
    } finally {
      closeSync(file);
    }
    return true;
  } catch {
    // Not there, a folder, or somebody else's: whichever it is, the cure is the same.
    return false;
  }
}

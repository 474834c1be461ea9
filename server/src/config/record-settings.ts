// Settings of the records: where they are kept and for how long, who is told of them, and what calls may cost.

import { z } from 'zod';
import { hasNoCredentials, urlGuard } from '../lib/url-guard';
import { flag, wholeNumber } from './setting-fields';

const SECRET_CURE = 'must be whsec_ and the base64 of 24 to 64 random bytes: whsec_$(openssl rand -base64 32)';
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;
const MAX_RETENTION_DAYS = 3_650;

/** An amount of money above 0. */
function usd(): z.ZodOptional<z.ZodCoercedNumber> {
  const cure = 'must be an amount in US dollars above 0: 2.50';
  return z.coerce.number(cure).positive(cure).max(1_000_000, cure).optional();
}

/** The settings of records as they stand in the environment. */
export const RECORD_SETTINGS = {
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a URL postgres://user:password@host:5432/database, or unset' })
    .optional(),
  DATA_DIR: z.string().default('./data'),
  RECORD_CALLS: flag(),
  RETENTION_DAYS: wholeNumber(1, MAX_RETENTION_DAYS).optional(),
  STATUS_CALLBACK_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .max(2_000, 'may have 2000 characters')
    .refine(
      hasNoCredentials,
      'must not contain a user or password: set STATUS_CALLBACK_SECRET, and callbacks are signed',
    )
    .optional(),
  STATUS_CALLBACK_SECRET: z.string().refine(isSecret, SECRET_CURE).optional(),
  MAX_COST_USD_PER_CALL: usd(),
  MAX_COST_USD_PER_DAY: usd(),
};

/** Records in the words of the code. */
export type RecordsConfig = Readonly<{
  /** postgres://…; undefined for SQLite under `dataDir`. */
  databaseUrl: string | undefined;
  dataDir: string;
  /** True when the audio of calls is kept unless they say otherwise. */
  recordsCalls: boolean;
  /** Words and audio are deleted so long after the end of their call; undefined: never. */
  retentionDays: number | undefined;
  callbacks: Readonly<{
    /** Told of the calls that name no endpoint themselves. */
    defaultUrl: string | undefined;
    /** `whsec_` and base64. */
    secret: string | undefined;
  }>;
}>;

/** What the AI may cost, US dollars; undefined for no limit. */
export type BudgetConfig = Readonly<{ perCallUsd: number | undefined; perDayUsd: number | undefined }>;

type RecordEnvironment = z.infer<z.ZodObject<typeof RECORD_SETTINGS>>;

/** The settings of records in the words of the code. */
export function recordsConfig(env: RecordEnvironment): RecordsConfig {
  return {
    databaseUrl: env.DATABASE_URL,
    dataDir: env.DATA_DIR,
    recordsCalls: env.RECORD_CALLS,
    retentionDays: env.RETENTION_DAYS,
    callbacks: { defaultUrl: env.STATUS_CALLBACK_URL, secret: env.STATUS_CALLBACK_SECRET },
  };
}

/** The budgets in the words of the code. */
export function budgetConfig(env: RecordEnvironment): BudgetConfig {
  return { perCallUsd: env.MAX_COST_USD_PER_CALL, perDayUsd: env.MAX_COST_USD_PER_DAY };
}

/** What is wrong with the address of callbacks beside another setting, one line each. */
export function callbackProblems(env: {
  readonly STATUS_CALLBACK_URL?: string | undefined;
  readonly ALLOW_PRIVATE_URLS: boolean;
}): string[] {
  if (env.STATUS_CALLBACK_URL === undefined) return [];
  try {
    urlGuard({ allowsPrivateAddresses: env.ALLOW_PRIVATE_URLS }).check(env.STATUS_CALLBACK_URL);
    return [];
  } catch {
    // The guard says that the address is not allowed, and this what to do about it.
    return ['STATUS_CALLBACK_URL: is an address of a private network or of this machine: set ALLOW_PRIVATE_URLS=true'];
  }
}

function isSecret(text: string): boolean {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = base64 === undefined ? 0 : Buffer.from(base64, 'base64').length;
  return bytes >= MIN_SECRET_BYTES && bytes <= MAX_SECRET_BYTES;
}

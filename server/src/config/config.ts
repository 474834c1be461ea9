// Every setting: read from the environment once, checked as a whole, frozen. The only place that knows variable names.

import { z } from 'zod';

const DEFAULT_PORT = 3000;

/** The settings as they stand in the environment. Descriptions are the cure that a user reads. */
const base = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(DEFAULT_PORT),
  HOST: z.string().min(1).optional(),
  LOG_LEVEL: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
  BASE_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'set it to the URL at which Telnyx reaches this server, https://…' })
    .transform(withoutTrailingSlash),
  TELNYX_API_KEY: required('create one in the Telnyx portal under Keys & Credentials'),
  TELNYX_PUBLIC_KEY: required('copy it from the Telnyx portal, Keys & Credentials, Public Key').refine(
    isEd25519Key,
    'must be the base64 of an Ed25519 public key, as shown in the Telnyx portal',
  ),
  TELNYX_CONNECTION_ID: required('the id of your Call Control (Voice API) application'),
  TELNYX_FROM_NUMBER: required('a number of your Telnyx account').regex(
    /^\+[1-9]\d{6,14}$/,
    'must be E.164: +12025550100',
  ),
  TELNYX_BASE_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL that includes /v2' })
    .default('https://api.telnyx.com/v2')
    .transform(withoutTrailingSlash),
  OPENAI_API_KEY: required('create one in the OpenAI platform'),
  OPENAI_BASE_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL that includes /v1' })
    .default('https://api.openai.com/v1')
    .transform(withoutTrailingSlash),
  OPENAI_REALTIME_MODEL: z.string().min(1).default('gpt-realtime-2.1-mini'),
  OPENAI_TRANSCRIPTION_MODEL: z.string().min(1).default('gpt-4o-mini-transcribe'),
  OPENAI_VOICE: z.string().min(1).default('marin'),
  OPENAI_AUDIO_FORMAT: z.enum(['pcm16', 'pcmu'], 'must be pcm16 or pcmu').default('pcm16'),
  DATABASE_URL: z
    .undefined('PostgreSQL is not supported yet: unset it, calls are recorded in SQLite under DATA_DIR')
    .optional(),
  DATA_DIR: z.string().min(1).default('./data'),
  MAX_CONCURRENT_CALLS: z.coerce.number().int().min(1).max(10_000).default(100),
  ALLOWED_COUNTRIES: z
    .string()
    .transform(commaList)
    .pipe(z.array(z.string().regex(/^[A-Z]{2}$/, 'must be a comma list of two-letter country codes: US,CA')).min(1))
    .optional(),
  DRAIN_SECONDS: z.coerce.number().int().min(0).max(3_600).default(30),
  API_KEYS: z
    .string()
    .transform(commaList)
    .pipe(z.array(z.string().min(16, 'each key needs at least 16 characters')))
    .default([]),
});

/** Names of all settings, in the order of `.env.example`. */
export const SETTING_NAMES: readonly string[] = Object.keys(base.shape);

/** The settings in the order and words of the code. */
export type Config = Readonly<{
  http: Readonly<{ host: string; port: number; publicUrl: string; apiKeys: readonly string[] }>;
  telnyx: Readonly<{
    apiKey: string;
    publicKey: string;
    connectionId: string;
    fromNumber: string;
    baseUrl: string;
  }>;
  openai: Readonly<{
    apiKey: string;
    baseUrl: string;
    model: string;
    transcriptionModel: string;
    voice: string;
    audioFormat: 'pcm16' | 'pcmu';
  }>;
  /** Two-letter codes; undefined means the country of `telnyx.fromNumber`. */
  allowedCountries: readonly string[] | undefined;
  maxConcurrentCalls: number;
  dataDir: string;
  drainSeconds: number;
  logLevel: 'error' | 'warn' | 'info' | 'debug';
}>;

/** Every setting that is wrong, one line each, with its cure. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The settings are not complete:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Reads the settings. @throws ConfigError that lists all problems at once */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const settings = base.safeParse(withoutEmpty(environment));
  if (!settings.success) {
    const problems = settings.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`);
    throw new ConfigError([...new Set(problems)]);
  }
  return toConfig(settings.data);
}

function toConfig(env: z.infer<typeof base>): Config {
  return Object.freeze({
    http: {
      // Without keys the API is for this machine only.
      host: env.HOST ?? (env.API_KEYS.length === 0 ? '127.0.0.1' : '0.0.0.0'),
      port: env.PORT,
      publicUrl: env.BASE_PUBLIC_URL,
      apiKeys: env.API_KEYS,
    },
    telnyx: {
      apiKey: env.TELNYX_API_KEY,
      publicKey: env.TELNYX_PUBLIC_KEY,
      connectionId: env.TELNYX_CONNECTION_ID,
      fromNumber: env.TELNYX_FROM_NUMBER,
      baseUrl: env.TELNYX_BASE_URL,
    },
    openai: {
      apiKey: env.OPENAI_API_KEY,
      baseUrl: env.OPENAI_BASE_URL,
      model: env.OPENAI_REALTIME_MODEL,
      transcriptionModel: env.OPENAI_TRANSCRIPTION_MODEL,
      voice: env.OPENAI_VOICE,
      audioFormat: env.OPENAI_AUDIO_FORMAT,
    },
    allowedCountries: env.ALLOWED_COUNTRIES,
    maxConcurrentCalls: env.MAX_CONCURRENT_CALLS,
    dataDir: env.DATA_DIR,
    drainSeconds: env.DRAIN_SECONDS,
    logLevel: env.LOG_LEVEL,
  });
}

function required(cure: string): z.ZodString {
  return z.string({ error: `is not set: ${cure}` }).min(1, `is empty: ${cure}`);
}

/** `NAME=` in an env file means the same as no line at all. */
function withoutEmpty(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([name, value]) => {
    const trimmed = value?.trim() ?? '';
    return trimmed === '' ? [] : [[name, trimmed] as const];
  });
  return Object.fromEntries(entries);
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

function commaList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** 32 raw bytes, or the 44 of the DER form. */
function isEd25519Key(key: string): boolean {
  const { length } = Buffer.from(key, 'base64');
  return length === 32 || length === 44;
}

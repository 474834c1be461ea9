// Every setting: read from the environment once, checked as a whole, frozen. The only place that knows variable names.

import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { z } from 'zod';
import { ACCESS_SETTINGS, type AccessConfig, accessConfig, type ApiKeyConfig } from './access-settings';
import { VOICES } from '../lib/voices';
import {
  BEHAVIOUR_SETTINGS,
  behaviourConfig,
  type BehaviourConfig,
  TOOL_SETTINGS,
  toolsConfig,
  type ToolsConfig,
  toolSecretProblems,
  toolSecrets,
} from './behaviour-settings';
import {
  type BudgetConfig,
  budgetConfig,
  callbackProblems,
  RECORD_SETTINGS,
  type RecordsConfig,
  recordsConfig,
} from './record-settings';
import { oneOf, plainUrl, required, secret, wholeNumber } from './setting-fields';

const DEFAULT_PORT = 3000;

/** The settings as they stand in the environment. Messages are the cure that a user reads. */
const base = z.object({
  PORT: wholeNumber(0, 65_535).default(DEFAULT_PORT),
  HOST: z.string().optional(),
  LOG_LEVEL: oneOf(['error', 'warn', 'info', 'debug']).default('info'),
  BASE_PUBLIC_URL: plainUrl('set it to the URL at which Telnyx reaches this server, https://…, without ? and #'),
  TELNYX_API_KEY: secret('create one in the Telnyx portal under Keys & Credentials'),
  TELNYX_PUBLIC_KEY: required('copy it from the Telnyx portal, Keys & Credentials, Public Key').refine(
    isEd25519Key,
    'must be the base64 of an Ed25519 public key, as shown in the Telnyx portal',
  ),
  TELNYX_CONNECTION_ID: secret('the id of your Call Control (Voice API) application'),
  TELNYX_FROM_NUMBER: required('a number of your Telnyx account').refine(
    isRealNumber,
    'must be a number that exists, in E.164 form: +12025550100',
  ),
  TELNYX_BASE_URL: plainUrl('must be a URL that ends in /v2', /\/v2$/).default('https://api.telnyx.com/v2'),
  TELNYX_STREAM_CODEC: oneOf(['PCMU', 'PCMA', 'L16']).default('PCMU'),
  TELNYX_L16_BYTE_ORDER: oneOf(['little', 'big']).default('little'),
  OPENAI_API_KEY: secret('create one in the OpenAI platform'),
  OPENAI_BASE_URL: plainUrl('must be a URL that ends in /v1', /\/v1$/).default('https://api.openai.com/v1'),
  OPENAI_REALTIME_MODEL: z.string().default('gpt-realtime-2.1-mini'),
  OPENAI_TRANSCRIPTION_MODEL: z.string().default('gpt-4o-mini-transcribe'),
  OPENAI_VOICE: oneOf(VOICES).default('marin'),
  OPENAI_AUDIO_FORMAT: oneOf(['pcm16', 'pcmu']).default('pcm16'),
  PLAYOUT_LEAD_MS: wholeNumber(200, 600).default(400),
  PLAYOUT_CHUNK_MS: wholeNumber(20, 100).default(100),
  ...BEHAVIOUR_SETTINGS,
  ...TOOL_SETTINGS,
  ...RECORD_SETTINGS,
  ...ACCESS_SETTINGS,
  DRAIN_SECONDS: wholeNumber(0, 3_600).default(30),
});

/** Names of all settings, in the order of `.env.example`. */
export const SETTING_NAMES: readonly string[] = Object.keys(base.shape);

/** The settings in the order and words of the code. */
export type Config = Readonly<{
  http: Readonly<{ host: string; port: number; publicUrl: string; apiKeys: readonly ApiKeyConfig[] }>;
  telnyx: Readonly<{
    apiKey: string;
    publicKey: string;
    connectionId: string;
    fromNumber: string;
    baseUrl: string;
    streamCodec: 'PCMU' | 'PCMA' | 'L16';
    l16ByteOrder: 'little' | 'big';
  }>;
  openai: Readonly<{
    apiKey: string;
    baseUrl: string;
    model: string;
    transcriptionModel: string;
    voice: string;
    audioFormat: 'pcm16' | 'pcmu';
  }>;
  playout: Readonly<{ leadMs: number; chunkMs: number }>;
  behaviour: BehaviourConfig;
  tools: ToolsConfig;
  /** Hosts of SIP addresses to which callees may be transferred. */
  transferSipDomains: readonly string[];
  access: AccessConfig;
  records: RecordsConfig;
  budget: BudgetConfig;
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
  const given = withoutEmpty(environment);
  const settings = base.safeParse(given);
  const secrets = toolSecrets(given);
  const issues = settings.error?.issues ?? [];
  const problems = [
    ...issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`),
    ...toolSecretProblems(secrets),
    ...(settings.success ? callbackProblems(settings.data) : []),
  ];
  if (!settings.success || problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return deeplyFrozen(toConfig(settings.data, secrets));
}

function toConfig(env: z.infer<typeof base>, secrets: Readonly<Record<string, string>>): Config {
  return {
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
      streamCodec: env.TELNYX_STREAM_CODEC,
      l16ByteOrder: env.TELNYX_L16_BYTE_ORDER,
    },
    openai: {
      apiKey: env.OPENAI_API_KEY,
      baseUrl: env.OPENAI_BASE_URL,
      model: env.OPENAI_REALTIME_MODEL,
      transcriptionModel: env.OPENAI_TRANSCRIPTION_MODEL,
      voice: env.OPENAI_VOICE,
      audioFormat: env.OPENAI_AUDIO_FORMAT,
    },
    playout: { leadMs: env.PLAYOUT_LEAD_MS, chunkMs: env.PLAYOUT_CHUNK_MS },
    behaviour: behaviourConfig(env),
    tools: toolsConfig(env, secrets),
    transferSipDomains: env.TRANSFER_SIP_DOMAINS,
    access: accessConfig(env),
    records: recordsConfig(env),
    budget: budgetConfig(env),
    drainSeconds: env.DRAIN_SECONDS,
    logLevel: env.LOG_LEVEL,
  };
}

function isRealNumber(number: string): boolean {
  return number.startsWith('+') && parsePhoneNumberFromString(number)?.isValid() === true;
}

function deeplyFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) deeplyFrozen(part);
  return Object.freeze(value);
}

/** `NAME=` in an env file means the same as no line at all. */
function withoutEmpty(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(environment).flatMap(([name, value]) => {
    const trimmed = value?.trim() ?? '';
    return trimmed === '' ? [] : [[name, trimmed] as const];
  });
  return Object.fromEntries(entries);
}

/** 32 raw bytes, or the 44 of the DER form. */
function isEd25519Key(key: string): boolean {
  const { length } = Buffer.from(key, 'base64');
  return length === 32 || length === 44;
}

// The settings that say how the AI behaves when a call does not say otherwise, and what its tools may do.

import { z } from 'zod';
import { commaList, flag, oneOf, VISIBLE_ASCII, wholeNumber } from './setting-fields';

const MAX_VOICEMAIL_MESSAGE = 1_000;
const MIN_SIGNING_SECRET = 16;

const SIGNING_SECRET = 'TOOL_SIGNING_SECRET';
const SECRET_HOSTS = 'TOOL_SECRET_HOSTS';
const TOOL_SECRET_NAME = /^TOOL_[A-Z0-9_]+$/;

// A value for HTTP headers, with a word such as Bearer in front perhaps.
const HEADER_TEXT = /^[\x20-\x7e]+$/;

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

const signingSecretCure = `must be at least ${MIN_SIGNING_SECRET} visible ASCII characters`;
const thresholdCure = 'must be a number from 0 to 1';

/** How the AI behaves, as it stands in the environment. */
export const BEHAVIOUR_SETTINGS = {
  OPENING: oneOf(['greet', 'wait-for-hello', 'silent']).default('greet'),
  HELLO_TIMEOUT_MS: wholeNumber(500, 30_000).default(2_500),
  PROTECT_GREETING: flag(),
  ANSWERING_MACHINE: oneOf(['off', 'hang-up', 'leave-message', 'ignore']).default('off'),
  VOICEMAIL_MESSAGE: z.string().max(MAX_VOICEMAIL_MESSAGE, `may have ${MAX_VOICEMAIL_MESSAGE} characters`).optional(),
  TURN_DETECTION: oneOf(['server-vad', 'semantic-vad']).default('server-vad'),
  VAD_THRESHOLD: z.coerce.number(thresholdCure).min(0, thresholdCure).max(1, thresholdCure).default(0.5),
  VAD_PREFIX_PADDING_MS: wholeNumber(0, 2_000).default(300),
  VAD_SILENCE_MS: wholeNumber(100, 5_000).default(500),
  VAD_EAGERNESS: oneOf(['auto', 'low', 'medium', 'high']).default('auto'),
  NOISE_REDUCTION: oneOf(['near-field', 'far-field', 'off']).default('near-field'),
  BARGE_IN_HOLD_MS: wholeNumber(0, 1_000).default(0),
  SILENCE_NUDGE_SECONDS: wholeNumber(0, 300).default(10),
  SILENCE_GOODBYE_SECONDS: wholeNumber(3, 300).default(10),
};

/** What tools and transfers may do, as it stands in the environment. */
export const TOOL_SETTINGS = {
  TOOLS_FILE: z.string().optional(),
  TOOL_SECRET_HOSTS: hostNames('crm.example.com'),
  TOOL_SIGNING_SECRET: z
    .string()
    .min(MIN_SIGNING_SECRET, signingSecretCure)
    .regex(VISIBLE_ASCII, signingSecretCure)
    .optional(),
  ALLOW_PRIVATE_URLS: flag(),
  TRANSFER_SIP_DOMAINS: hostNames('pbx.example.com'),
};

/** A comma list of them, in small letters; none unless given. */
type HostNames = z.ZodDefault<z.ZodPipe<z.ZodString, z.ZodTransform<string[], string>>>;

type BehaviourEnvironment = z.infer<z.ZodObject<typeof BEHAVIOUR_SETTINGS>>;
type ToolEnvironment = z.infer<z.ZodObject<typeof TOOL_SETTINGS>>;

/** How the AI behaves when a call does not say otherwise, in the words of the code. */
export type BehaviourConfig = Readonly<{
  opening: 'greet' | 'wait-for-hello' | 'silent';
  helloTimeoutMs: number;
  protectGreeting: boolean;
  answeringMachine: 'off' | 'hang-up' | 'leave-message' | 'ignore';
  voicemailMessage: string | undefined;
  turnDetection:
    | Readonly<{ type: 'server-vad'; threshold: number; prefixPaddingMs: number; silenceMs: number }>
    | Readonly<{ type: 'semantic-vad'; eagerness: 'auto' | 'low' | 'medium' | 'high' }>;
  noiseReduction: 'near-field' | 'far-field' | 'off';
  bargeInHoldMs: number;
  silenceNudgeSeconds: number;
  silenceGoodbyeSeconds: number;
}>;

/** What the tools of calls work with. */
export type ToolsConfig = Readonly<{
  /** Path of the file with the tools that every call has. */
  file: string | undefined;
  signingSecret: string | undefined;
  /** True when tools may be in this machine or its own network. */
  allowsPrivateUrls: boolean;
  /** Values for the headers of tools, by the names of their variables. */
  secrets: Readonly<Record<string, string>>;
  /** Hosts to which the tools of a request may send them. */
  secretHosts: readonly string[];
}>;

/** The behaviour in the words of the code. */
export function behaviourConfig(env: BehaviourEnvironment): BehaviourConfig {
  return {
    opening: env.OPENING,
    helloTimeoutMs: env.HELLO_TIMEOUT_MS,
    protectGreeting: env.PROTECT_GREETING,
    answeringMachine: env.ANSWERING_MACHINE,
    voicemailMessage: env.VOICEMAIL_MESSAGE,
    turnDetection: turnDetection(env),
    noiseReduction: env.NOISE_REDUCTION,
    bargeInHoldMs: env.BARGE_IN_HOLD_MS,
    silenceNudgeSeconds: env.SILENCE_NUDGE_SECONDS,
    silenceGoodbyeSeconds: env.SILENCE_GOODBYE_SECONDS,
  };
}

/** The tools' surroundings in the words of the code. */
export function toolsConfig(env: ToolEnvironment, secrets: Readonly<Record<string, string>>): ToolsConfig {
  return {
    file: env.TOOLS_FILE,
    signingSecret: env.TOOL_SIGNING_SECRET,
    allowsPrivateUrls: env.ALLOW_PRIVATE_URLS,
    secrets,
    secretHosts: env.TOOL_SECRET_HOSTS,
  };
}

/** The variables that a tool's headers may name. */
export function toolSecrets(environment: Readonly<Record<string, string>>): Record<string, string> {
  const others: readonly string[] = [SIGNING_SECRET, SECRET_HOSTS];
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => TOOL_SECRET_NAME.test(name) && !others.includes(name)),
  );
}

/** What is wrong with the values for tools' headers, one line each. */
export function toolSecretProblems(secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([name, value]) =>
    HEADER_TEXT.test(value) ? [] : [`${name}: has characters that no HTTP header has: use plain ASCII in one line`],
  );
}

function hostNames(example: string): HostNames {
  return z
    .string()
    .transform((text) => commaList(text.toLowerCase()))
    .refine((hosts) => hosts.every((host) => HOST_NAME.test(host)), `must be a comma list of host names: ${example}`)
    .default([]);
}

function turnDetection(env: BehaviourEnvironment): BehaviourConfig['turnDetection'] {
  if (env.TURN_DETECTION === 'semantic-vad') return { type: 'semantic-vad', eagerness: env.VAD_EAGERNESS };
  return {
    type: 'server-vad',
    threshold: env.VAD_THRESHOLD,
    prefixPaddingMs: env.VAD_PREFIX_PADDING_MS,
    silenceMs: env.VAD_SILENCE_MS,
  };
}

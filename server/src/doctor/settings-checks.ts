// Settings that are allowed and yet hardly meant: who can get at the server and at what it says, and what is kept.

import { isIP } from 'node:net';
import { DoNotCallFile } from '../app/do-not-call-file';
import type { Clock } from '../calls/ports';
import { type Config, ConfigError } from '../config/config';
import type { UnknownSetting } from '../config/unknown-settings';
import { isLoopbackAddress, isLoopbackHost } from '../lib/loopback';
import { isPublicAddress } from '../lib/url-guard';
import { SILENT_LOGGER } from '../observability/logger';
import { unpricedModels } from '../realtime/pricing';
import { type Check, fail, type Finding, orOk, skipped, warn } from './finding';
import type { System } from './system';

// A name without a dot is one of a local network, too.
const LOCAL_NAME = /^[^.]+$|\.(localhost|local|internal)$/;

/** Tells whether a URL leads to where only this machine or its own network gets. */
function isPrivateUrl(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$|\.$/g, '');
  return isIP(host) === 0 ? LOCAL_NAME.test(host) : !isPublicAddress(host);
}

/** Tells whether Telnyx, other than a simulated one beside the server, cannot get to the public URL. */
export function isOutOfReach({ http, telnyx }: Pick<Config, 'http' | 'telnyx'>): boolean {
  return isPrivateUrl(http.publicUrl) && !isPrivateUrl(telnyx.baseUrl);
}

/** What leads through such a URL is not looked at. */
export const OUT_OF_REACH = skipped('because Telnyx cannot reach the public URL');

/** What is to be said of names that are no settings. */
export function unknownSettingFindings(unknown: readonly UnknownSetting[]): Finding[] {
  return unknown.map(({ name, nearest }) =>
    nearest === undefined
      ? warn(`${name} in .env is no setting`, 'Take it out; .env.example has all settings.')
      : warn(`${name} is no setting`, `Write ${nearest} if that is meant.`),
  );
}

/** What settings are looked at with. */
export type SettingsSurroundings = Pick<System, 'isContainer'> & {
  readonly unknown: readonly UnknownSetting[];
  readonly clock: Clock;
};

/** Looks at settings that are complete. */
export function settingsCheck(config: Config, { isContainer, unknown, clock }: SettingsSurroundings): Check {
  const problems = [
    ...unknownSettingFindings(unknown),
    ...publicUrlProblems(config),
    ...farEndProblems(config),
    callbackProblem(config.records),
    ...costProblems(config),
    recordingProblem(config.records),
    privateUrlsProblem(config),
    isContainer ? containerProblem(config.http) : undefined,
    config.logLevel === 'debug'
      ? warn('LOG_LEVEL=debug writes a lot', 'Use info, unless you are looking for something.')
      : undefined,
  ];
  const run = async (): Promise<readonly Finding[]> =>
    orOk([await doNotCallProblem(config.access, clock), ...problems], 'complete');
  return { name: 'settings', run };
}

/** The server would not start with a list that it cannot read. */
async function doNotCallProblem({ doNotCallFile }: Config['access'], clock: Clock): Promise<Finding | undefined> {
  try {
    await DoNotCallFile.open(doNotCallFile, { clock, log: SILENT_LOGGER });
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return fail('DO_NOT_CALL_FILE is not right', error.problems.join(' '));
    throw error;
  }
}

function publicUrlProblems(config: Config): (Finding | undefined)[] {
  const { http, telnyx } = config;
  if (isOutOfReach(config)) {
    const found = 'Telnyx cannot reach this machine at BASE_PUBLIC_URL: that is an address of its own network';
    return [fail(found, 'Set it to the https URL of your server, proxy or tunnel.')];
  }
  // The simulated carrier is beside the server.
  if (isPrivateUrl(http.publicUrl)) return [];
  const secrecy = isPrivateUrl(telnyx.baseUrl) ? warn : fail;
  return [
    http.publicUrl.startsWith('http:')
      ? secrecy('BASE_PUBLIC_URL is http: words and audio travel in clear', 'Use https, by a proxy or a tunnel.')
      : undefined,
    http.apiKeys.length === 0
      ? warn(
          'no API_KEYS: the server is public, and its API answers this machine only',
          'Set API_KEYS to use the API from elsewhere: openssl rand -hex 24.',
        )
      : undefined,
  ];
}

function farEndProblems({ telnyx, openai }: Config): (Finding | undefined)[] {
  return Object.entries({ TELNYX_BASE_URL: telnyx.baseUrl, OPENAI_BASE_URL: openai.baseUrl }).map(([name, url]) => {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'https:' || isLoopbackHost(hostname)) return undefined;
    return warn(`${name} is http: the key travels in clear`, 'Use https.');
  });
}

/** A tunnel beside the server, within the container, gets there; whoever has one knows. */
function containerProblem({ host, publicUrl }: Config['http']): Finding | undefined {
  const hearsItselfOnly = isLoopbackHost(host) || isLoopbackAddress(host);
  if (!hearsItselfOnly || isLoopbackHost(new URL(publicUrl).hostname)) return undefined;
  const found = 'HOST is this machine only, and nobody outside the container gets there';
  return warn(found, 'Set HOST=0.0.0.0, and API_KEYS with it.');
}

function callbackProblem({ callbacks }: Config['records']): Finding | undefined {
  if (callbacks.defaultUrl === undefined || callbacks.secret !== undefined) return undefined;
  return warn(
    'STATUS_CALLBACK_URL without STATUS_CALLBACK_SECRET: whoever knows the endpoint can send it anything',
    'Set STATUS_CALLBACK_SECRET=whsec_$(openssl rand -base64 32) here and check the signatures there.',
  );
}

function costProblems({ openai, budget }: Config): (Finding | undefined)[] {
  const unpriced = unpricedModels(openai);
  if (unpriced.length === 0) return [];
  const isLimited = budget.perCallUsd !== undefined || budget.perDayUsd !== undefined;
  const what = isLimited ? 'what it costs is in no sum and under no limit' : 'what it costs is in no sum';
  return unpriced.map((model) => warn(`the price of ${model} is not known: ${what}`, 'Use a model that has a price.'));
}

function recordingProblem({ recordsCalls, retentionDays }: Config['records']): Finding | undefined {
  if (!recordsCalls || retentionDays !== undefined) return undefined;
  return warn('RECORD_CALLS without RETENTION_DAYS: audio is kept for ever', 'Set RETENTION_DAYS.');
}

function privateUrlsProblem({ tools, http }: Config): Finding | undefined {
  if (!tools.allowsPrivateUrls || isPrivateUrl(http.publicUrl)) return undefined;
  return warn(
    'ALLOW_PRIVATE_URLS on a public server: tools and callbacks of a call may reach your own network',
    'Unset it, unless all who hold an API key may go there.',
  );
}

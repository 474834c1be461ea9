// Whether the Telnyx account lets calls out: key, money, application, outbound profile, number.

import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { CarrierError } from '../calls/errors';
import type { Clock } from '../calls/ports';
import { type TelnyxAccount, WEBHOOK_API_VERSION } from '../carriers/telnyx/telnyx-account';
import type {
  AccountApplication,
  AccountBalance,
  AccountNumber,
  AccountProfile,
} from '../carriers/telnyx/telnyx-account';
import type { Config } from '../config/config';
import { bounded, type Check, fail, type Finding, ok, once, orOk, skipped, TimeLimitError, warn } from './finding';
import { unreachable } from './unreachable';

// A few calls' worth.
const LOW_BALANCE = 5;

const PROFILE_PLACE = 'portal, Voice, Outbound Voice Profiles';
const PROFILE_CURE = 'Portal, Voice, Outbound Voice Profiles.';

/** The key is wrong. */
export const REFUSED_TELNYX_KEY = fail(
  'Telnyx does not accept TELNYX_API_KEY',
  'Create a new API key in the portal, Keys & Credentials, and copy it whole.',
);

/** What the account is held against. */
export type TelnyxExpectations = Pick<Config, 'telnyx' | 'access'>;

/** The checks of an account, one question each. */
export function telnyxChecks(account: TelnyxAccount, config: TelnyxExpectations, clock: Clock): readonly Check[] {
  const { connectionId, fromNumber } = config.telnyx;
  const application = once(() => bounded(clock, () => account.application(connectionId)));
  const profile = async (): Promise<readonly Finding[]> => {
    const read = await application().catch((error: unknown) => {
      if (error instanceof CarrierError && error.httpStatus === 401) throw error;
    });
    if (!read) return [skipped('because the connection cannot be read')];
    const { profileId } = read;
    if (profileId === undefined) return [skipped('because the connection has no profile')];
    return profileFindings(await bounded(clock, () => account.profile(profileId)), config);
  };
  return [
    check('Telnyx key', async () => keyFindings(await bounded(clock, () => account.balance())), {
      401: REFUSED_TELNYX_KEY,
    }),
    check('Telnyx connection', async () => applicationFindings(await application(), config), {
      404: fail(
        'there is no Call Control application with the id in TELNYX_CONNECTION_ID',
        'Copy the id of your Voice API application: portal, Voice, Programmable Voice.',
      ),
    }),
    check('Telnyx profile', profile, {
      404: fail('the outbound voice profile of the connection does not exist', `Assign another one: ${PROFILE_CURE}`),
    }),
    check('Telnyx number', async () => {
      return numberFindings(await bounded(clock, () => account.number(fromNumber)), connectionId);
    }),
    {
      name: 'Telnyx public key',
      run: () => Promise.resolve([skipped('the API does not tell it: compare it with the portal, Keys & Credentials')]),
    },
  ];
}

type Refusals = Readonly<Record<number, Finding>>;

function check(name: string, look: Check['run'], refusals: Refusals = {}): Check {
  return { name, run: () => look().catch((error: unknown) => [failure(error, refusals)]) };
}

function failure(error: unknown, refusals: Refusals): Finding {
  if (error instanceof TimeLimitError || !(error instanceof CarrierError) || error.httpStatus === undefined) {
    const { found, cure } = unreachable(error instanceof CarrierError ? error.cause : error);
    return fail(`Telnyx cannot be asked: ${found}`, `${cure} TELNYX_BASE_URL says where it is.`);
  }
  const { httpStatus, message } = error;
  const own = refusals[httpStatus];
  if (own) return own;
  if (httpStatus === 401) return skipped('because the key is not accepted');
  if (httpStatus === 403) return warn(message, 'The key may not read this: look it up in the portal.');
  return fail(message, error.cure ?? 'Try again later; status.telnyx.com says more.');
}

function keyFindings({ available, currency = '' }: AccountBalance): readonly Finding[] {
  if (available === undefined) return [ok('accepted')];
  const money = `${available.toFixed(2)} ${currency} available`.replace('  ', ' ');
  const cure = 'Top up in the portal, Billing.';
  if (available <= 0) return [fail(`accepted, and no credit left: ${money}`, cure)];
  return [
    available < LOW_BALANCE ? warn(`accepted, and little credit left: ${money}`, cure) : ok(`accepted, ${money}`),
  ];
}

function applicationFindings(application: AccountApplication, { access }: TelnyxExpectations): readonly Finding[] {
  const { isActive, webhookApiVersion, hasWebhookUrl, reportsCost, channelLimit, profileId } = application;
  const where = 'in the application: portal, Voice, Programmable Voice.';
  const cost = reportsCost ? '' : '; what legs cost is not reported (Call Cost is off)';
  return orOk(
    [
      isActive === false ? fail('the connection is not active', `Activate it ${where}`) : undefined,
      webhookApiVersion !== undefined && webhookApiVersion !== WEBHOOK_API_VERSION
        ? fail(
            `the connection sends webhooks of API version ${webhookApiVersion}, which cannot be read`,
            `Set the webhook API version to ${WEBHOOK_API_VERSION} ${where}`,
          )
        : undefined,
      hasWebhookUrl
        ? undefined
        : fail(
            'the connection has no webhook URL, and Telnyx refuses calls of such a one',
            `Set any https URL ${where}`,
          ),
      profileId === undefined
        ? fail('the connection has no outbound voice profile: every call would be refused', `Assign one ${where}`)
        : undefined,
      tooFew('the connection', channelLimit, access),
    ],
    `active, webhook API version ${webhookApiVersion ?? 'not told'}, its URL is not used (each call names ours)${cost}`,
  );
}

function profileFindings(profile: AccountProfile, { access, telnyx }: TelnyxExpectations): readonly Finding[] {
  const { isEnabled, destinations, concurrentCallLimit, dailySpendLimit } = profile;
  const isSpent = dailySpendLimit !== undefined && Number(dailySpendLimit) <= 0;
  const limit = dailySpendLimit === undefined ? 'no daily limit' : `at most ${dailySpendLimit} USD a day`;
  return orOk(
    [
      isEnabled === false ? fail('the outbound voice profile is disabled', `Enable it: ${PROFILE_CURE}`) : undefined,
      destinationFinding(destinations, allowedCountries(access, telnyx)),
      tooFew('the outbound voice profile', concurrentCallLimit, access),
      isSpent
        ? fail('the outbound voice profile may spend nothing a day', `Raise the limit: ${PROFILE_CURE}`)
        : undefined,
    ],
    `enabled, calls to ${destinations?.join(', ') ?? 'countries that it does not tell'}, ${limit}`,
  );
}

function destinationFinding(
  destinations: readonly string[] | undefined,
  allowed: readonly string[],
): Finding | undefined {
  if (destinations === undefined) return undefined;
  const missing = allowed.filter((country) => !destinations.includes(country));
  if (missing.length === 0) return undefined;
  const which = missing.length === 1 ? 'it' : 'them';
  const cure = `Add ${which} to the allowed destinations (${PROFILE_PLACE}), or take ${which} out of ALLOWED_COUNTRIES.`;
  const found = `the outbound voice profile does not allow ${missing.join(', ')}`;
  // Where nobody can be called, nothing works; otherwise some calls do.
  return missing.length === allowed.length ? fail(found, cure) : warn(found, cure);
}

function allowedCountries(access: Config['access'], { fromNumber }: Config['telnyx']): readonly string[] {
  const home = parsePhoneNumberFromString(fromNumber)?.country;
  return access.allowedCountries ?? (home === undefined ? [] : [home]);
}

function tooFew(
  whose: string,
  limit: number | undefined,
  { maxConcurrentCalls }: Config['access'],
): Finding | undefined {
  if (limit === undefined || limit >= maxConcurrentCalls) return undefined;
  return warn(
    `${whose} allows ${limit} calls at a time, and MAX_CONCURRENT_CALLS is ${maxConcurrentCalls}`,
    `Raise the limit in the portal, or set MAX_CONCURRENT_CALLS=${Math.max(1, limit)}.`,
  );
}

function numberFindings(number: AccountNumber, connectionId: string): readonly Finding[] {
  if (number.kind === 'unknown') {
    const cure = 'Use a number of your account (portal, Numbers), or verify this one there.';
    return [fail('TELNYX_FROM_NUMBER is neither a number of the account nor verified', cure)];
  }
  if (number.kind === 'verified') {
    const cure = 'Use a number of the account for the highest attestation.';
    return [warn('TELNYX_FROM_NUMBER is verified but not of the account: callees may see it as spam', cure)];
  }
  const { status, connectionId: assigned } = number;
  if (status !== undefined && status !== 'active') {
    return [fail(`TELNYX_FROM_NUMBER is not active (${status})`, 'See portal, Numbers, what it waits for.')];
  }
  // The number of an outbound call need not be on the connection: it is where calls back to it go.
  const calledBack =
    assigned === connectionId ? 'on this connection' : 'on no connection or another: calls back go there';
  return [ok(`of the account, active, ${calledBack}`)];
}

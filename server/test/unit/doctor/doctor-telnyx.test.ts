// What the doctor says of a Telnyx account: everything that keeps calls from going out, and how to mend it.

import { freePort } from '../../../src/simulator/free-port';
import type { AccountHoldings } from '../../../src/simulator/simulated-telnyx/account-holdings';
import { DoctorRig, IMPATIENT_CLOCK, skewedClock } from './doctor-rig';

let rig: DoctorRig;

beforeEach(async () => {
  rig = await DoctorRig.start();
});

afterEach(() => rig.close());

test('finds nothing wrong with a sound account', async () => {
  const result = await rig.examine();

  expect(result.exitCode).toBe(0);
  expect(result.line('Telnyx key')).toMatchObject({ state: 'ok', found: 'accepted, 100.00 USD available' });
  expect(result.line('Telnyx connection')).toMatchObject({ state: 'ok' });
  expect(result.line('Telnyx profile')).toMatchObject({
    state: 'ok',
    found: 'enabled, calls to US, CA, no daily limit',
  });
  expect(result.line('Telnyx number')).toMatchObject({ state: 'ok' });
  expect(result.line('clock')).toMatchObject({ state: 'ok' });
});

test('places no call and changes nothing', async () => {
  await rig.examine();

  expect(rig.telnyx.legs).toEqual([]);
  expect(rig.telnyx.requests.map(({ method }) => method)).not.toContain('POST');
});

test('a key that is not accepted fails once, and what cannot be known then is skipped', async () => {
  rig.env = { TELNYX_API_KEY: 'KEY0123456789-wrong' };

  const result = await rig.examine();

  expect(result.exitCode).toBe(1);
  expect(result.line('Telnyx key')).toMatchObject({
    state: 'fail',
    found: 'Telnyx does not accept TELNYX_API_KEY',
    cure: expect.stringContaining('Create a new API key'),
  });
  for (const name of ['Telnyx connection', 'Telnyx profile', 'Telnyx number']) {
    expect(result.line(name)).toMatchObject({ state: 'skipped', found: 'because the key is not accepted' });
  }
  expect(result.troubled).toEqual(['Telnyx key']);
});

test('a connection that does not exist fails', async () => {
  rig.env = { TELNYX_CONNECTION_ID: '1111111111111111111' };

  const result = await rig.examine();

  expect(result.line('Telnyx connection')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('no Call Control application'),
  });
  expect(result.line('Telnyx profile')).toMatchObject({
    state: 'skipped',
    found: 'because the connection cannot be read',
  });
});

type Case = readonly [
  what: string,
  spoil: (holdings: AccountHoldings) => void,
  check: string,
  state: string,
  found: string,
];

const CASES: readonly Case[] = [
  ['no credit', ({ balance }) => (balance.available_credit = '0.00'), 'Telnyx key', 'fail', 'no credit left'],
  ['little credit', ({ balance }) => (balance.available_credit = '1.50'), 'Telnyx key', 'warn', 'little credit left'],
  ['an inactive connection', (all) => (all.application.active = false), 'Telnyx connection', 'fail', 'not active'],
  [
    'webhooks of version 1',
    ({ application }) => (application.webhook_api_version = '1'),
    'Telnyx connection',
    'fail',
    'API version 1',
  ],
  [
    'no webhook URL',
    ({ application }) => (application.webhook_event_url = ''),
    'Telnyx connection',
    'fail',
    'no webhook URL',
  ],
  [
    'no profile',
    ({ application }) => (application.outbound.outbound_voice_profile_id = null),
    'Telnyx connection',
    'fail',
    'no outbound voice profile',
  ],
  [
    'few calls on the connection',
    ({ application }) => (application.outbound.channel_limit = 10),
    'Telnyx connection',
    'warn',
    'allows 10 calls at a time',
  ],
  ['a disabled profile', ({ profile }) => (profile.enabled = false), 'Telnyx profile', 'fail', 'disabled'],
  [
    'no country that may be called',
    ({ profile }) => (profile.whitelisted_destinations = ['DE']),
    'Telnyx profile',
    'fail',
    'does not allow US',
  ],
  [
    'few calls in the profile',
    ({ profile }) => (profile.concurrent_call_limit = 2),
    'Telnyx profile',
    'warn',
    'allows 2 calls at a time',
  ],
  [
    'nothing to spend',
    ({ profile }) => Object.assign(profile, { daily_spend_limit: '0.00', daily_spend_limit_enabled: true }),
    'Telnyx profile',
    'fail',
    'may spend nothing',
  ],
  ['a foreign number', (all) => (all.numbers = []), 'Telnyx number', 'fail', 'neither a number of the account'],
  [
    'a verified number',
    (all) => Object.assign(all, { numbers: [], verifiedNumbers: ['+12025550100'] }),
    'Telnyx number',
    'warn',
    'verified but not of the account',
  ],
  [
    'a number on its way',
    ({ numbers }) => (numbers[0]!.status = 'port-pending'),
    'Telnyx number',
    'fail',
    'not active (port-pending)',
  ],
];

test.each(CASES)('%s', async (_what, spoil, check, state, found) => {
  spoil(rig.telnyx.holdings);

  const result = await rig.examine();

  expect(result.line(check)).toMatchObject({ state, found: expect.stringContaining(found) });
  expect(result.line(check).cure).toMatch(/\S/);
  expect(result.troubled).toEqual([check]);
  expect(result.exitCode).toBe(state === 'fail' ? 1 : 0);
});

test('some of the allowed countries without the profile are a warning', async () => {
  rig.env = { ALLOWED_COUNTRIES: 'US,GB' };

  expect((await rig.examine()).line('Telnyx profile')).toMatchObject({
    state: 'warn',
    found: expect.stringContaining('does not allow GB'),
  });
});

test.each([
  ['US,GB', 'Add it to the allowed destinations (portal, Voice, Outbound Voice Profiles), or take it out of'],
  ['US,GB,DE', 'Add them to the allowed destinations (portal, Voice, Outbound Voice Profiles), or take them out of'],
])('the cure for %s has the right number and is one sentence', async (ALLOWED_COUNTRIES, cure) => {
  rig.env = { ALLOWED_COUNTRIES };

  expect((await rig.examine()).line('Telnyx profile').cure).toBe(`${cure} ALLOWED_COUNTRIES.`);
});

test('everything that is wrong with one object is told at once', async () => {
  Object.assign(rig.telnyx.holdings.application, { active: false, webhook_api_version: '1' });

  expect((await rig.examine()).of('Telnyx connection')).toHaveLength(2);
});

test('a number on another connection is of use all the same', async () => {
  rig.telnyx.holdings.numbers[0]!.connection_id = null;

  expect((await rig.examine()).line('Telnyx number')).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('calls back go there'),
  });
});

test('a key that may not read something is no failure', async () => {
  rig.telnyx.failNext('phone_numbers', { kind: 'status', httpStatus: 403, code: '10010' });

  expect((await rig.examine()).line('Telnyx number').state).toBe('warn');
});

test('a Telnyx that is broken fails each question', async () => {
  rig.telnyx.outage = { kind: 'status', httpStatus: 503 };

  const result = await rig.examine();

  expect(result.line('Telnyx key')).toMatchObject({ state: 'fail', found: expect.stringContaining('503') });
});

test('a Telnyx that hangs is not waited for longer than the limit', async () => {
  rig.telnyx.outage = { kind: 'hang' };
  rig.surroundings = { clock: IMPATIENT_CLOCK };

  const result = await rig.examine();

  expect(result.line('Telnyx key')).toMatchObject({
    state: 'fail',
    found: 'Telnyx cannot be asked: no answer within 5 s',
  });
});

test('a Telnyx that is not there', async () => {
  rig.env = { TELNYX_BASE_URL: `http://127.0.0.1:${await freePort()}/v2` };

  expect((await rig.examine()).line('Telnyx key')).toMatchObject({
    state: 'fail',
    // Why, the SDK leaves out where errors of Node are no errors to it, as within jest.
    found: expect.stringMatching(/^Telnyx cannot be asked: (nothing listens there|it does not answer)/),
    cure: expect.stringContaining('TELNYX_BASE_URL'),
  });
});

test.each([
  [3_000, 'ok', 'as that of Telnyx'],
  [30_000, 'warn', 's behind that of Telnyx'],
  [-30_000, 'warn', 's ahead of that of Telnyx'],
  [120_000, 'fail', 's behind that of Telnyx'],
  [-120_000, 'fail', 's ahead of that of Telnyx'],
])('a Telnyx clock that is %i ms ahead', async (offsetMs, state, found) => {
  rig.telnyx.holdings.dateOffsetMs = offsetMs;

  expect((await rig.examine()).line('clock')).toMatchObject({ state, found: expect.stringContaining(found) });
});

test('a wrong clock of this machine shows against OpenAI, too', async () => {
  rig.telnyx.outage = { kind: 'reset' };
  rig.surroundings = { clock: skewedClock(90_000) };

  expect((await rig.examine()).line('clock')).toMatchObject({
    state: 'fail',
    found: expect.stringMatching(/^\d\d s ahead of that of OpenAI$/),
  });
});

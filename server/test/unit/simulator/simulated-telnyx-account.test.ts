// The simulated account as the SDK sees it: its objects, and its refusals of what it does not have.

import Telnyx from 'telnyx';
import { SimulatedTelnyx } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';

let telnyx: SimulatedTelnyx;

beforeEach(async () => {
  telnyx = await SimulatedTelnyx.start();
});

afterEach(() => telnyx.close());

function client(apiKey = telnyx.apiKey): Telnyx {
  return new Telnyx({ apiKey, baseURL: telnyx.apiBaseUrl, maxRetries: 0, logLevel: 'off' });
}

test('shows balance, application, profile and numbers', async () => {
  const sdk = client();

  expect((await sdk.balance.retrieve()).data).toMatchObject({ available_credit: '100.00', currency: 'USD' });
  const { data: application } = await sdk.callControlApplications.retrieve(telnyx.connectionId);
  expect(application).toMatchObject({ id: telnyx.connectionId, active: true, webhook_api_version: '2' });
  const { data: profile } = await sdk.outboundVoiceProfiles.retrieve(application!.outbound!.outbound_voice_profile_id!);
  expect(profile).toMatchObject({ enabled: true, whitelisted_destinations: ['US', 'CA'] });
  const numbers = await sdk.phoneNumbers.list({ filter: { phone_number: telnyx.fromNumber } });
  expect(numbers.data).toMatchObject([{ phone_number: telnyx.fromNumber, connection_id: telnyx.connectionId }]);
});

test('has no numbers, applications and profiles of others', async () => {
  const sdk = client();

  expect((await sdk.phoneNumbers.list({ filter: { phone_number: '+12025550199' } })).data).toEqual([]);
  for (const asked of [
    sdk.callControlApplications.retrieve('1'),
    sdk.outboundVoiceProfiles.retrieve('1'),
    sdk.verifiedNumbers.retrieve('+12025550199'),
  ]) {
    await expect(asked).rejects.toMatchObject({ status: 404 });
  }
});

test('shows nothing to another key', async () => {
  await expect(client('KEY-wrong').balance.retrieve()).rejects.toMatchObject({ status: 401 });
});

test('a question can be told to fail', async () => {
  telnyx.failNext('balance', { kind: 'status', httpStatus: 429 });

  await expect(client().balance.retrieve()).rejects.toMatchObject({ status: 429 });
  expect((await client().balance.retrieve()).data).toBeDefined();
});

test('tells a time that is wrong when told to', async () => {
  telnyx.holdings.dateOffsetMs = 3_600_000;

  const { response } = await client().balance.retrieve().withResponse();

  expect(Date.parse(response.headers.get('date')!) - Date.now()).toBeGreaterThan(3_500_000);
});

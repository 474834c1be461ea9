// The probe of an account: which answers mean that calls can be placed again.

import type { EndCall } from '../../../src/calls/end-call';
import { probeAi } from '../../../src/realtime/ai-probe';
import { until } from '../../support/until';
import { done, RealtimeRig, type RigOptions } from './realtime-server';

let rig: RealtimeRig;
let verdict: Promise<EndCall | undefined>;

async function probe(options: RigOptions = {}): Promise<void> {
  rig = await RealtimeRig.start(options);
  verdict = probeAi(rig.endpoint, { clock: rig.clock, log: rig.log });
  await until(() => rig.requests.length > 0);
}

/** Goes on until the response is asked for. */
async function asked(): Promise<void> {
  await probe();
  rig.send({ type: 'session.created', session: { id: 's' } });
  await rig.until('session.update');
  rig.send({ type: 'session.updated', session: {} });
  await rig.until('response.create');
}

afterEach(() => rig.stop());

test('asks for as little as there is, beside any conversation', async () => {
  await asked();

  expect(rig.of('session.update')).toMatchObject([{ session: { type: 'realtime', output_modalities: ['text'] } }]);
  expect(rig.of('response.create')).toMatchObject([
    { response: { conversation: 'none', output_modalities: ['text'], max_output_tokens: 1 } },
  ]);
});

test.each(['completed', 'incomplete', 'cancelled'])('a response that is %s is a working account', async (status) => {
  await asked();

  rig.send(done('a', status));

  expect(await verdict).toBeUndefined();
  await until(() => rig.closeCode === 1000);
  expect(rig.clock.pendingTimers).toBe(0);
});

test.each([
  ['insufficient_quota', 'ai-unauthorized'],
  ['rate_limit_exceeded', 'ai-failed'],
])('a response that fails with %s is %s', async (code, reason) => {
  await asked();

  rig.send(done('a', 'failed', code));

  expect(await verdict).toMatchObject({ reason, details: { errorCode: code } });
  await until(() => rig.closeCode === 1000);
});

test.each([
  [{ type: 'invalid_request_error', code: 'invalid_api_key' }, 'ai-unauthorized'],
  [{ type: 'invalid_request_error', code: 'unknown_parameter' }, 'ai-refused-session'],
  [{ type: 'server_error', code: null }, 'ai-unavailable'],
])('the error %j is %s', async (error, reason) => {
  await asked();

  rig.send({ type: 'error', error });

  expect(await verdict).toMatchObject({ reason });
  await until(() => rig.closeCode === 1000);
});

test('an error that means nothing is not the answer', async () => {
  await asked();

  rig.send({ type: 'error', error: { code: 'item_not_found' } }, done('a'));

  expect(await verdict).toBeUndefined();
});

test('a refused upgrade is the verdict of that', async () => {
  await probe({ refuseWith: 401 });

  expect(await verdict).toMatchObject({ reason: 'ai-unauthorized', details: { httpStatus: 401 } });
});

test('a close is the verdict of that', async () => {
  await asked();

  rig.closeSocket(3000, 'invalid_request_error.invalid_api_key');

  expect(await verdict).toMatchObject({ reason: 'ai-unauthorized' });
});

test('no answer is waited for longer than ten seconds', async () => {
  await asked();

  rig.clock.advance(10_000);

  expect(await verdict).toMatchObject({ reason: 'ai-unavailable', details: { cause: 'timeout' } });
  await until(() => rig.closeCode === 1000);
});

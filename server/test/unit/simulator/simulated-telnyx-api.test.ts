/** The strictness of the simulated API, its command_id window, and ordered failures. */
import { SimulatedTelnyx } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';
import type { Json } from './simulated-telnyx-harness';
import { act, api, ServerUnderTest } from './simulated-telnyx-harness';

let server: ServerUnderTest;
let telnyx: SimulatedTelnyx;

beforeEach(async () => {
  server = await ServerUnderTest.start();
  telnyx = await SimulatedTelnyx.start({ secondMs: 20 });
  telnyx.setDefaultScript({ ringMs: 0 });
});

afterEach(async () => {
  await telnyx.close();
  await server.close();
});

async function answeredCall(): Promise<string> {
  await api(telnyx, '/calls', { body: server.dialBody(telnyx) });
  const leg = await telnyx.nextLeg();
  await leg.until('stream-started');
  return leg.carrierCallId;
}

const refusedDials: readonly (readonly [string, Json, number, string])[] = [
  ['an unknown key', { streem_url: 'ws://x' }, 422, '10015'],
  ['a missing command_id', { command_id: undefined }, 422, '10004'],
  ['a missing connection_id', { connection_id: undefined }, 422, '10004'],
  ['a missing from', { from: undefined }, 422, '10004'],
  ['a missing to', { to: undefined }, 422, '10004'],
  ['a missing webhook_url', { webhook_url: undefined }, 422, '10004'],
  ['a number without its plus', { to: '12025550199' }, 422, '10016'],
  ['a caller number that is no number', { from: 'me' }, 422, '10016'],
  ['an unknown connection', { connection_id: '1' }, 422, '10015'],
  ["a number of somebody else's", { from: '+12025550101' }, 403, '10010'],
  ['a call to itself', { to: '+12025550100' }, 403, '10010'],
  ['base64url client_state', { client_state: 'YWJj_w==' }, 422, '90017'],
  ['unpadded client_state', { client_state: 'YQ' }, 422, '90017'],
  ['mp3 mode', { stream_bidirectional_mode: 'mp3' }, 422, '10032'],
  ['the default stream mode', { stream_bidirectional_mode: undefined }, 422, '10032'],
  ['an unknown codec', { stream_bidirectional_codec: 'pcmu' }, 422, '10032'],
  ['a missing inbound codec', { stream_codec: undefined }, 422, '10004'],
  ['a missing outbound codec', { stream_bidirectional_codec: undefined }, 422, '10004'],
  ['a missing rate', { stream_bidirectional_sampling_rate: undefined }, 422, '10004'],
  ['a rate that the codec does not have', { stream_bidirectional_sampling_rate: 24000 }, 422, '10032'],
  ['the opposite leg', { stream_bidirectional_target_legs: 'opposite' }, 422, '10032'],
  ['default target legs', { stream_bidirectional_target_legs: undefined }, 422, '10032'],
  ['a stream over https', { stream_url: 'https://example.com' }, 422, '10015'],
  ['an overlong token', { stream_auth_token: 'x'.repeat(4001) }, 422, '10033'],
  ['a short ring timeout', { timeout_secs: 4 }, 422, '90028'],
  ['a long time limit', { time_limit_secs: 14_401 }, 422, '90029'],
  ['a fractional time limit', { time_limit_secs: 30.5 }, 422, '10015'],
  ['an unknown detection mode', { answering_machine_detection: 'best' }, 422, '10032'],
];

test.each(refusedDials)('refuses a dial with %s', async (_, changes, httpStatus, code) => {
  const result = await api(telnyx, '/calls', { body: server.dialBody(telnyx, changes) });

  expect(result.status).toBe(httpStatus);
  expect(result.json).toMatchObject({ errors: [{ code, title: expect.any(String) }] });
  expect(telnyx.legs).toHaveLength(0);
});

test('names the offending field', async () => {
  const { json } = await api(telnyx, '/calls', { body: server.dialBody(telnyx, { to: '555' }) });

  expect(json).toMatchObject({ errors: [{ source: { pointer: '/to' }, meta: { url: expect.any(String) } }] });
});

test.each([
  ['a wrong key', { authorization: 'Bearer wrong' }, 401, '10009'],
  ['no JSON type', { 'content-type': 'text/plain' }, 400, '10015'],
] as const)('refuses a request with %s', async (_, headers, httpStatus, code) => {
  const result = await api(telnyx, '/calls', { body: server.dialBody(telnyx), headers });

  expect(result).toMatchObject({ status: httpStatus, json: { errors: [{ code }] } });
});

test('refuses a body that is not JSON', async () => {
  expect(await api(telnyx, '/calls', { body: '{' })).toMatchObject({ status: 400 });
});

test('accepts every documented field that a bridge may use', async () => {
  const body = server.dialBody(telnyx, {
    answering_machine_detection: 'premium',
    answering_machine_detection_config: { total_analysis_time_millis: 5000 },
    custom_headers: [{ name: 'X-Call', value: '1' }],
    from_display_name: 'Example',
    record: 'record-from-answer',
    record_channels: 'dual',
    time_limit_secs: 600,
    timeout_secs: 30,
    webhook_urls: { 'call.hangup': 'http://127.0.0.1:9/hangup' },
    webhook_retries_policies: { 'call.hangup': { retries_ms: [10] } },
  });

  const { status, json } = await api(telnyx, '/calls', { body });

  expect(status).toBe(200);
  expect(json).toMatchObject({ data: { recording_id: expect.any(String) } });
});

test.each([
  ['/calls/v3:none/actions/hangup', 'POST'],
  ['/calls/v3:none', 'GET'],
  ['/messages', 'POST'],
  ['/calls', 'GET'],
] as const)('answers 404 to %s', async (path, method) => {
  const body = method === 'POST' ? { command_id: '1' } : undefined;

  expect(await api(telnyx, path, { method, ...(body && { body }) })).toMatchObject({
    status: 404,
    json: { errors: [{ code: '10005' }] },
  });
});

test('refuses actions without command_id, with a missing field or that it does not simulate', async () => {
  const id = await answeredCall();

  expect(await act(telnyx, id, ['hangup', { command_id: undefined }])).toMatchObject({ status: 422 });
  expect(await act(telnyx, id, ['gather'])).toMatchObject({ status: 404 });
  expect(await act(telnyx, id, ['transfer'])).toMatchObject({ status: 422, json: { errors: [{ code: '10004' }] } });
  expect(await act(telnyx, id, ['speak', { payload: 'Hello.' }])).toMatchObject({ status: 422 });
  expect(await act(telnyx, id, ['streaming_stop', { stream_id: crypto.randomUUID() }])).toMatchObject({ status: 422 });
});

test.each(['streaming_start', 'speak', 'send_dtmf'])('refuses %s before the answer', async (action) => {
  telnyx.setDefaultScript({ ringMs: 5_000 });
  await api(telnyx, '/calls', { body: server.dialBody(telnyx) });
  const leg = await telnyx.nextLeg();
  const bodies: Record<string, Json> = {
    streaming_start: server.streamFields,
    speak: { payload: 'Hello.', voice: 'female' },
    send_dtmf: { digits: '1' },
  };

  const result = await act(telnyx, leg.carrierCallId, [action, bodies[action]]);

  expect(result).toMatchObject({ status: 422, json: { errors: [{ code: '90034' }] } });
});

test.each(['12a', '1,2', '1p2', ''])('refuses to play %p', async (digits) => {
  const id = await answeredCall();

  const result = await act(telnyx, id, ['send_dtmf', { digits }]);

  expect(result).toMatchObject({ status: 422, json: { errors: [{ source: { pointer: '/digits' } }] } });
  expect(telnyx.legs[0]?.dtmfHeard).toEqual([]);
});

test('plays send_digits_on_answer to the callee', async () => {
  await api(telnyx, '/calls', { body: server.dialBody(telnyx, { send_digits_on_answer: 'ww12W#' }) });
  const leg = await telnyx.nextLeg();

  await leg.until('answered');

  expect(leg.dtmfHeard).toEqual(['1', '2', '#']);
});

test('plays digits to the callee, and only waits at the pauses', async () => {
  const id = await answeredCall();

  await act(telnyx, id, ['send_dtmf', { digits: '1w2WA#' }]);

  expect(telnyx.legs[0]?.dtmfHeard).toEqual(['1', '2', 'A', '#']);
});

test('answers a repeated command_id with the same call, and places no second one', async () => {
  const body = server.dialBody(telnyx);

  const first = await api(telnyx, '/calls', { body });
  const second = await api(telnyx, '/calls', { body });

  expect(second).toMatchObject({ status: 200, json: first.json });
  expect(telnyx.legs).toHaveLength(1);
  expect(telnyx.requests.map(({ deduplicated }) => deduplicated)).toEqual([undefined, true]);
});

test('places a second call when a command_id comes back after 60 seconds', async () => {
  await telnyx.close();
  telnyx = await SimulatedTelnyx.start({ secondMs: 0 });
  const body = server.dialBody(telnyx);

  await api(telnyx, '/calls', { body });
  await api(telnyx, '/calls', { body });

  expect(telnyx.legs).toHaveLength(2);
});

test('answers a repeated hangup with ok though the call has ended', async () => {
  const id = await answeredCall();

  await act(telnyx, id, ['hangup', { command_id: 'same' }]);

  expect(await act(telnyx, id, ['hangup', { command_id: 'same' }])).toMatchObject({ status: 200 });
});

test('fails as often as ordered, with Retry-After, and then works', async () => {
  telnyx.failNext('dial', { kind: 'status', httpStatus: 429, code: '10011', retryAfterSeconds: 3 }, 2);
  const body = server.dialBody(telnyx);

  const first = await api(telnyx, '/calls', { body });
  const second = await api(telnyx, '/calls', { body });
  const third = await api(telnyx, '/calls', { body });

  expect([first.status, second.status, third.status]).toEqual([429, 429, 200]);
  expect(first.headers.get('retry-after')).toBe('3');
  expect(first.json).toMatchObject({ errors: [{ code: '10011' }] });
  expect(telnyx.legs).toHaveLength(1);
});

test('can place a call whose answer is lost, and give the retry the same call', async () => {
  telnyx.failNext('dial', { kind: 'reset', stillPlacesCall: true });
  const body = server.dialBody(telnyx);

  await expect(api(telnyx, '/calls', { body })).rejects.toThrow('fetch failed');
  const retry = await api(telnyx, '/calls', { body });

  const leg = await telnyx.nextLeg();
  await leg.until('answered');
  expect(retry.json).toMatchObject({ data: { call_control_id: leg.carrierCallId } });
  expect(telnyx.legs).toHaveLength(1);
});

test('can leave a request unanswered', async () => {
  telnyx.failNext('dial', { kind: 'hang' });

  const signal = AbortSignal.timeout(50);

  await expect(api(telnyx, '/calls', { body: server.dialBody(telnyx), signal })).rejects.toThrow('timeout');
  expect(telnyx.requests[0]).toMatchObject({ operation: 'dial', httpStatus: undefined });
  expect(telnyx.legs).toHaveLength(0);
});

test('lists active calls in pages, by number and by cursor', async () => {
  for (let call = 0; call < 3; call += 1) await api(telnyx, '/calls', { body: server.dialBody(telnyx) });
  const ids = telnyx.legs.map(({ carrierCallId }) => ({ call_control_id: carrierCallId }));
  const page = async (query: string): Promise<Json> =>
    (await api(telnyx, `/connections/${telnyx.connectionId}/active_calls?${query}`, { method: 'GET' })).json;

  const first = await page('page[size]=2');
  const second = await page('page[size]=2&page[number]=2');
  const third = await page('page[size]=2&page[number]=3');
  const byCursor = await page('page[size]=2&page[after]=v1:2');

  expect(first).toMatchObject({ data: ids.slice(0, 2), meta: { total_items: 3, cursors: { after: 'v1:2' } } });
  expect(second).toMatchObject({ data: ids.slice(2), meta: { cursors: { after: null } } });
  expect(third).toMatchObject({ data: [] });
  expect(byCursor).toEqual(second);
});

test('records every request with its command and its call', async () => {
  const id = await answeredCall();
  await act(telnyx, id, ['hangup', { command_id: 'bye' }]);

  expect(await telnyx.request('hangup')).toMatchObject({
    method: 'POST',
    path: `/v2/calls/${encodeURIComponent(id)}/actions/hangup`,
    commandId: 'bye',
    carrierCallId: id,
    httpStatus: 200,
    body: { command_id: 'bye' },
  });
});

// What can go wrong at the simulated carrier on request: lost streams and calls, an API that is down, late webhooks.

import { rms } from '../../../src/simulator/pcm';
import type { PhoneScript } from '../../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../../src/simulator/simulated-telnyx/simulated-leg';
import { SimulatedTelnyx, type SimulatedTelnyxOptions } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';
import { until } from '../../support/until';
import { act, api, ServerUnderTest, type ServedStream } from './simulated-telnyx-harness';

let server: ServerUnderTest;
let telnyx: SimulatedTelnyx;

async function start(options: SimulatedTelnyxOptions = {}): Promise<void> {
  server = await ServerUnderTest.start();
  telnyx = await SimulatedTelnyx.start(options);
}

async function streamedCall(script: PhoneScript = {}): Promise<[SimulatedLeg, ServedStream]> {
  telnyx.setDefaultScript({ ringMs: 0, ...script });
  await api(telnyx, '/calls', { body: server.dialBody(telnyx) });
  const leg = await telnyx.nextLeg();
  await leg.until('stream-started');
  return [leg, await server.stream()];
}

function statusOf(leg: SimulatedLeg): Promise<{ status: number; json: Record<string, unknown> }> {
  return api(telnyx, `/calls/${encodeURIComponent(leg.carrierCallId)}`, { method: 'GET' });
}

beforeEach(() => start());

afterEach(async () => {
  await telnyx.close();
  await server.close();
});

describe('a media stream that is cut', () => {
  test('stays away when the carrier does not connect again, and the carrier says so', async () => {
    const [leg, stream] = await streamedCall();

    leg.dropStream();

    await stream.close();
    await server.webhook('streaming.stopped');
    expect(stream.frames.all.map(({ event }) => event)).not.toContain('stop');
    expect(leg.state).toBe('answered');
    expect(server.streams.all).toHaveLength(1);
  });

  test('comes back by itself with the same token, a new connected and a new start', async () => {
    const [leg, first] = await streamedCall();

    leg.dropStream({ reconnectsAfterMs: 30 });

    const second = await server.stream(1);
    await second.media(2);
    expect(first.closed).toBe(true);
    expect(second.headers['x-telnyx-streaming-auth-token']).toBe('one-time-token');
    expect(await second.frame('connected')).toMatchObject({ version: '1.0.0' });
    expect(await second.frame('start')).toMatchObject({ start: { call_control_id: leg.carrierCallId } });
    expect((await second.media(1))[0]).toMatchObject({ media: { chunk: '1' } });
    expect(server.eventTypes()).not.toContain('streaming.stopped');
  });

  test('does not come back twice when the server asks for it meanwhile', async () => {
    const [leg] = await streamedCall();
    leg.dropStream({ reconnectsAfterMs: 60 });

    await act(telnyx, leg.carrierCallId, ['streaming_start', { ...server.streamFields, stream_auth_token: 'another' }]);

    const second = await server.stream(1);
    await second.media(5);
    expect(second.headers['x-telnyx-streaming-auth-token']).toBe('another');
    expect(server.streams.all).toHaveLength(2);
  });

  test('tells of the failure when the server refuses the connection that comes by itself', async () => {
    const [leg] = await streamedCall();
    server.upgradeRefusal = 401;

    leg.dropStream({ reconnectsAfterMs: 10 });

    await server.webhook('streaming.failed');
    expect(leg.state).toBe('answered');
  });

  test('is taken up again only at the second command when the script has the first one come to nothing', async () => {
    const [leg] = await streamedCall({ restarts: { kind: 'never', times: 1 } });
    leg.dropStream();
    const restart = () => act(telnyx, leg.carrierCallId, ['streaming_start', server.streamFields]);

    const first = await restart();
    await server.webhook('streaming.stopped');
    const before = server.streams.all.length;
    const second = await restart();

    expect([first.status, second.status]).toEqual([200, 200]);
    expect(before).toBe(1);
    await server.stream(1);
  });

  test('fails again as often as the script says', async () => {
    const [leg] = await streamedCall({ restarts: { kind: 'fails', reason: 'connection_failed' } });
    leg.dropStream();

    await act(telnyx, leg.carrierCallId, ['streaming_start', server.streamFields]);

    const failed = await server.webhook('streaming.failed');
    expect(failed.data.payload).toMatchObject({ failure_reason: 'connection_failed' });
    expect(server.streams.all).toHaveLength(1);
  });
});

describe('a call that vanishes', () => {
  test('leaves neither a webhook nor a stop frame behind, and is not alive any more', async () => {
    const [leg, stream] = await streamedCall();
    await server.webhook('streaming.started');
    const webhooks = telnyx.webhooks.length;

    leg.vanish();

    await stream.close();
    expect(stream.frames.all.map(({ event }) => event)).not.toContain('stop');
    expect(await statusOf(leg)).toMatchObject({ status: 200, json: { data: { is_alive: false } } });
    expect(await act(telnyx, leg.carrierCallId, ['hangup'])).toMatchObject({ status: 422 });
    expect(telnyx.webhooks).toHaveLength(webhooks);
    await telnyx.allLegsDown();
  });

  test('is no longer known ten minutes after its end', async () => {
    await telnyx.close();
    telnyx = await SimulatedTelnyx.start({ secondMs: 0 });
    telnyx.setDefaultScript({ ringMs: 1_000 });
    await api(telnyx, '/calls', { body: server.dialBody(telnyx, { timeout_secs: 5 }) });
    const leg = await telnyx.nextLeg();
    await leg.until('ended');
    await until(() => performance.timeOrigin + performance.now() > (leg.endedAtMs ?? Infinity));

    expect(await statusOf(leg)).toMatchObject({ status: 404, json: { errors: [{ code: '10005' }] } });
  });
});

describe('an API that fails', () => {
  test('refuses to tell of one call and of all calls when told to', async () => {
    const [leg] = await streamedCall();
    telnyx.failNext('retrieve', { kind: 'status', httpStatus: 500 });
    telnyx.failNext('active_calls', { kind: 'status', httpStatus: 503 });
    const list = () => api(telnyx, `/connections/${telnyx.connectionId}/active_calls`, { method: 'GET' });

    const failed = [(await statusOf(leg)).status, (await list()).status];
    const recovered = [(await statusOf(leg)).status, (await list()).status];

    expect(failed).toEqual([500, 503]);
    expect(recovered).toEqual([200, 200]);
  });

  test('carries a command out late when told to', async () => {
    const [leg] = await streamedCall();
    telnyx.failNext('hangup', { kind: 'late', delayMs: 80 });
    const beganMs = performance.now();

    const hangup = await act(telnyx, leg.carrierCallId, ['hangup']);

    expect(hangup.status).toBe(200);
    expect(performance.now() - beganMs).toBeGreaterThan(75);
    expect(leg.state).toBe('ended');
  });

  test('is down for every request until it is up again, while calls go on', async () => {
    const [leg, stream] = await streamedCall();
    const hangup = { command_id: 'same' };
    telnyx.outage = { kind: 'status', httpStatus: 503 };

    const down = await act(telnyx, leg.carrierCallId, ['hangup', hangup]);
    const frames = (await stream.media(1)).length;
    await stream.media(frames + 3);
    telnyx.outage = undefined;
    const up = await act(telnyx, leg.carrierCallId, ['hangup', hangup]);

    expect([down.status, up.status]).toEqual([503, 200]);
    await telnyx.allLegsDown();
  });

  test('lists every live leg with what a client needs to know it again', async () => {
    const [leg] = await streamedCall();

    const { json } = await api(telnyx, `/connections/${telnyx.connectionId}/active_calls`, { method: 'GET' });

    expect(json['data']).toEqual([
      {
        call_control_id: leg.carrierCallId,
        call_leg_id: leg.legId,
        call_session_id: leg.sessionId,
        client_state: Buffer.from('call-1').toString('base64'),
        record_type: 'call',
        call_duration: expect.any(Number),
      },
    ]);
  });
});

test('delivers only the events late that are meant', async () => {
  telnyx.webhookFaults.delayMs = (eventType) => (eventType === 'call.initiated' ? 200 : 0);
  await streamedCall();

  await server.webhook('call.initiated');

  expect(server.eventTypes()).toEqual(['call.answered', 'streaming.started', 'call.initiated']);
});

test('delivers only those events after their successors that are meant', async () => {
  telnyx.webhookFaults.reorder = (eventType) => eventType === 'call.answered';
  await streamedCall();

  await server.webhook('call.answered');

  expect(server.eventTypes()).toEqual(['call.initiated', 'streaming.started', 'call.answered']);
});

test('lets the callee hear an announcement over the silence of a stream', async () => {
  const [leg, stream] = await streamedCall();
  await stream.media(2);

  await act(telnyx, leg.carrierCallId, ['speak', { payload: 'One moment.', voice: 'female' }]);

  await telnyx.webhook('call.speak.ended');
  expect(rms(leg.heard())).toBeGreaterThan(100);
  expect(stream.closed).toBe(false);
});

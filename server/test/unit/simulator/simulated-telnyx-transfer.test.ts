/** Blind transfers at the simulated Telnyx: the second leg, the bridge, its webhooks, and every way in which it ends. */
import { tone } from '../../../src/simulator/pcm';
import type { PhoneScript } from '../../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../../src/simulator/simulated-telnyx/simulated-leg';
import { SimulatedTelnyx } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';
import type { ApiResult, Json } from './simulated-telnyx-harness';
import { act, api, ServerUnderTest, toneLevel } from './simulated-telnyx-harness';

const TARGET = '+12025550177';
const SIP_TARGET = 'sip:desk@example.com;secure=srtp';

let server: ServerUnderTest;
let telnyx: SimulatedTelnyx;
let original: SimulatedLeg;

beforeEach(async () => {
  server = await ServerUnderTest.start();
  telnyx = await SimulatedTelnyx.start({ secondMs: 50 });
  telnyx.setDefaultScript({ ringMs: 0 });
  await api(telnyx, '/calls', { body: server.dialBody(telnyx) });
  original = await telnyx.nextLeg();
  await original.until('stream-started');
});

afterEach(async () => {
  await telnyx.close();
  await server.close();
});

function transfer(changes: Json = {}): Promise<ApiResult> {
  return act(telnyx, original.carrierCallId, ['transfer', { to: TARGET, ...changes }]);
}

async function transferredTo(script: PhoneScript, changes: Json = {}): Promise<SimulatedLeg> {
  telnyx.script(TARGET, { ringMs: 0, ...script });
  expect(await transfer(changes)).toMatchObject({ status: 200, json: { data: { result: 'ok' } } });
  return telnyx.nextLeg({ to: TARGET });
}

async function bridgedTo(script: PhoneScript = {}, changes: Json = {}): Promise<SimulatedLeg> {
  const target = await transferredTo(script, changes);
  await target.until('bridged');
  return target;
}

function typesOf(leg: SimulatedLeg): string[] {
  return telnyx.webhooks
    .filter(({ carrierCallId }) => carrierCallId === leg.carrierCallId)
    .map(({ eventType }) => eventType);
}

async function payloadOf(eventType: string, leg: SimulatedLeg): Promise<object> {
  const webhook = await telnyx.webhook(eventType, ({ carrierCallId }) => carrierCallId === leg.carrierCallId);
  return webhook.payload;
}

test('dials a second leg in the same session, and bridges both when it answers', async () => {
  const state = Buffer.from('leg-b').toString('base64');

  const target = await bridgedTo({}, { target_leg_client_state: state });

  const bridged = await payloadOf('call.bridged', target);
  expect(bridged).toEqual({
    call_control_id: target.carrierCallId,
    call_leg_id: target.legId,
    call_session_id: original.sessionId,
    connection_id: telnyx.connectionId,
    client_state: state,
    from: original.to,
    to: TARGET,
  });
  expect(await payloadOf('call.bridged', original)).toMatchObject({ client_state: original.clientState });
  expect(typesOf(target)).toEqual(['call.initiated', 'call.answered', 'call.bridged']);
  expect(await original.until('bridged')).toMatchObject({ otherCarrierCallId: target.carrierCallId });
  expect([original.isBridged, target.isBridged]).toEqual([true, true]);
});

test('gives the second leg no client_state unless told to, and the original leg the one of the command', async () => {
  const state = Buffer.from('new').toString('base64');

  const target = await transferredTo({}, { client_state: state });

  expect(await payloadOf('call.initiated', target)).toMatchObject({ client_state: null });
  expect(await payloadOf('call.bridged', original)).toMatchObject({ client_state: state });
});

test('lets the parties hear each other while the stream of the original leg goes on', async () => {
  const stream = await server.stream();
  const target = await bridgedTo();

  original.say(tone({ hz: 600, ms: 300 }));
  target.say(tone({ hz: 900, ms: 300 }));
  stream.play(Buffer.alloc(2_400, 0xff));
  await Promise.all([original.next('speech'), target.next('speech')]);
  const sent = original.sent.length;
  await stream.frames.until(() => (original.sent.length > sent + 20 ? true : undefined), { what: 'No more frames' });

  expect(toneLevel(target.heard(), 600)).toBeGreaterThan(5 * toneLevel(target.heard(), 900));
  expect(toneLevel(original.heard(), 900)).toBeGreaterThan(5 * toneLevel(original.heard(), 600));
  expect(stream.closed).toBe(false);
  expect(original.playedMs()).toBe(300);
});

test('connects nobody while the second phone rings', async () => {
  const target = await transferredTo({ ringMs: 5_000 });

  await target.until('ringing');
  original.say(tone({ hz: 600, ms: 100 }));
  await original.next('talk');

  expect([original.isBridged, target.isBridged]).toEqual([false, false]);
  expect(target.heard()).toHaveLength(0);
  expect(typesOf(original)).not.toContain('call.bridged');
});

test.each([
  ['busy', 'user_busy'],
  ['reject', 'call_rejected'],
  ['no-answer', 'no_answer'],
  ['not-found', 'not_found'],
] as const)('leaves the original leg up when the second phone ends as %s', async (outcome, cause) => {
  const target = await transferredTo({ outcome });

  expect(await payloadOf('call.hangup', target)).toMatchObject({ hangup_cause: cause, client_state: null });
  expect(original.state).toBe('answered');
  expect((await transfer()).status).toBe(200);
});

test('gives up ringing after timeout_secs of the command', async () => {
  const target = await transferredTo({ outcome: 'no-answer', ringMs: 10_000 }, { timeout_secs: 5 });

  expect(await target.until('ended')).toMatchObject({ cause: 'timeout' });
  expect(original.state).toBe('answered');
});

test('ends both legs at time_limit_secs of the second one', async () => {
  const target = await bridgedTo({}, { time_limit_secs: 30 });

  expect(await target.until('ended')).toMatchObject({ cause: 'time_limit' });
  expect(await original.until('ended')).toMatchObject({ cause: 'normal_clearing' });
});

test('ends the other leg, too, when either party of a bridge hangs up', async () => {
  const target = await bridgedTo();

  target.hangUp();

  expect(await payloadOf('call.hangup', target)).toMatchObject({ hangup_source: 'callee' });
  expect(await payloadOf('call.hangup', original)).toMatchObject({
    hangup_cause: 'normal_clearing',
    hangup_source: 'caller',
  });
  await telnyx.allLegsDown();
});

test('ends the second leg when the original party hangs up', async () => {
  const target = await bridgedTo();

  original.hangUp();

  expect(await target.until('ended')).toMatchObject({ cause: 'normal_clearing', source: 'caller' });
});

test('keeps the original leg up when it is to be parked', async () => {
  const target = await bridgedTo({}, { park_after_unbridge: 'self' });

  target.hangUp();

  await target.until('ended');
  expect(original).toMatchObject({ state: 'answered', isBridged: false });
  expect((await transfer()).status).toBe(200);
});

test('cancels the second leg when the original party hangs up while it rings', async () => {
  const target = await transferredTo({ ringMs: 5_000 });
  await target.until('ringing');

  original.hangUp();

  expect(await target.until('ended')).toMatchObject({ cause: 'originator_cancel' });
});

test('takes hangup for the second leg: ringing, it leaves the original one up; bridged, it ends both', async () => {
  const ringing = await transferredTo({ ringMs: 5_000 });
  await ringing.until('ringing');
  await act(telnyx, ringing.carrierCallId, ['hangup']);
  const stateBetween = original.state;
  const bridged = await bridgedTo();

  await act(telnyx, bridged.carrierCallId, ['hangup']);

  expect(ringing.hangupCause).toBe('originator_cancel');
  expect(stateBetween).toBe('answered');
  expect(bridged.hangupCause).toBe('normal_clearing');
  expect(original.state).toBe('ended');
});

test('refuses a second transfer while one rings, and one of a bridged call', async () => {
  const target = await transferredTo({ ringMs: 60 });
  const whileRinging = await transfer();
  await target.until('bridged');
  const whileBridged = await transfer();

  const refused = { status: 422, json: { errors: [{ code: '90033' }] } };
  expect(whileRinging).toMatchObject(refused);
  expect(whileBridged).toMatchObject(refused);
  expect(telnyx.legs).toHaveLength(2);
});

test('refuses the transfer of a call that is not answered, or over', async () => {
  telnyx.setDefaultScript({ ringMs: 5_000 });
  await api(telnyx, '/calls', { body: server.dialBody(telnyx) });
  const ringing = await telnyx.nextLeg();
  original.hangUp();

  const early = await act(telnyx, ringing.carrierCallId, ['transfer', { to: TARGET }]);
  const late = await transfer();

  expect(early).toMatchObject({ status: 422, json: { errors: [{ code: '90034' }] } });
  expect(late).toMatchObject({ status: 422, json: { errors: [{ code: '90018' }] } });
});

test.each<[string, Json, number, string]>([
  ['no destination', { to: undefined }, 422, '10004'],
  ['no command_id', { command_id: undefined }, 422, '10004'],
  ['a destination that is neither a number nor a URI', { to: 'desk' }, 422, '10016'],
  ['a SIP URI without a host', { to: 'sip:desk' }, 422, '10016'],
  ['an unknown key', { timeout: 20 }, 422, '10015'],
  ['an announcement', { audio_url: 'https://example.com/a.wav' }, 422, '10015'],
  ['a state that is not base64', { target_leg_client_state: '{}' }, 422, '90017'],
  ['a short ring timeout', { timeout_secs: 4 }, 422, '90028'],
  ['a short time limit', { time_limit_secs: 29 }, 422, '90029'],
  ['another parking place', { park_after_unbridge: 'opposite' }, 422, '10032'],
  ['encryption to a phone number', { media_encryption: 'SRTP' }, 422, '10011'],
  ["a number of somebody else's", { from: '+12025550101' }, 403, '10010'],
  ['the number that it comes from', { to: '+12025550199' }, 403, '10010'],
])('refuses a transfer with %s', async (_, changes, httpStatus, code) => {
  expect(await transfer(changes)).toMatchObject({ status: httpStatus, json: { errors: [{ code }] } });
  expect(telnyx.legs).toHaveLength(1);
});

test('accepts every documented field, and a SIP URI with a script of its own', async () => {
  telnyx.script(SIP_TARGET, { outcome: 'busy', ringMs: 0 });

  const result = await transfer({
    to: SIP_TARGET,
    from: telnyx.fromNumber,
    from_display_name: 'Example',
    early_media: false,
    mute_dtmf: 'opposite',
    media_encryption: 'SRTP',
    send_digits_on_answer: 'ww200',
    custom_headers: [{ name: 'X-Call', value: '1' }],
    sip_headers: [{ name: 'User-to-User', value: 'x' }],
    webhook_retries_policies: { 'call.hangup': { retries_ms: [10] } },
  });

  const target = await telnyx.nextLeg({ to: SIP_TARGET });
  expect(result.status).toBe(200);
  expect(await target.until('ended')).toMatchObject({ cause: 'user_busy' });
  expect(await payloadOf('call.initiated', target)).toMatchObject({
    from: telnyx.fromNumber,
    to: SIP_TARGET,
    caller_id_name: 'Example',
  });
});

test('sends the webhooks of the second leg to the url of the command', async () => {
  const other = await ServerUnderTest.start();

  const target = await bridgedTo({}, { webhook_url: `http://127.0.0.1:${other.port}/other` });

  await payloadOf('call.bridged', target);
  await payloadOf('call.bridged', original);
  expect(other.eventTypes()).toEqual(['call.initiated', 'call.answered', 'call.bridged']);
  expect(server.eventTypes().filter((type) => type === 'call.bridged')).toHaveLength(1);
  await other.close();
});

test('can lose call.bridged of both legs', async () => {
  const target = await bridgedTo({ losesBridgedWebhook: true });

  original.hangUp();

  await payloadOf('call.hangup', target);
  expect(server.eventTypes()).not.toContain('call.bridged');
  expect(server.eventTypes()).toContain('call.answered');
});

test('can lose the webhooks of one leg only', async () => {
  telnyx.webhookFaults.drop = (_, carrierCallId) => carrierCallId !== original.carrierCallId;

  const target = await bridgedTo();

  await payloadOf('call.bridged', original);
  expect(typesOf(target)).toEqual([]);
});

test('runs the steps of the second phone from the bridging, and those of the first that wait for it', async () => {
  telnyx.setDefaultScript({
    ringMs: 0,
    steps: [{ do: 'wait-for-bridge' }, { do: 'tone', hz: 600, ms: 100 }],
  });
  await api(telnyx, '/calls', { body: server.dialBody(telnyx) });
  original = await telnyx.nextLeg();
  await original.until('stream-started');

  const target = await transferredTo({ ringMs: 100, steps: [{ do: 'wait-for-speech' }, { do: 'hang-up' }] });

  await original.until('ended');
  expect(target.hangupSource).toBe('callee');
  expect(toneLevel(target.heard(), 600)).toBeGreaterThan(0.01);
  expect((await original.until('talk')).atMs).toBeGreaterThan((await original.until('bridged')).atMs);
});

test('detects a machine at the other end, if the transfer asks for it', async () => {
  telnyx.script(TARGET, { ringMs: 0, machineDetection: [{ afterMs: 0, kind: 'detection', result: 'machine' }] });

  await transfer({ answering_machine_detection: 'premium' });

  const { payload, carrierCallId } = await telnyx.webhook('call.machine.premium.detection.ended');
  expect(payload).toMatchObject({ result: 'machine' });
  expect(carrierCallId).not.toBe(original.carrierCallId);
});

test('dials once for a command_id that comes again', async () => {
  const first = await transfer({ command_id: 'same' });
  const second = await transfer({ command_id: 'same' });

  expect([first.status, second.status]).toEqual([200, 200]);
  expect(telnyx.legs).toHaveLength(2);
  expect(await telnyx.request('transfer')).toMatchObject({ carrierCallId: original.carrierCallId });
});

test('fails a transfer when told to, and dials nobody', async () => {
  telnyx.failNext('transfer', { kind: 'status', httpStatus: 503 });

  expect((await transfer()).status).toBe(503);
  expect(telnyx.legs).toHaveLength(1);
});

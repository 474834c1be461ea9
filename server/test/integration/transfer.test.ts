// Connecting the callee with somebody else, by the AI's own tool and by the API: what is heard before, who is on the line
// after, what happens when it fails, and that no leg is left up.

import { tone } from '../../src/simulator/pcm';
import type { AiScript, AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import type { PhoneOutcome } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { toneAmplitude } from '../support/audio-fixtures';
import { aCallRequest } from '../support/builders';
import { type Answer, TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const OFFICE = '+12025550177';

const FRAME_MS = 20;

// The first and the last frame of a tone may hold too little of it to be recognised.
const EDGES_MS = 2 * FRAME_MS;

const OPENING_HZ = 700;
const OPENING_MS = 1_200;
const EXPLANATION_HZ = 1_100;
const ANSWER_HZ = 1_600;
const TURN_MS = 600;
const CALLEE_HZ = 500;
const ANNOUNCEMENT_HZ = 2_000;
const ANNOUNCEMENT = 'One moment, please.';
const ANNOUNCEMENT_MS = 950;

const OPENING: AiTurn = { say: [{ toneHz: OPENING_HZ, ms: OPENING_MS, text: 'I connect you with the office.' }] };

const AI: AiScript = {
  exact: { toneHz: ANNOUNCEMENT_HZ, msPerCharacter: ANNOUNCEMENT_MS / ANNOUNCEMENT.length },
  asked: [OPENING, { say: [{ toneHz: EXPLANATION_HZ, ms: TURN_MS, text: 'That did not work.' }] }],
  otherwise: { say: [{ toneHz: ANSWER_HZ, ms: TURN_MS, text: 'I see.' }] },
};

const CONNECT = { name: 'transfer_call', arguments: '{"target":"office"}' };
const HANG_UP = { name: 'end_call', arguments: '{}' };

/** The AI that connects the callee in its first words. */
const CONNECTING_AI: AiScript = { ...AI, asked: [{ ...OPENING, functionCall: CONNECT }, AI.asked![1]!] };

const WITH_OFFICE = { transferTargets: [{ name: 'office', to: OFFICE }] };

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript(AI);
  bridge.telnyx.script(OFFICE, { ringMs: 300 });
});

afterEach(async () => {
  await bridge.close();
});

/** A call in which the AI itself connects the callee. */
async function placeConnecting(ai: AiScript = CONNECTING_AI): Promise<string> {
  bridge.openai.setDefaultScript(ai);
  const callId = await bridge.place(WITH_OFFICE);
  await bridge.telnyx.nextLeg();
  return callId;
}

/** A call whose opening has been heard. */
async function placeAndListen(): Promise<string> {
  const callId = await bridge.place();
  await until(() => (calleeLegOrNone()?.playedMs() ?? 0) >= OPENING_MS);
  return callId;
}

function order(callId: string, body: Record<string, unknown> = {}): Promise<Answer> {
  return bridge.request('POST', `/api/ai-calls/${callId}/transfer`, { to: OFFICE, ...body });
}

function calleeLeg(): SimulatedLeg {
  return calleeLegOrNone()!;
}

function calleeLegOrNone(): SimulatedLeg | undefined {
  return bridge.telnyx.legs[0];
}

async function officeLeg(): Promise<SimulatedLeg> {
  return bridge.telnyx.nextLeg({ to: OFFICE }, 10_000);
}

/** Resolves when the callee has heard this much of the AI in all. */
function untilPlayed(ms: number): Promise<void> {
  return until(() => calleeLeg().playedMs() >= ms, { timeoutMs: 10_000 });
}

/** The callee hears the AI explain itself, after so much of other words, says something, hears the answer and hangs up. */
async function talkAndLeave(heardBeforeMs: number): Promise<void> {
  await untilPlayed(heardBeforeMs + TURN_MS);
  calleeLeg().say(tone({ hz: CALLEE_HZ, ms: 600 }));
  await untilPlayed(heardBeforeMs + 2 * TURN_MS);
  calleeLeg().hangUp();
}

function expectExplainedAndAnswered(): void {
  expect(heardMs(EXPLANATION_HZ)).toBeGreaterThanOrEqual(TURN_MS - EDGES_MS);
  expect(heardMs(ANSWER_HZ)).toBeGreaterThanOrEqual(TURN_MS - EDGES_MS);
}

function theSession(): SimulatedSession {
  return bridge.openai.sessions[0]!;
}

/** How long the callee heard a tone, milliseconds, to the frame. */
function heardMs(hz: number): number {
  const pcm = calleeLeg().heard();
  const frameSamples = FRAME_MS * 8;
  let frames = 0;
  for (let at = 0; at + frameSamples <= pcm.length; at += frameSamples) {
    if (toneAmplitude(pcm.subarray(at, at + frameSamples), { hz, sampleRateHz: 8_000 }) > 2_000) frames += 1;
  }
  return frames * FRAME_MS;
}

function typesOf(record: Record<string, unknown>): string[] {
  return (record['timeline'] as { type: string }[]).map(({ type }) => type);
}

/** What the AI was told about its use of the tool. */
function toolOutputs(): unknown[] {
  return theSession()
    .clientEvents.map(({ event }) => event['item'] as { type?: string; output?: string } | undefined)
    .filter((item) => item?.type === 'function_call_output')
    .map((item) => JSON.parse(item!.output!));
}

async function expectNothingLeft(): Promise<void> {
  await bridge.telnyx.allLegsDown();
  await until(() => bridge.openai.liveSessions().length === 0);
  expect(bridge.telnyx.legs.flatMap(({ violations }) => violations)).toEqual([]);
  expect(bridge.openai.sessions.flatMap(({ violations }) => violations)).toEqual([]);
}

describe('the AI that connects the callee', () => {
  test('is heard to its last word before the other phone rings', async () => {
    const callId = await placeConnecting();

    const office = await officeLeg();

    expect(calleeLeg().playedMs()).toBeGreaterThanOrEqual(OPENING_MS);
    expect(office.from).toBe('+12025550100');
    await office.until('bridged');
    office.hangUp();
    await bridge.ended(callId);
    expect(heardMs(OPENING_HZ)).toBeGreaterThanOrEqual(OPENING_MS - EDGES_MS);
    await expectNothingLeft();
  });

  test('leaves when they are connected, and the call goes on without it', async () => {
    const callId = await placeConnecting();
    await (await officeLeg()).until('bridged');

    const closed = await calleeLeg().until('stream-closed');
    await until(() => bridge.openai.liveSessions().length === 0);

    expect(closed.isByCarrier).toBe(false);
    expect(await bridge.call(callId)).toMatchObject({ status: 'in-progress', endReason: null });
    const refused = await bridge.request('POST', `/api/ai-calls/${callId}/say`, { text: 'Hello?' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'CALL_STATE_CONFLICT' } });
    expect(calleeLeg().isBridged).toBe(true);
    calleeLeg().hangUp();
    await bridge.ended(callId);
    await expectNothingLeft();
  });

  test.each(['callee', 'office'])('has transferred the call when the %s hangs up', async (party) => {
    const callId = await placeConnecting();
    const office = await officeLeg();
    await bridge.entry(callId, 'transfer.bridged');

    if (party === 'callee') calleeLeg().hangUp();
    else office.hangUp();
    const record = await bridge.ended(callId);

    expect(record).toMatchObject({ status: 'completed', endReason: 'transferred', verdict: { result: 'success' } });
    expect(record['toolCalls']).toMatchObject([{ name: 'transfer_call', outcome: 'ok' }]);
    expect(typesOf(record).filter((type) => type.startsWith('transfer.'))).toEqual([
      'transfer.started',
      'transfer.bridged',
    ]);
    await expectNothingLeft();
  });

  test('learns that a busy phone was not reached, says so and goes on', async () => {
    bridge.telnyx.script(OFFICE, { outcome: 'busy', ringMs: 300 });
    const callId = await placeConnecting();

    await talkAndLeave(OPENING_MS);
    const record = await bridge.ended(callId);

    expectExplainedAndAnswered();
    expect(record).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
    expect(record['toolCalls']).toMatchObject([{ name: 'transfer_call', outcome: 'error' }]);
    expect(typesOf(record).filter((type) => type.startsWith('transfer.'))).toEqual([
      'transfer.started',
      'transfer.failed',
    ]);
    await expectNothingLeft();
  });

  test.each<[PhoneOutcome, string]>([
    ['busy', 'the line was busy'],
    ['reject', 'the call was declined'],
    ['no-answer', 'nobody answered'],
    ['not-found', 'the number could not be reached'],
  ])('learns why a phone that ends as %s was not reached', async (outcome, cause) => {
    bridge.telnyx.script(OFFICE, { outcome, ringMs: 300 });
    const callId = await placeConnecting();

    const failed = await bridge.entry(callId, 'transfer.failed');
    await untilPlayed(OPENING_MS + TURN_MS);

    expect(failed.data).toMatchObject({ to: OFFICE, reason: cause });
    expect(toolOutputs()).toMatchObject([{ status: 'error', details: { target: 'office', cause } }]);
    calleeLeg().hangUp();
    await bridge.ended(callId);
    await expectNothingLeft();
  });

  test('learns that the carrier refused, says so and goes on', async () => {
    bridge.telnyx.failNext('transfer', { kind: 'status', httpStatus: 422 });
    const callId = await placeConnecting();

    await talkAndLeave(OPENING_MS);
    const record = await bridge.ended(callId);

    expect(toolOutputs()).toMatchObject([{ status: 'error', details: { cause: 'the carrier refused it' } }]);
    const { data } = await bridge.entry(callId, 'transfer.failed');
    expect(data).toMatchObject({ to: OFFICE, details: { httpStatus: 422 } });
    expect(bridge.telnyx.legs).toHaveLength(1);
    expectExplainedAndAnswered();
    expect(record).toMatchObject({ endReason: 'callee-hung-up' });
    await expectNothingLeft();
  });

  test.each(['transfers first', 'hangs up first'])('and wants to hang up, too, parts nobody: it %s', async (how) => {
    // Longer than a goodbye waits for its last word.
    bridge.telnyx.script(OFFICE, { ringMs: 1_000 });
    const functionCalls = how === 'transfers first' ? [CONNECT, HANG_UP] : [HANG_UP, CONNECT];
    const callId = await placeConnecting({ ...AI, asked: [{ ...OPENING, functionCalls }] });

    await bridge.entry(callId, 'transfer.bridged');
    await until(() => bridge.openai.liveSessions().length === 0);
    (await officeLeg()).hangUp();

    expect(await bridge.ended(callId)).toMatchObject({ endReason: 'transferred' });
    await expectNothingLeft();
  });

  test('and whose connection breaks while the other phone rings is not missed', async () => {
    bridge.telnyx.script(OFFICE, { ringMs: 1_000 });
    const callId = await placeConnecting();
    await bridge.entry(callId, 'transfer.started');

    theSession().drop();
    await bridge.entry(callId, 'transfer.bridged');
    (await officeLeg()).hangUp();

    expect(await bridge.ended(callId)).toMatchObject({ status: 'completed', endReason: 'transferred' });
    await expectNothingLeft();
  });

  test('rings nobody when the callee cuts in, and answers them', async () => {
    bridge.telnyx.setDefaultScript({
      steps: [{ do: 'wait-for-speech' }, { do: 'wait', ms: 300 }, { do: 'tone', hz: CALLEE_HZ, ms: 600 }],
    });
    const say = [{ toneHz: OPENING_HZ, ms: 3_000, text: 'I connect you.' }];

    const callId = await placeConnecting({ ...CONNECTING_AI, asked: [{ say, functionCall: CONNECT }] });
    await until(() => heardMs(ANSWER_HZ) >= TURN_MS - EDGES_MS, { timeoutMs: 10_000 });
    calleeLeg().hangUp();
    const record = await bridge.ended(callId);

    expect(bridge.telnyx.legs).toHaveLength(1);
    expect(bridge.telnyx.requests.map(({ operation }) => operation)).not.toContain('transfer');
    expect(typesOf(record)).not.toContain('transfer.started');
    expect(heardMs(OPENING_HZ)).toBeLessThan(2_000);
    expect(toolOutputs()).toMatchObject([{ status: 'error' }]);
    expect(record).toMatchObject({ endReason: 'callee-hung-up' });
    await expectNothingLeft();
  });
});

describe('webhooks that are lost', () => {
  test('do not keep the AI on the line when they are those of the bridging', async () => {
    bridge.telnyx.script(OFFICE, { ringMs: 300, losesBridgedWebhook: true });
    const callId = await placeConnecting();
    const office = await officeLeg();

    await bridge.entry(callId, 'transfer.bridged');
    await until(() => bridge.openai.liveSessions().length === 0);
    office.hangUp();

    expect(await bridge.ended(callId)).toMatchObject({ endReason: 'transferred' });
    expect(bridge.telnyx.webhooks.map(({ eventType }) => eventType)).not.toContain('call.bridged');
    await expectNothingLeft();
  });

  test('do not keep the AI on the line when they are those of the other leg', async () => {
    const callId = await placeConnecting();
    await bridge.entry(callId, 'call.in-progress');
    const { carrierCallId } = calleeLeg();
    bridge.telnyx.webhookFaults.drop = (_eventType, legId) => legId !== carrierCallId;

    await bridge.entry(callId, 'transfer.bridged');
    (await officeLeg()).hangUp();

    expect(await bridge.ended(callId)).toMatchObject({ endReason: 'transferred' });
    await expectNothingLeft();
  });

  test('end the wait for the other phone all the same when its hang-up is one of them', async () => {
    await bridge.close();
    bridge = await TestBridge.start({ compose: { deadlines: { transferRingSeconds: 5, ringGraceMs: 200 } } });
    bridge.telnyx.webhookFaults.drop = (type, legId) => type === 'call.hangup' && legId !== calleeLeg().carrierCallId;
    bridge.telnyx.script(OFFICE, { outcome: 'busy', ringMs: 300 });
    const callId = await placeConnecting();

    await talkAndLeave(OPENING_MS);
    const record = await bridge.ended(callId);

    expect(toolOutputs()).toMatchObject([{ status: 'error', details: { cause: 'nobody answered' } }]);
    expect(record).toMatchObject({ endReason: 'callee-hung-up' });
    await expectNothingLeft();
  });
});

describe('a transfer by the API', () => {
  test('is announced in the given words, whole, before the other phone rings', async () => {
    const callId = await placeAndListen();

    const answer = await order(callId, { announcement: ANNOUNCEMENT });
    const office = await officeLeg();

    expect(answer).toMatchObject({ status: 202, body: { callId, status: 'in-progress' } });
    expect(calleeLeg().playedMs()).toBeGreaterThanOrEqual(OPENING_MS + ANNOUNCEMENT_MS);
    await bridge.entry(callId, 'transfer.bridged');
    office.hangUp();
    expect(await bridge.ended(callId)).toMatchObject({ endReason: 'transferred' });
    expect(heardMs(ANNOUNCEMENT_HZ)).toBeGreaterThanOrEqual(ANNOUNCEMENT_MS - EDGES_MS);
    await expectNothingLeft();
  });

  test('is announced in words of the AI when none are given', async () => {
    const callId = await placeAndListen();

    await order(callId);
    await officeLeg();

    expect(calleeLeg().playedMs()).toBeGreaterThanOrEqual(OPENING_MS + TURN_MS);
    expect(theSession().responses.at(-1)?.instructions).toContain('connecting');
    await bridge.entry(callId, 'transfer.bridged');
    calleeLeg().hangUp();
    await bridge.ended(callId);
    await expectNothingLeft();
  });

  test('that fails is explained by the AI, and the conversation goes on', async () => {
    bridge.telnyx.script(OFFICE, { outcome: 'busy', ringMs: 300 });
    const callId = await placeAndListen();

    await order(callId, { announcement: ANNOUNCEMENT });
    await talkAndLeave(OPENING_MS + ANNOUNCEMENT_MS);
    const record = await bridge.ended(callId);

    const explanation = theSession().responses.findLast(({ requestedBy }) => requestedBy === 'client');
    expect(explanation?.instructions).toContain('the line was busy');
    expectExplainedAndAnswered();
    expect(record).toMatchObject({ endReason: 'callee-hung-up' });
    await expectNothingLeft();
  });

  test('takes the place of a goodbye that the AI is saying', async () => {
    bridge.openai.setDefaultScript({ ...AI, asked: [{ ...OPENING, functionCall: HANG_UP }] });
    const callId = await bridge.place();
    await until(() => (calleeLegOrNone()?.playedMs() ?? 0) > 0);

    const answer = await order(callId, { announcement: ANNOUNCEMENT });
    await bridge.entry(callId, 'transfer.bridged');
    (await officeLeg()).hangUp();
    const record = await bridge.ended(callId);

    expect(answer.status).toBe(202);
    expect(record).toMatchObject({ endReason: 'transferred' });
    expect(typesOf(record)).toContain('goodbye.canceled');
    await expectNothingLeft();
  });

  test('whose callee hangs up during the announcement has failed, and no other phone rings', async () => {
    const callId = await placeAndListen();
    await order(callId, { announcement: ANNOUNCEMENT });
    await untilPlayed(OPENING_MS + 2 * FRAME_MS);

    calleeLeg().hangUp();
    const record = await bridge.ended(callId);

    expect(typesOf(record).filter((type) => type.startsWith('transfer.'))).toEqual(['transfer.failed']);
    expect(bridge.telnyx.legs).toHaveLength(1);
    expect(record).toMatchObject({ endReason: 'callee-hung-up' });
    await expectNothingLeft();
  });

  test('is refused while another one rings, and after it', async () => {
    bridge.telnyx.script(OFFICE, { ringMs: 1_500 });
    const callId = await placeAndListen();
    await order(callId, { announcement: ANNOUNCEMENT });
    await bridge.entry(callId, 'transfer.started');

    const whileRinging = await order(callId);
    await bridge.entry(callId, 'transfer.bridged');
    const afterwards = await order(callId);

    for (const answer of [whileRinging, afterwards]) {
      expect(answer).toMatchObject({ status: 409, body: { code: 'CALL_STATE_CONFLICT' } });
    }
    expect(bridge.telnyx.legs).toHaveLength(2);
    calleeLeg().hangUp();
    await bridge.ended(callId);
    await expectNothingLeft();
  });

  test('is refused while another one is being announced', async () => {
    const callId = await placeAndListen();
    const first = await order(callId, { announcement: ANNOUNCEMENT });

    const second = await order(callId, { announcement: ANNOUNCEMENT });

    expect(first.status).toBe(202);
    expect(second).toMatchObject({ status: 409, body: { code: 'CALL_STATE_CONFLICT' } });
    await bridge.entry(callId, 'transfer.bridged');
    calleeLeg().hangUp();
    await bridge.ended(callId);
    await expectNothingLeft();
  });

  test('to a country that is not allowed is refused, and nothing is said or rung', async () => {
    await bridge.close();
    bridge = await TestBridge.start({ env: { ALLOWED_COUNTRIES: 'DE' } });
    bridge.openai.setDefaultScript(AI);
    const { call } = await bridge.app.calls.place(aCallRequest());
    await until(() => (calleeLegOrNone()?.playedMs() ?? 0) >= OPENING_MS);

    const answer = await order(call.callId, { announcement: ANNOUNCEMENT });

    expect(answer).toMatchObject({ status: 403, body: { code: 'DESTINATION_NOT_ALLOWED', errors: [{ field: 'to' }] } });
    calleeLeg().hangUp();
    await bridge.ended(call.callId);
    expect(theSession().responses).toHaveLength(1);
    expect(bridge.telnyx.legs).toHaveLength(1);
    await expectNothingLeft();
  });
});

describe('a hang-up through the API', () => {
  test.each(['rings', 'talks'])('takes both legs down while the other party %s', async (state) => {
    bridge.telnyx.script(OFFICE, { ringMs: state === 'rings' ? 10_000 : 300 });
    const callId = await placeConnecting();
    const office = await officeLeg();
    await bridge.telnyx.webhook('call.initiated', ({ carrierCallId }) => carrierCallId === office.carrierCallId);
    if (state === 'talks') await bridge.entry(callId, 'transfer.bridged');

    const answer = await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    const record = await bridge.ended(callId);

    expect(answer).toMatchObject({ status: 200, body: { status: 'completed', endReason: 'api-hung-up' } });
    expect(record).toMatchObject({ endReason: 'api-hung-up' });
    expect(bridge.telnyx.legs.map((leg) => leg.state)).toEqual(['ended', 'ended']);
    const hangUps = bridge.telnyx.requests.filter(({ operation }) => operation === 'hangup');
    // The carrier is not relied on to take the other leg down by itself.
    expect(hangUps.map(({ carrierCallId }) => carrierCallId)).toContain(office.carrierCallId);
    await expectNothingLeft();
  });
});

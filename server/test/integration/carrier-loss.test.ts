// What a carrier can lose: the stream of a call, a hang-up and the report of it, a call altogether. The conversation goes
// on where it can; where it cannot, the call ends with its cause, and no leg is left up.
// Some tests take seconds: hang-ups are repeated with growing waits, and a command that hangs has its own limit.

import { tone } from '../../src/simulator/pcm';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { toneAmplitude } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const DEADLINES = {
  ringTimeoutSeconds: 10,
  streamRetryMs: 200,
  streamStartMs: 1_000,
  hangupReportMs: 300,
  lastWordsMs: 300,
};
// Long enough for everything else to have its say first.
const REAPER_TIMES = { sweepEveryMs: 100, quietMs: 1_000 };
const OFFICE = '+12025550177';
const SAMPLES_PER_MS = 8;
const OPENING_HZ = 700;
const ANSWER_HZ = 1_600;
const CALLEE_HZ = 500;

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start({ compose: { deadlines: DEADLINES, reaper: REAPER_TIMES } });
  bridge.openai.setDefaultScript({
    turns: [{ say: [{ toneHz: OPENING_HZ, ms: 300, text: 'Hello.' }] }],
    otherwise: { say: [{ toneHz: ANSWER_HZ, ms: 400, text: 'I see.' }] },
  });
});

afterEach(async () => {
  bridge.telnyx.outage = undefined;
  await bridge.close();
});

/** A call whose opening has been heard. */
async function talk(): Promise<{ readonly callId: string; readonly leg: SimulatedLeg }> {
  const callId = await bridge.place();
  const leg = await bridge.telnyx.nextLeg();
  await until(() => leg.playedMs() >= 300);
  return { callId, leg };
}

function count(callId: string, type: string): number {
  return bridge.entries.filter((entry) => entry.callId === callId && entry.type === type).length;
}

/** Whether the tone has been heard since so many milliseconds of the call. */
function hears(leg: SimulatedLeg, hz: number, fromMs: number): boolean {
  const heard = leg.heard().subarray(fromMs * SAMPLES_PER_MS);
  return heard.length > 0 && toneAmplitude(heard, { hz, sampleRateHz: 8_000 }) > 500;
}

async function expectNothingLeft(): Promise<void> {
  await bridge.telnyx.allLegsDown();
  await until(() => bridge.openai.liveSessions().length === 0);
  await until(() => bridge.app.calls.active().length === 0);
}

describe('a stream that is cut in mid-call', () => {
  test('is started anew, and callee and AI go on talking', async () => {
    const { callId, leg } = await talk();

    leg.dropStream();
    await until(() => count(callId, 'stream.started') === 2);
    const cutAtMs = leg.heard().length / SAMPLES_PER_MS;
    leg.say(tone({ hz: CALLEE_HZ, ms: 500 }));

    await until(() => hears(leg, ANSWER_HZ, cutAtMs));
    expect(count(callId, 'stream.lost')).toBe(1);
    expect(bridge.telnyx.requests.filter(({ operation }) => operation === 'streaming_start')).toHaveLength(1);
    expect(await bridge.call(callId)).toMatchObject({ status: 'in-progress' });
    expect(leg.violations).toEqual([]);
  });

  test('comes back by itself, with the token that it has, and nobody asks for another one', async () => {
    const { callId, leg } = await talk();

    leg.dropStream({ reconnectsAfterMs: 20 });
    await until(() => count(callId, 'stream.started') === 2);

    expect(bridge.telnyx.requests.map(({ operation }) => operation)).not.toContain('streaming_start');
    expect(await bridge.call(callId)).toMatchObject({ status: 'in-progress' });
  });

  test.each(['never', 'fails'] as const)('and whose restart %s comes to anything ends the call', async (kind) => {
    bridge.telnyx.setDefaultScript({ restarts: { kind } });
    const { callId, leg } = await talk();

    leg.dropStream();

    const record = await bridge.ended(callId);
    expect(record).toMatchObject({ status: 'failed', endReason: 'stream-lost' });
    expect(record['verdict']).toMatchObject({ details: { closeCode: 1006 } });
    await expectNothingLeft();
  });

  test('while the carrier takes no command ends the call in time, and the leg when it takes one again', async () => {
    const { callId, leg } = await talk();

    bridge.telnyx.outage = { kind: 'status', httpStatus: 503 };
    leg.dropStream();
    await bridge.entry(callId, 'call.failed');
    bridge.telnyx.outage = undefined;

    expect(await bridge.ended(callId)).toMatchObject({ endReason: 'stream-lost' });
    await expectNothingLeft();
  });
});

test('a call that is gone without a word ends as hung up when its stream cannot be had any more', async () => {
  const { callId, leg } = await talk();

  leg.vanish();

  expect(await bridge.ended(callId)).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
  await expectNothingLeft();
});

describe('a hang-up', () => {
  const UNAVAILABLE = { kind: 'status', httpStatus: 503 } as const;

  test('that hangs, and then fails, is repeated until the leg is down', async () => {
    const { callId, leg } = await talk();
    bridge.telnyx.failNext('hangup', { kind: 'hang' });
    bridge.telnyx.failNext('hangup', UNAVAILABLE, 2);

    await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    expect(await bridge.call(callId)).toMatchObject({ status: 'completed' });
    await bridge.ended(callId, 15_000);

    expect(leg.state).toBe('ended');
    await expectNothingLeft();
  });

  test('that fails is over when the carrier has the call no more, whatever the command says', async () => {
    const { callId, leg } = await talk();
    bridge.telnyx.failNext('hangup', UNAVAILABLE, 100);
    await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    await bridge.telnyx.request('hangup');

    leg.vanish();

    await bridge.ended(callId);
    await expectNothingLeft();
  });

  test('of the callee that is not reported ends the call all the same', async () => {
    bridge.telnyx.webhookFaults = { drop: (eventType) => eventType === 'call.hangup' };
    const { callId, leg } = await talk();

    leg.hangUp();

    expect(await bridge.ended(callId)).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
    await expectNothingLeft();
  });
});

describe('the reaper', () => {
  test('ends a call that rang out without a word', async () => {
    bridge.telnyx.setDefaultScript({ outcome: 'busy', ringMs: 200 });
    bridge.telnyx.webhookFaults = { drop: (eventType) => eventType === 'call.hangup' };

    const record = await bridge.ended(await bridge.place());

    expect(record['status']).toBe('no-answer');
    await expectNothingLeft();
  });

  test('ends a call whose parties have both left after a transfer, unreported', async () => {
    const { callId, leg } = await talk();
    await bridge.request('POST', `/api/ai-calls/${callId}/transfer`, { to: OFFICE });
    await until(() => leg.isBridged);
    await bridge.entry(callId, 'transfer.bridged');

    for (const left of bridge.telnyx.liveLegs()) left.vanish();

    expect(await bridge.ended(callId)).toMatchObject({ status: 'completed' });
    await expectNothingLeft();
  });

  test('leaves alone a transfer that goes on in silence', async () => {
    const { callId, leg } = await talk();
    await bridge.request('POST', `/api/ai-calls/${callId}/transfer`, { to: OFFICE });
    await until(() => leg.isBridged);

    await bridge.telnyx.request('retrieve');
    await bridge.telnyx.request('active_calls');

    expect(await bridge.call(callId)).toMatchObject({ status: 'in-progress' });
    expect(bridge.telnyx.liveLegs()).toHaveLength(2);
  });

  test('takes down a phone that rings for a call which was given up, though no webhook tells of it', async () => {
    bridge.telnyx.setDefaultScript({ outcome: 'no-answer' });
    bridge.telnyx.webhookFaults = { drop: () => true };
    const callId = await bridge.place();
    await bridge.telnyx.nextLeg();
    bridge.telnyx.failNext('hangup', { kind: 'status', httpStatus: 404, code: '10005' });

    await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    await bridge.ended(callId);
    expect(bridge.telnyx.liveLegs()).toHaveLength(1);

    await expectNothingLeft();
  });
});

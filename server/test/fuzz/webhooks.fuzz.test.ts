// Webhooks that are signed and make no sense, for a call that goes on: each is answered, and the call still ends as it
// should.

import fc from 'fast-check';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { signingKey } from '../../src/simulator/simulated-telnyx/signing-key';
import { until } from '../support/until';
import { budget, countRun, LIMIT_MS, tellCounts } from './fuzz-budget';
import { FuzzBridge } from './fuzz-bridge';
import { CANARY, type Json, jsonText, mutated, oddText } from './hostile-values';

const KEY = signingKey('ai-calls simulator');
const WRONG_KEY = signingKey('somebody else');

let fuzz: FuzzBridge;

beforeAll(async () => {
  fuzz = await FuzzBridge.start();
}, 30_000);

afterAll(async () => {
  await fuzz.close();
  tellCounts();
}, 30_000);

/** What stands for the ids of the call that a webhook is about, until they are known. */
const LEG_ID = 'LEG-ID-OF-THE-CALL';
const CLIENT_STATE = 'CLIENT-STATE-OF-THE-CALL';
const TRANSFER_STATE = 'CLIENT-STATE-OF-A-TRANSFER';

const EVENTS: readonly (readonly [string, Json])[] = [
  ['call.initiated', { direction: 'outgoing', state: 'bridging' }],
  ['call.answered', { state: 'answered', codec: 'PCMU' }],
  ['call.bridged', {}],
  ['call.dtmf.received', { digit: '5' }],
  ['call.machine.detection.ended', { result: 'machine' }],
  ['call.machine.premium.detection.ended', { result: 'human_residence' }],
  ['call.machine.premium.greeting.ended', { result: 'beep_detected' }],
  ['streaming.started', { stream_id: 's' }],
  ['streaming.stopped', { stream_id: 's' }],
  ['streaming.failed', { failure_reason: 'connection_failed', stream_id: 's' }],
  ['call.speak.ended', { status: 'completed' }],
  [
    'call.cost',
    {
      status: 'success',
      total_cost: '0.0070',
      billed_duration_secs: 60,
      cost_parts: [{ call_part: 'sip-trunking', cost: '0.0050', currency: 'USD', rate: '0.00500' }],
    },
  ],
  ['call.recording.saved', { recording_urls: { mp3: 'https://recordings.example.com/a.mp3' } }],
  ['call.unheard.of', { anything: [1, 2, { three: 3 }] }],
];

const HANGUP: readonly [string, Json] = [
  'call.hangup',
  { hangup_cause: 'normal_clearing', hangup_source: 'callee', sip_hangup_cause: '200', call_quality_stats: null },
];

function webhook([eventType, fields]: readonly [string, Json], state: string): Json {
  const payload = { call_control_id: LEG_ID, client_state: state, from: '+12025550100', to: '+12025550123' };
  return {
    data: {
      record_type: 'event',
      event_type: eventType,
      id: 'EVENT-ID',
      occurred_at: '2026-11-20T12:00:00.000Z',
      payload: { ...payload, ...(fields as Record<string, Json>) },
    },
    meta: { attempt: 1, delivered_to: 'https://calls.example.com' },
  };
}

const sound = (events: readonly (readonly [string, Json])[]): fc.Arbitrary<Json> =>
  fc
    .tuple(fc.constantFrom(...events), fc.constantFrom(CLIENT_STATE, CLIENT_STATE, TRANSFER_STATE))
    .map((parts) => webhook(...parts));

let lastEvent = 0;

/** Signs and delivers a body; the status of the answer. */
async function deliver(body: string, key = KEY, ageSecs = 0): Promise<{ status: number; text: string }> {
  const timestamp = String(Math.floor(Date.now() / 1000) - ageSecs);
  const answer = await fetch(`${fuzz.bridge.url}/api/webhooks/telnyx`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'telnyx-timestamp': timestamp,
      'telnyx-signature-ed25519': key.sign(timestamp, Buffer.from(body).toString('utf8')),
    },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

/** A body about this call, by an id of its own. */
function about(text: string, callId: string, leg: SimulatedLeg): string {
  lastEvent += 1;
  const base64 = (state: string): string => Buffer.from(state).toString('base64');
  return text
    .replaceAll(LEG_ID, leg.carrierCallId)
    .replaceAll(CLIENT_STATE, base64(callId))
    .replaceAll(TRANSFER_STATE, base64(`${callId}/transfer/1`))
    .replaceAll('EVENT-ID', `event-${lastEvent}`);
}

test(
  'webhooks of any content are taken, and the call ends with one verdict and no leg up',
  async () => {
    const bodies = fc.array(jsonText(mutated(sound(EVENTS))), { minLength: 1, maxLength: 8 });
    const ringMs = fc.constantFrom(0, 30, 5_000);
    await fc.assert(
      fc.asyncProperty(bodies, ringMs, fc.boolean(), async (texts, ring, isAtOnce) => {
        countRun('calls with odd webhooks');
        fuzz.bridge.telnyx.setDefaultScript({ ringMs: ring });
        const callId = await fuzz.bridge.place({ answeringMachine: 'hang-up' });
        const leg = await fuzz.bridge.telnyx.nextLeg();
        if (ring === 0 && !isAtOnce) await fuzz.bridge.entry(callId, 'stream.started');

        const answers = await Promise.all(texts.map((text) => deliver(about(text, callId, leg))));

        for (const { status } of answers) expect([200, 413]).toContain(status);
        await fuzz.expectEnded(callId);
        await until(() => leg.state === 'ended', { timeoutMs: 8_000 });
        await fuzz.expectSound();
      }),
      budget(30),
    );
  },
  LIMIT_MS,
);

test(
  'an end of the call in any words is one verdict, and is read again from the record',
  async () => {
    await fc.assert(
      fc.asyncProperty(jsonText(mutated(sound([HANGUP]))), async (text) => {
        countRun('odd hang-ups');
        fuzz.bridge.telnyx.setDefaultScript({ ringMs: 0 });
        const callId = await fuzz.bridge.place();
        const leg = await fuzz.bridge.telnyx.nextLeg();

        const { status } = await deliver(about(text, callId, leg));

        expect([200, 413]).toContain(status);
        await fuzz.expectEnded(callId);
        // The carrier said that the leg is down; here it may not be.
        leg.hangUp();
        await fuzz.expectSound();
      }),
      budget(40),
    );
  },
  LIMIT_MS,
);

test(
  'a webhook that is signed by somebody else, or too old, is refused whatever it says, and changes nothing',
  async () => {
    fuzz.bridge.telnyx.setDefaultScript({ ringMs: 0 });
    const callId = await fuzz.bridge.place();
    const leg = await fuzz.bridge.telnyx.nextLeg();
    await fuzz.bridge.entry(callId, 'stream.started');
    const body = fc.oneof(
      sound([HANGUP]).map((value) => JSON.stringify(value)),
      jsonText(mutated(sound([HANGUP]))),
      oddText(),
    );

    await fc.assert(
      fc.asyncProperty(body, fc.boolean(), async (text, isOld) => {
        countRun('forged webhooks');
        const forged = about(text, callId, leg);

        const { status, text: answer } = isOld ? await deliver(forged, KEY, 301) : await deliver(forged, WRONG_KEY);

        expect([401, 413]).toContain(status);
        expect(answer).not.toContain(CANARY);
        expect(leg.state).toBe('answered');
        await fuzz.expectSound();
      }),
      budget(150),
    );

    expect(fuzz.bridge.app.calls.active().map((call) => call.callId)).toContain(callId);
    await fuzz.expectEnded(callId);
  },
  LIMIT_MS,
);

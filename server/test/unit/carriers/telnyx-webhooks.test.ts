import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { TelnyxWebhooks } from '../../../src/carriers/telnyx/telnyx-webhooks';
import type { CarrierEvent } from '../../../src/calls/ports';
import { toClientState } from '../../../src/carriers/telnyx/client-state';
import { aCallId } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';

const DER_PREFIX_BYTES = 12;

const keys = generateKeyPairSync('ed25519');
const strangersKeys = generateKeyPairSync('ed25519');
const derKey = keys.publicKey.export({ type: 'spki', format: 'der' });
const rawKey = derKey.subarray(DER_PREFIX_BYTES).toString('base64');

const webhooks = new TelnyxWebhooks(rawKey, new ManualClock());

type Payload = Record<string, unknown>;

function aWebhook(eventType: string, payload: Payload = {}): string {
  return JSON.stringify({
    data: {
      record_type: 'event',
      event_type: eventType,
      id: 'event-1',
      occurred_at: '2026-11-20T12:34:56.789012Z',
      payload: { call_control_id: 'v3:leg', client_state: toClientState(aCallId()), connection_id: '7', ...payload },
    },
    meta: { attempt: 1 },
  });
}

type Signing = { readonly key?: KeyObject; readonly ageSeconds?: number };

function signed(body: string, { key = keys.privateKey, ageSeconds = 0 }: Signing = {}): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000) - ageSeconds);
  return {
    'telnyx-timestamp': timestamp,
    'telnyx-signature-ed25519': sign(null, Buffer.from(`${timestamp}|${body}`), key).toString('base64'),
  };
}

function receive(body: string, headers = signed(body)): Promise<CarrierEvent | undefined> {
  return webhooks.receive(body, headers);
}

const REFUSED = { code: 'WEBHOOK_REFUSED' };

describe('trusts', () => {
  const body = aWebhook('call.answered');

  test('what is signed with the key of the portal', async () => {
    await expect(receive(body)).resolves.toMatchObject({ type: 'leg.answered' });
  });

  test('the same key in its exported form', async () => {
    const withDerKey = new TelnyxWebhooks(derKey.toString('base64'), new ManualClock());

    await expect(withDerKey.receive(body, signed(body))).resolves.toMatchObject({ type: 'leg.answered' });
  });

  test('what is a little old or early', async () => {
    await expect(receive(body, signed(body, { ageSeconds: 280 }))).resolves.toBeDefined();
    await expect(receive(body, signed(body, { ageSeconds: -280 }))).resolves.toBeDefined();
  });
});

describe('refuses', () => {
  const body = aWebhook('call.answered');

  test('the signature of a stranger', async () => {
    await expect(receive(body, signed(body, { key: strangersKeys.privateKey }))).rejects.toMatchObject(REFUSED);
  });

  test.each([310, 100_000, -310])('what was signed %i s ago', async (ageSeconds) => {
    await expect(receive(body, signed(body, { ageSeconds }))).rejects.toMatchObject(REFUSED);
  });

  test('a body that was changed on the way, be it by a space', async () => {
    await expect(receive(`${body} `, signed(body))).rejects.toMatchObject(REFUSED);
    await expect(receive(body.replace('answered', 'hangup'), signed(body))).rejects.toMatchObject(REFUSED);
  });

  test('a timestamp that was changed on the way', async () => {
    const headers = signed(body, { ageSeconds: 400 });
    const fresh = { ...headers, 'telnyx-timestamp': String(Math.floor(Date.now() / 1000)) };

    await expect(receive(body, fresh)).rejects.toMatchObject(REFUSED);
  });

  test.each<[string, Record<string, string>]>([
    ['no signature at all', {}],
    ['no signature', { 'telnyx-timestamp': '1' }],
    ['no timestamp', { 'telnyx-signature-ed25519': 'YQ==' }],
    ['a signature that is none', { ...signed(body), 'telnyx-signature-ed25519': 'nonsense' }],
    ['an empty signature', { ...signed(body), 'telnyx-signature-ed25519': '' }],
    ['a timestamp that is none', { ...signed(body), 'telnyx-timestamp': 'now' }],
  ])('%s', async (_what, headers) => {
    await expect(receive(body, headers)).rejects.toMatchObject(REFUSED);
  });

  test.each(['nonsense', ''])('what is no JSON without a signature: %j', async (text) => {
    await expect(receive(text, signed(body))).rejects.toMatchObject(REFUSED);
    // Signed, it is genuine: to deliver it again would not help.
    await expect(receive(text)).resolves.toBeUndefined();
  });

  test.each([
    ['another JSON', '[]'],
    ['an API v1 event', '{"event_type":"call_answered","payload":{}}'],
    ['an event without an id', aWebhook('call.answered').replace('"id":"event-1",', '')],
    ['an event of no call', '{"data":{"id":"e","event_type":"message.received","payload":{"id":"m"}}}'],
  ])('to read %s, but not to take it: a genuine delivery need not be made again', async (_what, text) => {
    expect(await receive(text)).toBeUndefined();
    await expect(receive(text, {})).rejects.toMatchObject(REFUSED);
  });
});

describe('translates', () => {
  test.each([
    ['call.initiated', { type: 'leg.ringing' }],
    ['call.answered', { type: 'leg.answered' }],
    ['streaming.started', { type: 'stream.started' }],
    ['streaming.stopped', { type: 'stream.stopped' }],
    ['call.speak.ended', { type: 'speech.ended' }],
    ['call.bridged', { type: 'leg.bridged' }],
    ['call.speak.started', { type: 'other', name: 'call.speak.started' }],
    ['call.of.tomorrow', { type: 'other', name: 'call.of.tomorrow' }],
    ['streaming.failed', { type: 'stream.failed', failure: 'unspecified' }],
  ])('%s', async (eventType, expected) => {
    const body = aWebhook(eventType);

    expect(await receive(body)).toMatchObject(expected);
  });

  test('whose call it is, which event, of which leg and when', async () => {
    expect(await receive(aWebhook('call.answered'))).toEqual({
      type: 'leg.answered',
      eventId: 'event-1',
      callId: aCallId(),
      carrierCallId: 'v3:leg',
      leg: 'callee',
      occurredAtMs: Date.parse('2026-11-20T12:34:56.789Z'),
    });
  });

  test.each(['call.initiated', 'call.answered', 'call.bridged', 'call.hangup', 'call.of.tomorrow'])(
    '%s of the leg of a transfer as such, with its attempt, and as our call',
    async (eventType) => {
      const event = await receive(aWebhook(eventType, { client_state: toClientState(aCallId(), 2) }));

      expect(event).toMatchObject({ callId: aCallId(), leg: 'transfer', transferAttempt: 2 });
    },
  );

  test.each(Array.from('0123456789*#ABCD'))('the key %s', async (digit) => {
    expect(await receive(aWebhook('call.dtmf.received', { digit }))).toMatchObject({ type: 'digit.received', digit });
  });

  test.each([
    ['a', 'A'],
    ['d', 'D'],
    [3, '3'],
  ])('a key that comes as %j', async (digit, expected) => {
    const event = await receive(aWebhook('call.dtmf.received', { digit }));

    expect(event).toMatchObject({ type: 'digit.received', digit: expected });
  });

  test.each<[unknown]>([['12'], ['E'], ['w'], [''], [12], [null], [undefined], [{}], [['1']]])(
    'the key %j, which is none, as an event to be taken note of',
    async (digit) => {
      const event = await receive(aWebhook('call.dtmf.received', { digit }));

      expect(event).toMatchObject({ type: 'other', name: 'call.dtmf.received', callId: aCallId() });
    },
  );

  test.each<[string, unknown, string]>([
    ['premium.detection', 'human_residence', 'human'],
    ['premium.detection', 'human_business', 'human'],
    ['premium.detection', 'machine', 'machine'],
    ['premium.detection', 'silence', 'silence'],
    ['premium.detection', 'fax_detected', 'fax'],
    ['premium.detection', 'not_sure', 'not-sure'],
    ['premium.detection', 'something_new', 'not-sure'],
    ['premium.detection', '__proto__', 'not-sure'],
    ['premium.detection', null, 'not-sure'],
    ['premium.detection', {}, 'not-sure'],
    ['detection', 'human', 'human'],
    ['detection', 'machine', 'machine'],
    ['detection', 'not_sure', 'not-sure'],
    ['detection', undefined, 'not-sure'],
  ])('call.machine.%s.ended with %j as %s', async (what, result, expected) => {
    const event = await receive(aWebhook(`call.machine.${what}.ended`, { result }));

    expect(event).toMatchObject({ type: 'machine.detected', result: expected, leg: 'callee' });
  });

  test.each<[string, unknown, boolean]>([
    ['premium.greeting', 'beep_detected', true],
    ['premium.greeting', 'no_beep_detected', false],
    ['premium.greeting', null, false],
    ['premium.greeting', ['beep_detected'], false],
    ['greeting', 'beep_detected', true],
    ['greeting', 'ended', false],
    ['greeting', 'not_sure', false],
    ['greeting', undefined, false],
  ])('call.machine.%s.ended with %j as a greeting whose beep was heard: %j', async (what, result, hasBeep) => {
    const event = await receive(aWebhook(`call.machine.${what}.ended`, { result }));

    expect(event).toMatchObject({ type: 'machine.greeting-ended', hasBeep });
  });

  test('a hang-up with its cause', async () => {
    const body = aWebhook('call.hangup', {
      hangup_cause: 'user_busy',
      hangup_source: 'callee',
      sip_hangup_cause: '486',
    });

    const verdict = { reason: 'callee-busy', details: { hangupCause: 'user_busy', sipCode: '486' } };
    expect(await receive(body)).toMatchObject({ type: 'leg.ended', verdict });
  });

  test.each<Payload>([
    {},
    { hangup_cause: null, sip_hangup_cause: null },
    { hangup_cause: 'something_new' },
    { hangup_cause: 'unspecified', call_quality_stats: { mos: '4.5' }, telnyx_error: {} },
  ])('a hang-up that says little: %j', async (payload) => {
    const event = await receive(aWebhook('call.hangup', payload));

    expect(event).toMatchObject({ type: 'leg.ended', verdict: { reason: 'carrier-failed', status: 'failed' } });
  });

  test('a hang-up whose SIP code comes as a number, since a lost hang-up costs more than a lost detail', async () => {
    const body = aWebhook('call.hangup', { hangup_cause: 'user_busy', sip_hangup_cause: 486 });

    expect(await receive(body)).toMatchObject({ type: 'leg.ended', verdict: { reason: 'callee-busy' } });
  });

  test('a failed stream with its reason', async () => {
    const body = aWebhook('streaming.failed', { failure_reason: 'connection_failed', stream_id: 's' });

    expect(await receive(body)).toMatchObject({ type: 'stream.failed', failure: 'connection_failed' });
  });

  test.each([null, undefined, 'YQ==', 'nonsense'])('an event of a call that is not ours: %j', async (clientState) => {
    const event = await receive(aWebhook('call.answered', { client_state: clientState }));

    expect(event).toMatchObject({ type: 'leg.answered', leg: 'callee' });
    expect([event?.callId, event?.transferAttempt]).toEqual([undefined, undefined]);
  });

  test('an event that does not say when as one of now', async () => {
    const body = aWebhook('call.answered').replace('2026-11-20T12:34:56.789012Z', 'some day');

    expect((await receive(body))?.occurredAtMs).toBe(ManualClock.START_MS);
  });
});

test('a leg with a name that the API could never be asked about is none', async () => {
  for (const name of ['..', 'a b', '\ud800', 'x'.repeat(501)]) {
    await expect(receive(aWebhook('call.initiated', { call_control_id: name }))).resolves.toBeUndefined();
  }
});

describe('what a leg has cost', () => {
  const PART = { call_part: 'call-control', cost: '0.0018', currency: 'USD', rate: '0.0018', billed_duration_secs: 60 };
  const COST = { status: 'success', total_cost: '0.0068', billed_duration_secs: 60 };

  async function itemsOf(payload: Payload): Promise<unknown> {
    const event = await receive(aWebhook('call.cost', payload));
    return event?.type === 'leg.cost' ? event.charge.items : event?.type;
  }

  test('is one charge for the leg, an item for each product', async () => {
    const parts = [PART, { ...PART, call_part: 'sip-trunking', cost: '0.0050' }];

    const event = await receive(aWebhook('call.cost', { ...COST, cost_parts: parts }));

    const leg = { kind: 'leg', quantity: 60, unit: 'seconds' };
    expect(event).toMatchObject({
      type: 'leg.cost',
      callId: aCallId(),
      charge: {
        source: 'carrier',
        reference: 'v3:leg',
        model: '',
        pricesAsOf: null,
        items: [
          { ...leg, unitPriceUsd: 0.0018 / 60, amountUsd: 0.0018 },
          { ...leg, unitPriceUsd: 0.005 / 60, amountUsd: 0.005 },
        ],
      },
    });
  });

  test.each([[{ cost_parts: [] }], [{ cost_parts: null }], [{}]])('is one item without parts: %j', async (parts) => {
    const items = [{ kind: 'leg', quantity: 60, unit: 'seconds', unitPriceUsd: 0.0068 / 60, amountUsd: 0.0068 }];

    expect(await itemsOf({ ...COST, ...parts })).toEqual(items);
  });

  test('has no price in another currency, or when it cannot be read', async () => {
    const parts = [
      { ...PART, currency: 'EUR' },
      { ...PART, cost: 'free' },
    ];

    const unpriced = { kind: 'leg', quantity: 60, unit: 'seconds', unitPriceUsd: null, amountUsd: null };
    expect(await itemsOf({ ...COST, cost_parts: parts })).toEqual([unpriced, unpriced]);
  });

  test('of a leg that nobody answered is nothing, and no price for a second', async () => {
    const nothing = { kind: 'leg', quantity: 0, unit: 'seconds', unitPriceUsd: null, amountUsd: 0 };

    expect(await itemsOf({ status: 'success', total_cost: '0.0', billed_duration_secs: 0 })).toEqual([nothing]);
  });

  test.each([{ status: 'error', total_cost: null }, { ...COST, status: 'error' }, { status: 'success' }])(
    'is passed over when Telnyx does not know it: %j',
    async (payload) => {
      expect(await itemsOf(payload)).toBe('other');
    },
  );
});

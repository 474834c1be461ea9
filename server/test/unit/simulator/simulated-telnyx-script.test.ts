/** What a scripted callee can do beside talking: press keys, be a machine, wait for clears; and the loss of its events. */
import { encodeMulaw, tone } from '../../../src/simulator/pcm';
import type { MachineDetectionEvent, PhoneScript } from '../../../src/simulator/simulated-telnyx/phone-script';
import { MACHINE_BEEP } from '../../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../../src/simulator/simulated-telnyx/simulated-leg';
import { SimulatedTelnyx } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';
import type { Json } from './simulated-telnyx-harness';
import { api, ServerUnderTest, toneLevel } from './simulated-telnyx-harness';

const PREMIUM = { answering_machine_detection: 'premium' };

let server: ServerUnderTest;
let telnyx: SimulatedTelnyx;

beforeEach(async () => {
  server = await ServerUnderTest.start();
  telnyx = await SimulatedTelnyx.start();
});

afterEach(async () => {
  await telnyx.close();
  await server.close();
});

async function call(script: PhoneScript, changes: Json = {}): Promise<SimulatedLeg> {
  telnyx.setDefaultScript({ ringMs: 0, ...script });
  const { status } = await api(telnyx, '/calls', { body: server.dialBody(telnyx, changes) });
  expect(status).toBe(200);
  return telnyx.nextLeg();
}

/** The call.machine events of a leg in the order in which they occurred: deliveries overtake each other. */
async function findingsOf(leg: SimulatedLeg): Promise<[string, unknown][]> {
  await leg.until('ended');
  await telnyx.webhook('call.hangup');
  return server.webhooks.all
    .filter(({ data }) => data.event_type.startsWith('call.machine'))
    .toSorted((a, b) => Date.parse(a.data.occurred_at) - Date.parse(b.data.occurred_at))
    .map(({ data }) => [data.event_type.replace('call.machine.', ''), data.payload['result']]);
}

const DETECTED_THEN_BEEP: readonly MachineDetectionEvent[] = [
  { afterMs: 0, kind: 'detection', result: 'machine' },
  { afterMs: 40, kind: 'greeting', result: 'beep_detected' },
];

const HANG_UP_SOON: PhoneScript['steps'] = [{ do: 'wait', ms: 200 }, { do: 'hang-up' }];

test.each(['human_residence', 'human_business', 'machine', 'silence', 'fax_detected', 'not_sure'] as const)(
  'reports %s to a premium detection',
  async (result) => {
    await call({ machineDetection: [{ afterMs: 0, kind: 'detection', result }] }, PREMIUM);

    const { data } = await server.webhook('call.machine.premium.detection.ended');

    expect(data.payload).toMatchObject({ result, client_state: expect.any(String) });
  },
);

test('finds a human after a second unless the script says otherwise', async () => {
  const leg = await call({}, PREMIUM);

  const { atMs, payload } = await telnyx.webhook('call.machine.premium.detection.ended');

  expect(payload).toMatchObject({ result: 'human_residence' });
  expect(atMs - (await leg.until('answered')).atMs).toBeGreaterThan(990);
});

test('reports only the beep when it comes before the detection', async () => {
  const leg = await call(
    {
      machineDetection: [
        { afterMs: 0, kind: 'greeting', result: 'beep_detected' },
        { afterMs: 40, kind: 'detection', result: 'machine' },
      ],
      steps: HANG_UP_SOON,
    },
    PREMIUM,
  );

  expect(await findingsOf(leg)).toEqual([['premium.greeting.ended', 'beep_detected']]);
});

test.each([
  [
    'premium',
    [
      ['premium.detection.ended', 'machine'],
      ['premium.greeting.ended', 'beep_detected'],
    ],
  ],
  [
    'greeting_end',
    [
      ['detection.ended', 'machine'],
      ['greeting.ended', 'beep_detected'],
    ],
  ],
  [
    'detect_beep',
    [
      ['detection.ended', 'machine'],
      ['greeting.ended', 'beep_detected'],
    ],
  ],
  ['detect', [['detection.ended', 'machine']]],
  ['disabled', []],
])('reports in mode %s what Telnyx does', async (mode, findings) => {
  const leg = await call(
    { machineDetection: DETECTED_THEN_BEEP, steps: HANG_UP_SOON },
    { answering_machine_detection: mode },
  );

  expect(await findingsOf(leg)).toEqual(findings);
});

test('never decides when the list is empty', async () => {
  const leg = await call({ machineDetection: [], steps: [{ do: 'wait', ms: 1_200 }, { do: 'hang-up' }] }, PREMIUM);

  expect(await findingsOf(leg)).toEqual([]);
});

test('is a machine step by step: announcement, detection, beep, silence', async () => {
  const leg = await call(
    {
      steps: [
        { do: 'tone', hz: 500, ms: 100 },
        { do: 'machine', kind: 'detection', result: 'machine' },
        MACHINE_BEEP,
        { do: 'machine', kind: 'greeting', result: 'beep_detected' },
        { do: 'wait', ms: 700 },
        { do: 'hang-up' },
      ],
    },
    PREMIUM,
  );

  // No default finding of a human beside them.
  expect(await findingsOf(leg)).toEqual([
    ['premium.detection.ended', 'machine'],
    ['premium.greeting.ended', 'beep_detected'],
  ]);
  expect(toneLevel(leg.said(), 1_000)).toBeGreaterThan(0.1);
});

test('reports no machine of a step when the dial did not ask', async () => {
  const leg = await call({ steps: [{ do: 'machine', kind: 'detection', result: 'machine' }, { do: 'hang-up' }] });

  expect(await findingsOf(leg)).toEqual([]);
});

test('presses several keys 150 ms apart, on both ways', async () => {
  const leg = await call({ steps: [{ do: 'dtmf', digit: '12#' }] });
  await leg.until('script-done');
  await telnyx.webhook('call.dtmf.received', ({ payload }) => JSON.stringify(payload).includes('"digit":"#"'));

  const frames = leg.sent.filter(({ event }) => event === 'dtmf');
  const places = frames.map((frame) => leg.sent.indexOf(frame));
  const framesApart = leg.sent.slice(places[0], places[2]).filter(({ event }) => event === 'media').length;
  const webhooks = server.webhooks.all.filter(({ data }) => data.event_type === 'call.dtmf.received');
  expect(frames.map(({ digit }) => digit)).toEqual(['1', '2', '#']);
  // 300 ms of the line, however fast the machine is just now.
  expect(framesApart).toBeGreaterThanOrEqual(14);
  expect(framesApart).toBeLessThanOrEqual(18);
  expect(webhooks.map(({ data }) => data.payload['digit']).toSorted()).toEqual(['#', '1', '2']);
});

test.each([
  ['stream', ['7'], 0],
  ['webhook', [], 1],
] as const)('presses a key by %s alone', async (via, digits, webhooks) => {
  const leg = await call({ steps: [{ do: 'dtmf', digit: '7', via }, ...(HANG_UP_SOON ?? [])] });

  await leg.until('ended');
  await server.webhook('call.hangup');

  expect(leg.sent.filter(({ event }) => event === 'dtmf').map(({ digit }) => digit)).toEqual(digits);
  expect(server.eventTypes().filter((type) => type === 'call.dtmf.received')).toHaveLength(webhooks);
});

test('loses and doubles the events that a test names', async () => {
  telnyx.webhookFaults = {
    drop: (type) => type === 'call.dtmf.received',
    duplicate: (type) => type.startsWith('call.machine'),
  };
  const leg = await call(
    {
      machineDetection: [{ afterMs: 0, kind: 'detection', result: 'machine' }],
      steps: [{ do: 'dtmf', digit: '1' }, ...(HANG_UP_SOON ?? [])],
    },
    PREMIUM,
  );

  const findings = await findingsOf(leg);

  expect(findings).toHaveLength(2);
  expect(server.eventTypes()).not.toContain('call.dtmf.received');
  expect(server.eventTypes().filter((type) => type === 'call.answered')).toHaveLength(1);
});

test('waits for a clear, also for one that came during the step before', async () => {
  const leg = await call({
    steps: [
      { do: 'wait-for-clear' },
      { do: 'tone', hz: 500, ms: 200 },
      { do: 'wait-for-clear', timeoutMs: 10_000 },
      { do: 'hang-up' },
    ],
  });
  await leg.until('stream-started');
  const stream = await server.stream();
  await stream.media(5);
  const saidBefore = toneLevel(leg.said(), 500);

  stream.send({ event: 'clear' });
  await leg.until('talk');
  stream.send({ event: 'clear' });

  await leg.until('ended');
  expect(saidBefore).toBe(0);
  expect(leg.clears).toHaveLength(2);
});

test('waits for another clear after the one that it has waited for', async () => {
  const leg = await call({
    steps: [{ do: 'wait-for-clear' }, { do: 'wait-for-clear', timeoutMs: 200 }, { do: 'hang-up' }],
  });
  await leg.until('stream-started');

  (await server.stream()).send({ event: 'clear' });

  expect((await leg.until('ended')).atMs - leg.clears[0]!.atMs).toBeGreaterThan(180);
});

test('goes on without a clear or a bridge after a while', async () => {
  const leg = await call({
    steps: [{ do: 'wait-for-clear', timeoutMs: 100 }, { do: 'wait-for-bridge', timeoutMs: 100 }, { do: 'hang-up' }],
  });

  const started = await leg.until('stream-started');
  const ended = await leg.until('ended');

  expect(ended.atMs - started.atMs).toBeGreaterThan(180);
});

test('tells when the callee begins to speak, once for each utterance', async () => {
  const leg = await call({});
  await leg.until('stream-started');
  const stream = await server.stream();
  stream.play(encodeMulaw(tone({ hz: 1_000, ms: 200 })));
  await leg.until('speech');

  const talk = leg.next('talk');
  leg.say(tone({ hz: 500, ms: 100 }));

  expect((await talk).atMs).toBeGreaterThan((await leg.until('speech')).atMs);
  await expect(leg.next('talk', 200)).rejects.toThrow("no 'talk'");
});

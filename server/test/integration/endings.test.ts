// However a call ends: the right status, a verdict that names the cause, no leg up, no session open, one dial.

import type { Failure } from '../../src/simulator/simulated-telnyx/failures';
import type { PhoneScript } from '../../src/simulator/simulated-telnyx/phone-script';
import { toneAmplitude } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

/** Ring timeouts and the like in seconds of 20 ms; our own deadlines in proportion. */
const SECOND_MS = 20;
/** 20 ms at 8 kHz. */
const FRAME_SAMPLES = 160;
const DEADLINES = {
  dialAnswerMs: 150,
  ringGraceMs: 300,
  dialOutcomeMs: 400,
  streamRetryMs: 150,
  streamStartMs: 1_500,
  hangupReportMs: 300,
  // Shorter than the sentence: that it is heard to its end is a matter of the unit tests.
  lastWordsMs: 300,
};

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start({ compose: { deadlines: DEADLINES }, telnyx: { secondMs: SECOND_MS } });
  bridge.openai.setDefaultScript({ turns: [{ say: [{ toneHz: 700, ms: 400, text: 'Hello.' }] }], otherwise: {} });
});

afterEach(async () => {
  await bridge.close();
});

async function expectNothingLeft(): Promise<void> {
  await bridge.telnyx.allLegsDown();
  await until(() => bridge.openai.liveSessions().length === 0);
  const status = await bridge.request('GET', '/api/ai-calls/status');
  expect(status.body).toMatchObject({ activeCalls: 0, calls: [] });
}

describe('a phone that', () => {
  test.each<[string, PhoneScript, string, string]>([
    ['is busy', { outcome: 'busy' }, 'busy', 'callee-busy'],
    ['nobody answers', { outcome: 'no-answer' }, 'no-answer', 'callee-no-answer'],
    ['declines', { outcome: 'reject' }, 'busy', 'callee-declined'],
    ['does not exist', { outcome: 'not-found' }, 'failed', 'number-unreachable'],
  ])('%s', async (_what, script, status, reason) => {
    bridge.telnyx.setDefaultScript(script);

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ status, endReason: reason, verdict: { reason, status } });
    expect(record['verdict']).toHaveProperty('details.hangupCause');
    await expectNothingLeft();
  });
});

describe('a dial that', () => {
  const refusedCountry: Failure = {
    kind: 'status',
    httpStatus: 403,
    code: '10010',
    detail: 'Dialed number is not included in whitelisted countries D13',
  };

  /** A repeated command id would be answered from the carrier's memory, so only the second try takes effect. */
  function loseBothAnswersAndPlaceTheCall(): void {
    bridge.telnyx.failNext('dial', { kind: 'hang' });
    bridge.telnyx.failNext('dial', { kind: 'hang', stillPlacesCall: true });
  }

  test('is refused ends the call with the code and its cure', async () => {
    bridge.telnyx.failNext('dial', refusedCountry);

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ status: 'failed', endReason: 'carrier-refused' });
    expect(record['verdict']).toMatchObject({ details: { httpStatus: 403, carrierCode: '10010', refusalCode: 'D13' } });
    expect((record['verdict'] as { details: { cure: string } }).details.cure).toMatch(/outbound voice profile/);
    expect(bridge.telnyx.legs).toHaveLength(0);
    await expectNothingLeft();
  });

  test('fails twice with a server error ends the call', async () => {
    bridge.telnyx.failNext('dial', { kind: 'status', httpStatus: 503 }, 2);

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ status: 'failed', endReason: 'carrier-unavailable' });
    expect(bridge.telnyx.legs).toHaveLength(0);
    await expectNothingLeft();
  });

  test('fails once and took effect all the same places one call', async () => {
    bridge.telnyx.failNext('dial', { kind: 'status', httpStatus: 500, stillPlacesCall: true });
    bridge.telnyx.setDefaultScript({ steps: [{ do: 'wait-for-speech' }, { do: 'hang-up' }] });

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ status: 'completed' });
    expect(bridge.telnyx.legs).toHaveLength(1);
    await expectNothingLeft();
  });

  test('is never answered and placed no call ends as an unknown outcome', async () => {
    bridge.telnyx.failNext('dial', { kind: 'hang' }, 2);

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ status: 'failed', endReason: 'dial-outcome-unknown' });
    expect(bridge.telnyx.legs).toHaveLength(0);
    await expectNothingLeft();
  });

  test('is never answered and placed a call goes on by its webhooks', async () => {
    loseBothAnswersAndPlaceTheCall();
    bridge.telnyx.setDefaultScript({ steps: [{ do: 'wait-for-speech' }, { do: 'hang-up' }] });

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
    expect(bridge.telnyx.legs).toHaveLength(1);
    await expectNothingLeft();
  });

  test('is given up and rings after all is hung up', async () => {
    await bridge.close();
    bridge = await TestBridge.start({ compose: { deadlines: DEADLINES } });
    loseBothAnswersAndPlaceTheCall();
    bridge.telnyx.webhookFaults.delayMs = 3_000;
    bridge.telnyx.setDefaultScript({ ringMs: 6_000 });

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ endReason: 'dial-outcome-unknown' });
    expect(bridge.telnyx.legs).toHaveLength(1);
    await expectNothingLeft();
  });
});

describe('a stream that', () => {
  test('fails for good ends the call after a few tries, with a word to the callee', async () => {
    bridge.telnyx.setDefaultScript({ stream: { kind: 'fails', reason: 'connection_failed' } });

    const record = await bridge.ended(await bridge.place(), 15_000);

    expect(record).toMatchObject({ status: 'failed', endReason: 'stream-not-started' });
    expect(record['verdict']).toMatchObject({ details: { failure: 'connection_failed' } });
    expect(bridge.telnyx.requests.filter(({ operation }) => operation === 'speak')).toHaveLength(1);
    await expectNothingLeft();
  });

  test('fails once is started anew, and the call goes on', async () => {
    bridge.telnyx.setDefaultScript({
      stream: { kind: 'fails', times: 1 },
      steps: [{ do: 'wait-for-speech' }, { do: 'hang-up' }],
    });

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
    await expectNothingLeft();
  });

  test('never comes, without a word from the carrier, ends the call', async () => {
    bridge.telnyx.setDefaultScript({ stream: { kind: 'never' } });

    const record = await bridge.ended(await bridge.place(), 15_000);

    expect(record).toMatchObject({ status: 'failed', endReason: 'stream-not-started' });
    await expectNothingLeft();
  });

  test('is lost ends the call and the leg', async () => {
    bridge.telnyx.setDefaultScript({
      steps: [{ do: 'wait-for-speech' }, { do: 'drop-stream' }],
      restarts: { kind: 'never' },
    });

    const record = await bridge.ended(await bridge.place(), 15_000);

    expect(record).toMatchObject({ status: 'failed', endReason: 'stream-lost' });
    expect(bridge.telnyx.legs[0]!.hangupSource).toBe('caller');
    await expectNothingLeft();
  });

  test('carries an encoding that cannot be decoded ends the call and names it', async () => {
    bridge.telnyx.setDefaultScript({ encoding: 'G722' });

    const record = await bridge.ended(await bridge.place(), 15_000);

    expect(record).toMatchObject({ status: 'failed', endReason: 'unsupported-encoding' });
    expect(record['verdict']).toMatchObject({ details: { encoding: 'G722', sampleRateHz: 8000 } });
    await expectNothingLeft();
  });
});

describe('an AI that', () => {
  test.each<[string, NonNullable<TestBridge['openai']['outage']>, string]>([
    ['refuses the key', { kind: 'invalid-key' }, 'ai-unauthorized'],
    ['has no credit left', { kind: 'insufficient-quota' }, 'ai-unauthorized'],
    ['does not know the model', { kind: 'model-not-found' }, 'ai-unauthorized'],
    ['answers each time with a plain HTTP error', { kind: 'http', status: 503 }, 'ai-unavailable'],
    ['refuses the settings', { kind: 'reject-update' }, 'ai-refused-session'],
    ['takes the settings and keeps its own audio format', { kind: 'ignore-formats' }, 'ai-refused-session'],
  ])('%s ends the call while it rings', async (_what, failure, reason) => {
    await bridge.close();
    // Seconds of their full length: opening a session again takes one.
    const env: Record<string, string> = failure.kind === 'ignore-formats' ? { OPENAI_AUDIO_FORMAT: 'pcmu' } : {};
    bridge = await TestBridge.start({ env, compose: { deadlines: DEADLINES } });
    bridge.openai.outage = failure;
    bridge.telnyx.setDefaultScript({ ringMs: 5_000 });

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ status: 'failed', endReason: reason, verdict: { result: 'ai-error' } });
    await expectNothingLeft();
  });

  test('is lost in the middle of the call for good lets the carrier say so before it hangs up', async () => {
    const callId = await bridge.place();
    const session = await bridge.openai.nextSession();
    await bridge.entry(callId, 'greeting.started');

    bridge.openai.outage = { kind: 'http', status: 503 };
    session.drop();
    const record = await bridge.ended(callId, 15_000);

    expect(record).toMatchObject({ status: 'failed', endReason: 'ai-connection-lost' });
    const operations = bridge.telnyx.requests.map(({ operation }) => operation);
    expect(operations.slice(-2)).toEqual(['speak', 'hangup']);
    expect(operations.filter((operation) => operation === 'hangup')).toHaveLength(1);
    await expectNothingLeft();
  });

  test('fails one response is asked again, and the callee hears the second', async () => {
    const fail = { type: 'server_error', code: 'server_error', message: 'The server had an error.' };
    bridge.openai.setDefaultScript({
      turns: [{ fail }, { say: [{ toneHz: 700, ms: 400, text: 'Hello.' }] }],
      otherwise: {},
    });

    const callId = await bridge.place();

    await bridge.entry(callId, 'greeting.started');
    await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    await bridge.ended(callId);
    await expectNothingLeft();
  });
});

describe('the server', () => {
  const GOODBYE_HZ = 900;

  /** A call of ten seconds, in real time. */
  async function placeTimed({ goodbyeMs }: { readonly goodbyeMs: number }): Promise<string> {
    await bridge.close();
    bridge = await TestBridge.start();
    const asked = [
      { say: [{ toneHz: 500, ms: 300, text: 'Hello.' }] },
      { say: [{ toneHz: 700, ms: 300, text: 'We have to come to an end.' }] },
      { say: [{ toneHz: GOODBYE_HZ, ms: goodbyeMs, text: 'Goodbye.' }] },
    ];
    bridge.openai.setDefaultScript({ asked, otherwise: {} });
    return bridge.place({ maxDurationSeconds: 10 });
  }

  function textsOf(record: Record<string, unknown>): string[] {
    return (record['transcript'] as { text: string }[]).map(({ text }) => text);
  }

  /** How long the callee heard this tone. */
  function msOfTone(hz: number): number {
    const heard = bridge.telnyx.legs[0]!.heard();
    const frames = Array.from({ length: Math.floor(heard.length / FRAME_SAMPLES) }, (_, index) =>
      heard.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES),
    );
    const isTone = (frame: Int16Array): boolean => toneAmplitude(frame, { hz, sampleRateHz: 8_000 }) > 3_000;
    return frames.filter(isTone).length * 20;
  }

  test('cancels a call that is not yet answered', async () => {
    bridge.telnyx.setDefaultScript({ ringMs: 5_000 });
    const callId = await bridge.place();
    await bridge.entry(callId, 'call.ringing');

    const answer = await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);

    expect(answer.body).toMatchObject({ status: 'canceled', endReason: 'api-canceled' });
    await expectNothingLeft();
  });

  test('hangs up a call whose dial is still on its way', async () => {
    bridge.telnyx.webhookFaults.beforeDialResponse = true;
    const callId = await bridge.place();

    const answer = await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    await bridge.ended(callId);

    expect(answer.body).toMatchObject({ status: 'canceled' });
    await expectNothingLeft();
  });

  test('ends a call at its maximum duration, with a warning and a goodbye that is heard before', async () => {
    const callId = await placeTimed({ goodbyeMs: 1_000 });
    const record = await bridge.ended(callId, 15_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'max-duration-reached' });
    expect(record['durationSeconds']).toBeGreaterThan(6);
    expect(record['durationSeconds']).toBeLessThan(9.5);
    const steps = (record['timeline'] as { step?: string }[]).map(({ step }) => step).filter(Boolean);
    expect(steps).toEqual(['warning', 'goodbye']);
    expect(textsOf(record)).toEqual(['Hello.', 'We have to come to an end.', 'Goodbye.']);
    expect(msOfTone(GOODBYE_HZ)).toBeGreaterThanOrEqual(1_000);
    expect(bridge.openai.sessions[0]!.responses.at(-1)!.instructions).toMatch(/goodbye/);
    await expectNothingLeft();
  });

  test('ends a call at its maximum duration even in the middle of a goodbye', async () => {
    const callId = await placeTimed({ goodbyeMs: 8_000 });
    const record = await bridge.ended(callId, 15_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'max-duration-reached' });
    expect(record['durationSeconds']).toBeCloseTo(10, 0);
    expect(record['transcript']).toContainEqual(expect.objectContaining({ isInterrupted: true }));
    expect(msOfTone(GOODBYE_HZ)).toBeLessThan(5_000);
    await expectNothingLeft();
  });

  test('keeps hanging up until the carrier does it', async () => {
    const callId = await bridge.place();
    await bridge.entry(callId, 'greeting.started');
    bridge.telnyx.failNext('hangup', { kind: 'status', httpStatus: 500 }, 4);

    await bridge.request('POST', `/api/ai-calls/${callId}/hangup`);
    const record = await bridge.ended(callId, 15_000);

    expect(record).toMatchObject({ status: 'completed', endReason: 'api-hung-up' });
    await expectNothingLeft();
  });

  test('ends every call when it is stopped', async () => {
    const callId = await bridge.place();
    await bridge.entry(callId, 'greeting.started');

    await bridge.stopServer();

    expect(bridge.statuses(callId).at(-1)).toBe('failed');
    await bridge.telnyx.allLegsDown();
    expect(bridge.openai.liveSessions()).toEqual([]);
  });

  test.each<[string, Partial<TestBridge['telnyx']['webhookFaults']>]>([
    ['doubled', { duplicate: true }],
    ['out of order', { reorder: true }],
    ['earlier than the answer to the dial', { beforeDialResponse: true }],
    ['late', { delayMs: 400 }],
    ['lost, but for the hang-up', { drop: (eventType) => eventType !== 'call.hangup' }],
  ])('gets through a call whose webhooks are %s', async (_what, faults) => {
    Object.assign(bridge.telnyx.webhookFaults, faults);
    bridge.telnyx.setDefaultScript({
      steps: [{ do: 'wait-for-speech' }, { do: 'wait-for-silence', silenceMs: 200 }, { do: 'hang-up' }],
    });

    const record = await bridge.ended(await bridge.place());

    expect(record).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
    expect(bridge.telnyx.legs).toHaveLength(1);
    await expectNothingLeft();
  });
});

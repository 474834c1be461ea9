// Keys that the callee presses: each counts once, on whatever way it comes, and reaches the conversation as words. In
// real time, since a pause is what ends a number.

import type { AiScript } from '../../src/simulator/simulated-openai/ai-script';
import type { RecordedEvent } from '../../src/simulator/simulated-openai/event-log';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import type { PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { toneAmplitude } from '../support/audio-fixtures';
import { expectHeardPosition } from '../support/heard-position';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const FRAME_MS = 20;
const OPENING_HZ = 700;
const ANSWER_HZ = 1_100;
const ANSWER_MS = 600;

const AI: AiScript = {
  turns: [{ say: [{ toneHz: OPENING_HZ, ms: 400, text: 'Please type your number.' }] }],
  otherwise: { say: [{ toneHz: ANSWER_HZ, ms: ANSWER_MS, text: 'Thank you.' }] },
};

/** The callee hears the opening to its end. */
const LISTEN: readonly PhoneStep[] = [{ do: 'wait-for-speech' }, { do: 'wait-for-silence', silenceMs: 300 }];

/** The callee hears an answer to its end and hangs up. */
const HEAR_AND_LEAVE: readonly PhoneStep[] = [
  { do: 'wait-for-speech' },
  { do: 'wait-for-silence', silenceMs: 300 },
  { do: 'hang-up' },
];

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript(AI);
});

afterEach(async () => {
  await bridge.close();
});

/** The record of a call to a phone that does this. */
async function finished(steps: readonly PhoneStep[]): Promise<Record<string, unknown>> {
  bridge.telnyx.setDefaultScript({ steps });
  return bridge.ended(await bridge.place(), 15_000);
}

/** What the callee of a silent AI has typed by the time the AI answers it. */
async function typed(steps: readonly PhoneStep[]): Promise<unknown[]> {
  bridge.telnyx.setDefaultScript({ ringMs: 200, steps });
  const callId = await bridge.place({ opening: 'silent' });
  await (await bridge.telnyx.nextLeg()).until('speech', 10_000);
  return digitsIn(await bridge.call(callId));
}

function theLeg(): SimulatedLeg {
  return bridge.telnyx.legs[0]!;
}

function theSession(): SimulatedSession {
  return bridge.openai.sessions[0]!;
}

function digitsIn(record: Record<string, unknown>): unknown[] {
  return (record['timeline'] as { type: string; digits?: string }[])
    .filter(({ type }) => type === 'dtmf.received')
    .map(({ digits }) => digits);
}

/** How long a tone was heard, milliseconds, to the frame. */
function heardMs(hz: number): number {
  const pcm = theLeg().heard();
  const frameSamples = FRAME_MS * 8;
  let frames = 0;
  for (let at = 0; at + frameSamples <= pcm.length; at += frameSamples) {
    if (toneAmplitude(pcm.subarray(at, at + frameSamples), { hz, sampleRateHz: 8_000 }) > 2_000) frames += 1;
  }
  return frames * FRAME_MS;
}

function isUserMessage({ type, event }: RecordedEvent): boolean {
  return type === 'conversation.item.create' && (event['item'] as { role?: string }).role === 'user';
}

/** What the AI was told on behalf of the callee. */
function userMessages(): string[] {
  return theSession()
    .clientEvents.filter(isUserMessage)
    .map(({ event }) => (event['item'] as { content: { text: string }[] }).content[0]!.text);
}

function expectNoViolations(): void {
  expect(theLeg().violations).toEqual([]);
  expect(theSession().violations).toEqual([]);
}

test.each(['both', 'stream', 'webhook'] as const)('presses that come by %s count once each', async (via) => {
  const digits = await typed([{ do: 'dtmf', digit: '1773', via }]);

  expect(digits).toEqual(['1773']);
  expect(userMessages()).toEqual([expect.stringContaining('1 7 7 3')]);
  expectNoViolations();
});

test.each(['both', 'webhook'] as const)(
  'presses by %s whose webhooks are delivered twice count once each',
  async (via) => {
    bridge.telnyx.webhookFaults.duplicate = (eventType) => eventType === 'call.dtmf.received';

    expect(await typed([{ do: 'dtmf', digit: '4415', via }])).toEqual(['4415']);
    expectNoViolations();
  },
);

test('presses that come on different ways count once each', async () => {
  const digits = await typed([
    { do: 'dtmf', digit: '5', via: 'stream' },
    { do: 'dtmf', digit: '6', via: 'webhook' },
    { do: 'wait', ms: 300 },
    { do: 'dtmf', digit: '7', via: 'both' },
  ]);

  expect(digits).toEqual(['567']);
  expectNoViolations();
});

test('keys and the pause after them become one message of the callee, and the AI answers it aloud', async () => {
  const record = await finished([...LISTEN, { do: 'dtmf', digit: '12' }, ...HEAR_AND_LEAVE]);

  expect(userMessages()).toEqual(['[I pressed these keys on my phone: 1 2]']);
  const events = theSession().clientEvents;
  const types = events.slice(events.findIndex(isUserMessage)).map(({ type }) => type);
  expect(types.filter((type) => type === 'response.create')).toHaveLength(1);
  expect(heardMs(ANSWER_HZ)).toBeGreaterThanOrEqual(ANSWER_MS - FRAME_MS);
  expect(digitsIn(record)).toEqual(['12']);
  expectNoViolations();
});

test('keys before and after a pause are two messages', async () => {
  const steps: PhoneStep[] = [
    ...LISTEN,
    { do: 'dtmf', digit: '12' },
    { do: 'wait-for-speech' },
    { do: 'wait-for-silence', silenceMs: 300 },
    { do: 'dtmf', digit: '3' },
    ...HEAR_AND_LEAVE,
  ];

  const record = await finished(steps);

  expect(digitsIn(record)).toEqual(['12', '3']);
  expect(userMessages()).toEqual([expect.stringContaining('1 2'), expect.stringContaining(': 3]')]);
  expectNoViolations();
});

test('# ends a number at once, so that a key soon after it begins another', async () => {
  const steps: PhoneStep[] = [
    ...LISTEN,
    { do: 'dtmf', digit: '42#' },
    { do: 'wait', ms: 400 },
    { do: 'dtmf', digit: '7' },
    { do: 'wait', ms: 2_000 },
    ...HEAR_AND_LEAVE,
  ];

  const record = await finished(steps);

  expect(digitsIn(record)).toEqual(['42#', '7']);
  expectNoViolations();
});

test.each(['stream', 'webhook'] as const)('a key by %s silences the AI as a word of the callee does', async (via) => {
  bridge.openai.setDefaultScript({
    ...AI,
    turns: [{ say: [{ toneHz: OPENING_HZ, ms: 6_000, text: 'One two three four five six seven eight nine ten.' }] }],
  });
  const press: PhoneStep[] = [{ do: 'wait-for-speech' }, { do: 'wait', ms: 800 }, { do: 'dtmf', digit: '5', via }];

  const record = await finished([...press, { do: 'wait-for-silence', silenceMs: 400 }, ...HEAR_AND_LEAVE]);

  const truncate = await theSession().until('conversation.item.truncate');
  expect(theLeg().clears).toHaveLength(1);
  expect(heardMs(OPENING_HZ)).toBeLessThan(3_000);
  expectHeardPosition(truncate['audio_end_ms'], theLeg().playedMsAtClear[0]);
  expect(record['timeline']).toContainEqual(
    expect.objectContaining({ type: 'assistant.interrupted', by: 'callee', heardMs: truncate['audio_end_ms'] }),
  );
  expect(digitsIn(record)).toEqual(['5']);
  expectNoViolations();
});

test('a key that silences the AI leaves the record with what was heard', async () => {
  bridge.openai.setDefaultScript({
    ...AI,
    turns: [{ say: [{ toneHz: OPENING_HZ, ms: 6_000, text: 'One two three four five six seven eight nine ten.' }] }],
  });
  bridge.telnyx.setDefaultScript({
    steps: [{ do: 'wait-for-speech' }, { do: 'wait', ms: 800 }, { do: 'dtmf', digit: '5' }],
  });

  const callId = await bridge.place();
  await bridge.entry(callId, 'dtmf.received');
  const transcript = async (): Promise<{ text: string }[]> =>
    (await bridge.call(callId))['transcript'] as { text: string }[];
  await until(async () => (await transcript()).length === 2);

  const [opening, answer] = await transcript();
  expect(opening).toMatchObject({ speaker: 'assistant', isInterrupted: true });
  expect(opening!.text).toMatch(/^One(?!.*ten)/);
  expect(answer).toMatchObject({ speaker: 'assistant', text: 'Thank you.', isInterrupted: false });
  expectNoViolations();
});

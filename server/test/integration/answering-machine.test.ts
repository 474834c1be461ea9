// What becomes of a call that a machine answers, by each way of dealing with it, and that people are never mistaken for
// one. In real time: announcements, beeps and messages are told apart by their place on the line.

import type { AiScript } from '../../src/simulator/simulated-openai/ai-script';
import {
  type DetectionResult,
  type GreetingResult,
  MACHINE_BEEP,
  type PhoneScript,
  type PhoneStep,
} from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { toneAmplitude } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const FRAME_MS = 20;

// Of a machine that is busy with other tests: what a reaction within a frame or two may take on the line.
const SLACK_MS = 600;

const OPENING_HZ = 700;
const OPENING_MS = 6_000;
const ANSWER_HZ = 1_100;
const MESSAGE_HZ = 1_600;
const MESSAGE = 'Please call us back.';
const MESSAGE_MS = 1_000;
const ANNOUNCEMENT_HZ = 500;
const BEEP_HZ = 1_000;

const AI: AiScript = {
  exact: { toneHz: MESSAGE_HZ, msPerCharacter: MESSAGE_MS / MESSAGE.length },
  turns: [{ say: [{ toneHz: OPENING_HZ, ms: OPENING_MS, text: 'Good morning, this is a long opening.' }] }],
  otherwise: { say: [{ toneHz: ANSWER_HZ, ms: 600, text: 'I see.' }] },
};

let bridge: TestBridge;

beforeEach(async () => {
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript(AI);
});

afterEach(async () => {
  await bridge.close();
});

function detected(result: DetectionResult): PhoneStep {
  return { do: 'machine', kind: 'detection', result };
}

function greetingOver(result: GreetingResult): PhoneStep {
  return { do: 'machine', kind: 'greeting', result };
}

function announcement(ms: number): PhoneStep {
  return { do: 'tone', hz: ANNOUNCEMENT_HZ, ms };
}

/** A call to a phone that does this, and its record when it is over. */
async function finished(steps: readonly PhoneStep[], body: Record<string, unknown>): Promise<Record<string, unknown>> {
  bridge.telnyx.setDefaultScript({ steps });
  return bridge.ended(await bridge.place(body), 18_000);
}

/** What a call says about machines; only one that leaves messages may have one. */
function dealing(answeringMachine: string): Record<string, unknown> {
  return { answeringMachine, ...(answeringMachine === 'leave-message' && { voicemailMessage: MESSAGE }) };
}

function theLeg(): SimulatedLeg {
  return bridge.telnyx.legs[0]!;
}

type Sound = { readonly startMs: number; readonly endMs: number; readonly totalMs: number };

/** Where a tone sounds in a recording of the line, and how long in all, to the frame. */
function sound(pcm: Int16Array, hz: number): Sound {
  const frameSamples = FRAME_MS * 8;
  const frames = Array.from({ length: Math.floor(pcm.length / frameSamples) }, (_, index) => index);
  const loud = frames.filter((index) => {
    const frame = pcm.subarray(index * frameSamples, (index + 1) * frameSamples);
    return toneAmplitude(frame, { hz, sampleRateHz: 8_000 }) > 2_000;
  });
  const [first = Number.NaN] = loud;
  const last = loud.at(-1) ?? Number.NaN;
  return { startMs: first * FRAME_MS, endMs: (last + 1) * FRAME_MS, totalMs: loud.length * FRAME_MS };
}

function expectHeardWhole(): Sound {
  const message = sound(theLeg().heard(), MESSAGE_HZ);
  expect(message.totalMs).toBeGreaterThanOrEqual(MESSAGE_MS - FRAME_MS);
  expect(message.totalMs).toBeLessThanOrEqual(MESSAGE_MS + FRAME_MS);
  return message;
}

function typesOf(record: Record<string, unknown>): string[] {
  return (record['timeline'] as { type: string }[]).map(({ type }) => type);
}

function entriesOf(record: Record<string, unknown>, type: string): Record<string, unknown>[] {
  return (record['timeline'] as { type: string }[]).filter((entry) => entry.type === type);
}

function expectNobodyAnsweredIt(): void {
  expect(bridge.openai.sessions[0]!.responses.filter(({ requestedBy }) => requestedBy === 'vad')).toEqual([]);
}

async function expectNothingLeft(): Promise<void> {
  await bridge.telnyx.allLegsDown();
  await until(() => bridge.openai.liveSessions().length === 0);
  expect(theLeg().violations).toEqual([]);
  expect(bridge.openai.sessions[0]!.violations).toEqual([]);
}

describe('the carrier', () => {
  test.each([
    ['off', undefined],
    ['hang-up', 'premium'],
    ['leave-message', 'premium'],
    ['ignore', 'premium'],
  ])('is asked who answers as %s needs it', async (answeringMachine, detection) => {
    bridge.telnyx.setDefaultScript({ ringMs: 5_000 });

    await bridge.place({ answeringMachine });

    const leg = await bridge.telnyx.nextLeg();
    expect(leg.dialBody.answering_machine_detection).toBe(detection);
  });

  test('is asked as the settings say when the call says nothing', async () => {
    await bridge.close();
    bridge = await TestBridge.start({ env: { ANSWERING_MACHINE: 'hang-up' } });
    bridge.telnyx.setDefaultScript({ ringMs: 5_000 });

    await bridge.place();
    await bridge.place({ to: '+12025550124', answeringMachine: 'off' });

    await until(() => bridge.telnyx.legs.length === 2);
    expect(bridge.telnyx.leg('+12025550123')?.dialBody.answering_machine_detection).toBe('premium');
    expect(bridge.telnyx.leg('+12025550124')?.dialBody.answering_machine_detection).toBeUndefined();
  });
});

describe('a call that hangs up on machines', () => {
  test('falls silent in the middle of its opening and takes the leg down', async () => {
    const steps: PhoneStep[] = [{ do: 'wait-for-speech' }, { do: 'wait', ms: 500 }, detected('machine')];

    const record = await finished(steps, dealing('hang-up'));

    expect(record).toMatchObject({ status: 'completed', endReason: 'machine-answered' });
    expect(record['verdict']).toMatchObject({ result: 'callee-unavailable', details: { result: 'machine' } });
    expect(entriesOf(record, 'machine.detected')).toMatchObject([{ result: 'machine' }]);
    expect(theLeg().clears.length).toBeGreaterThan(0);
    expect(sound(theLeg().heard(), OPENING_HZ).totalMs).toBeLessThan(500 + 2 * SLACK_MS);
    expect(record['transcript']).toMatchObject([{ speaker: 'assistant', isInterrupted: true }]);
    expect(bridge.telnyx.requests.map(({ operation }) => operation)).toEqual(['dial', 'hangup']);
    await expectNothingLeft();
  });

  test('hangs up at the beep when no verdict came before', async () => {
    const steps: PhoneStep[] = [announcement(400), MACHINE_BEEP, greetingOver('beep_detected')];

    const record = await finished(steps, dealing('hang-up'));

    expect(record).toMatchObject({ endReason: 'machine-answered' });
    expectNobodyAnsweredIt();
    await expectNothingLeft();
  });
});

describe('a call that leaves messages', () => {
  const leaving = dealing('leave-message');

  test('leaves its message after the beep, whole, and hangs up when it is heard', async () => {
    const steps: PhoneStep[] = [
      { do: 'wait-for-speech' },
      { do: 'wait', ms: 300 },
      detected('machine'),
      announcement(1_500),
      { do: 'wait', ms: 300 },
      MACHINE_BEEP,
      greetingOver('beep_detected'),
    ];

    const record = await finished(steps, leaving);

    expect(record).toMatchObject({ status: 'completed', endReason: 'voicemail-left', verdict: { result: 'success' } });
    const message = expectHeardWhole();
    expect(message.startMs).toBeGreaterThanOrEqual(sound(theLeg().said(), BEEP_HZ).endMs);
    expect(sound(theLeg().heard(), OPENING_HZ).endMs).toBeLessThan(
      sound(theLeg().said(), ANNOUNCEMENT_HZ).startMs + SLACK_MS,
    );
    expect(sound(theLeg().heard(), ANSWER_HZ).totalMs).toBe(0);
    expect(entriesOf(record, 'machine.greeting-ended')).toMatchObject([{ hasBeep: true }]);
    expect(entriesOf(record, 'voicemail.finished')).toMatchObject([{ outcome: 'heard' }]);
    await expectNothingLeft();
  });

  test('lets the AI answer no word of the announcement', async () => {
    const steps: PhoneStep[] = [
      { do: 'wait-for-speech' },
      announcement(600),
      detected('machine'),
      announcement(900),
      { do: 'wait', ms: 900 },
      announcement(900),
      { do: 'wait', ms: 900 },
      MACHINE_BEEP,
      greetingOver('beep_detected'),
    ];

    const record = await finished(steps, leaving);

    expect(record).toMatchObject({ endReason: 'voicemail-left' });
    expectNobodyAnsweredIt();
    expect(expectHeardWhole().startMs).toBeGreaterThanOrEqual(sound(theLeg().said(), BEEP_HZ).endMs);
    await expectNothingLeft();
  });

  test.each<[string, PhoneStep[]]>([
    ['the carrier hears no beep', [greetingOver('no_beep_detected')]],
    ['the carrier never tells that the announcement has ended', []],
  ])('leaves its message when the announcement is over and %s', async (_what, end) => {
    const steps: PhoneStep[] = [{ do: 'wait-for-speech' }, detected('machine'), announcement(1_000), ...end];

    const record = await finished(steps, leaving);

    expect(record).toMatchObject({ endReason: 'voicemail-left' });
    expect(expectHeardWhole().startMs).toBeGreaterThanOrEqual(sound(theLeg().said(), ANNOUNCEMENT_HZ).endMs);
    expectNobodyAnsweredIt();
    await expectNothingLeft();
  });

  test('waits out the pauses of an announcement whose end nobody tells', async () => {
    const steps: PhoneStep[] = [
      { do: 'wait-for-speech' },
      detected('machine'),
      announcement(600),
      { do: 'wait', ms: 1_500 },
      announcement(600),
    ];

    const record = await finished(steps, leaving);

    expect(record).toMatchObject({ endReason: 'voicemail-left' });
    expect(expectHeardWhole().startMs).toBeGreaterThanOrEqual(sound(theLeg().said(), ANNOUNCEMENT_HZ).endMs + 2_500);
    await expectNothingLeft();
  });

  test('takes a beep before any verdict for the machine that it is', async () => {
    const steps: PhoneStep[] = [
      announcement(600),
      MACHINE_BEEP,
      greetingOver('beep_detected'),
      { do: 'wait', ms: 200 },
      detected('machine'),
    ];

    const record = await finished(steps, leaving);

    expect(record).toMatchObject({ endReason: 'voicemail-left' });
    expect(expectHeardWhole().startMs).toBeGreaterThanOrEqual(sound(theLeg().said(), BEEP_HZ).endMs);
    expectNobodyAnsweredIt();
    await expectNothingLeft();
  });

  test('leaves one message when each piece of news comes twice', async () => {
    bridge.telnyx.webhookFaults.duplicate = (eventType) => eventType.startsWith('call.machine');
    const steps: PhoneStep[] = [
      { do: 'wait-for-speech' },
      detected('machine'),
      announcement(600),
      MACHINE_BEEP,
      greetingOver('beep_detected'),
    ];

    const record = await finished(steps, leaving);

    expect(record).toMatchObject({ endReason: 'voicemail-left' });
    expectHeardWhole();
    expect(typesOf(record).filter((type) => type.startsWith('machine.'))).toEqual([
      'machine.detected',
      'machine.greeting-ended',
    ]);
    await expectNothingLeft();
  });

  test('leaves the message of the settings when the call has none', async () => {
    await bridge.close();
    bridge = await TestBridge.start({ env: { ANSWERING_MACHINE: 'leave-message', VOICEMAIL_MESSAGE: MESSAGE } });
    bridge.openai.setDefaultScript(AI);
    bridge.telnyx.setDefaultScript({
      steps: [detected('machine'), announcement(400), MACHINE_BEEP, greetingOver('beep_detected')],
    });

    const record = await bridge.ended(await bridge.place(), 18_000);

    expect(record).toMatchObject({ endReason: 'voicemail-left' });
    expectHeardWhole();
    await expectNothingLeft();
  });

  test('hangs up on a fax without a message', async () => {
    const steps: PhoneStep[] = [{ do: 'wait-for-speech' }, detected('fax_detected')];

    const record = await finished(steps, leaving);

    expect(record).toMatchObject({ endReason: 'machine-answered', verdict: { details: { result: 'fax' } } });
    expect(sound(theLeg().heard(), MESSAGE_HZ).totalMs).toBe(0);
    await expectNothingLeft();
  });
});

describe('the conversation', () => {
  /** The callee hears the opening, says something, hears the answer to it, and hangs up. */
  function conversation(news: readonly PhoneStep[]): PhoneScript {
    return {
      machineDetection: [],
      steps: [
        { do: 'wait-for-speech' },
        ...news,
        { do: 'wait', ms: 500 },
        { do: 'tone', hz: ANNOUNCEMENT_HZ, ms: 600 },
        { do: 'wait-for-silence', silenceMs: 400 },
        { do: 'wait-for-speech' },
        { do: 'wait-for-silence', silenceMs: 300 },
        { do: 'hang-up' },
      ],
    };
  }

  async function expectConversation(record: Record<string, unknown>): Promise<void> {
    expect(record).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
    expect(sound(theLeg().heard(), ANSWER_HZ).totalMs).toBeGreaterThanOrEqual(600 - FRAME_MS);
    expect(sound(theLeg().heard(), MESSAGE_HZ).totalMs).toBe(0);
    expect(typesOf(record)).not.toContain('voicemail.finished');
    await expectNothingLeft();
  }

  test.each<[string, DetectionResult, string]>([
    ['hang-up', 'human_residence', 'human'],
    ['hang-up', 'not_sure', 'not-sure'],
    ['leave-message', 'human_business', 'human'],
    ['leave-message', 'silence', 'silence'],
    ['ignore', 'machine', 'machine'],
  ])('goes on with %s when the carrier says %s', async (answeringMachine, result, noted) => {
    bridge.telnyx.setDefaultScript(conversation([detected(result)]));

    const record = await bridge.ended(await bridge.place(dealing(answeringMachine)), 18_000);

    expect(entriesOf(record, 'machine.detected')).toMatchObject([{ result: noted }]);
    await expectConversation(record);
  });

  test.each(['hang-up', 'leave-message'])('goes on with %s when no verdict comes at all', async (answeringMachine) => {
    bridge.telnyx.setDefaultScript(conversation([]));

    const record = await bridge.ended(await bridge.place(dealing(answeringMachine)), 18_000);

    expect(typesOf(record)).not.toContain('machine.detected');
    await expectConversation(record);
  });

  test('goes on when a beep is heard in the call of a human', async () => {
    bridge.telnyx.setDefaultScript(conversation([detected('human_residence'), greetingOver('beep_detected')]));

    const record = await bridge.ended(await bridge.place(dealing('hang-up')), 18_000);

    expect(entriesOf(record, 'machine.greeting-ended')).toMatchObject([{ hasBeep: true }]);
    await expectConversation(record);
  });
});

// What a live call is told by the API, by the carrier's news and by its own conversation.

import type { AnsweringMachineMode } from '../../../src/calls/behaviour';
import { DEFAULT_BEHAVIOUR } from '../../../src/calls/behaviour';
import { MAX_INSTRUCTIONS } from '../../../src/calls/call';
import { CallNotFoundError, CallStateError, CarrierError } from '../../../src/calls/errors';
import type { CarrierOccurrence } from '../../../src/calls/ports';
import { aCallId } from '../../support/builders';
import { settle } from '../../support/manual-clock';
import { CallHarness, carrierError } from './call-harness';

const TO = '+12025550177';

let calls: CallHarness;

beforeEach(() => {
  calls = new CallHarness();
});

type Command = 'say' | 'instructions' | 'digits' | 'transfer';

function give(command: Command, callId: string): Promise<unknown> {
  const { service } = calls;
  const commands: Readonly<Record<Command, () => Promise<unknown>>> = {
    say: () => service.say(callId, { text: 'One moment.', timing: 'now', isProtected: false }),
    instructions: () => service.setInstructions(callId, { instructions: 'Be brief.', mode: 'replace' }),
    digits: () => service.sendDigits(callId, '12#'),
    transfer: () => service.transfer(callId, { to: TO, announcement: 'One moment.' }),
  };
  return commands[command]();
}

const COMMANDS: readonly Command[] = ['say', 'instructions', 'digits', 'transfer'];

test.each(COMMANDS)('%s for an unknown call says so', async (command) => {
  await expect(give(command, aCallId(99))).rejects.toThrow(CallNotFoundError);
});

test.each(COMMANDS)('%s for a call that is over is a conflict', async (command) => {
  const callId = await calls.talk();
  await calls.end(callId);

  await expect(give(command, callId)).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT', status: 'completed' });
});

test.each(['say', 'digits', 'transfer'] as const)('%s is a conflict until both sides are joined', async (command) => {
  const callId = await calls.place();
  await calls.ring(callId);
  await expect(give(command, callId)).rejects.toThrow(CallStateError);
  await calls.answer(callId);
  await expect(give(command, callId)).rejects.toThrow(CallStateError);

  calls.connectStream(callId);

  await expect(give(command, callId)).resolves.toBeDefined();
});

test.each(['say', 'digits', 'transfer'] as const)(
  '%s is a conflict once the callee is transferred',
  async (command) => {
    const callId = await calls.talk();
    void calls.conversations.last.controls.transfer(TO);
    await calls.event(callId, { type: 'leg.bridged' });
    await calls.clock.advanceAsync(10);

    await expect(give(command, callId)).rejects.toThrow(CallStateError);
  },
);

describe('say', () => {
  test('hands the text on, each under an id of its own', async () => {
    const callId = await calls.talk();
    const request = { text: 'One moment.', timing: 'next-pause', isProtected: true } as const;

    const first = await calls.service.say(callId, request);
    const second = await calls.service.say(callId, request);

    const ids = [first.sayId, second.sayId];
    expect(calls.conversations.last.says).toEqual(ids.map((sayId) => ({ ...request, sayId })));
    expect(new Set(ids).size).toBe(2);
    expect(first.call.callId).toBe(callId);
  });
});

describe('an order that the conversation does not take', () => {
  test.each([
    ['say', 'busy', /too many texts/i],
    ['say', 'ending', /is ending, or a machine has answered/],
    ['transfer', 'busy', /being transferred already/],
    ['transfer', 'ending', /is ending, or a machine has answered/],
  ] as const)('%s is a conflict that tells why: %s', async (command, refusal, why) => {
    const callId = await calls.talk();
    calls.conversations.last.refusal = refusal;

    const answer = give(command, callId);

    const message = expect.stringMatching(why) as string;
    await expect(answer).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT', status: 'in-progress', message });
  });
});

describe('instructions', () => {
  test.each([
    ['replace', 'Be brief.'],
    ['append', 'Confirm the appointment.\n\nBe brief.'],
  ] as const)('%s what the AI goes by, in the call, on record and on the timeline', async (mode, instructions) => {
    const callId = await calls.talk();

    const call = await calls.service.setInstructions(callId, { instructions: 'Be brief.', mode });

    expect(call.instructions).toBe(instructions);
    expect(calls.conversations.last.instructions).toEqual([instructions]);
    expect((await calls.recorded(callId))?.instructions).toBe(instructions);
    const timeline = await calls.service.timeline(callId);
    expect(timeline).toContainEqual(expect.objectContaining({ type: 'instructions.changed', data: { instructions } }));
  });

  test('that are appended twice are all there', async () => {
    const callId = await calls.talk();

    await calls.service.setInstructions(callId, { instructions: 'Be brief.', mode: 'append' });
    await calls.service.setInstructions(callId, { instructions: 'Be kind.', mode: 'append' });

    expect(calls.conversations.last.instructions.at(-1)).toBe('Confirm the appointment.\n\nBe brief.\n\nBe kind.');
  });

  test.each([
    ['replace', MAX_INSTRUCTIONS],
    ['append', MAX_INSTRUCTIONS - 'Confirm the appointment.\n\n'.length],
  ] as const)('%s up to as many characters as a call may have in all, and no more', async (mode, most) => {
    const callId = await calls.talk();

    const tooLong = calls.service.setInstructions(callId, { instructions: 'x'.repeat(most + 1), mode });
    await expect(tooLong).rejects.toBeInstanceOf(CallStateError);
    expect(calls.conversations.last.instructions).toEqual([]);
    expect((await calls.call(callId)).instructions).toBe('Confirm the appointment.');
    const call = await calls.service.setInstructions(callId, { instructions: 'x'.repeat(most), mode });

    expect(call.instructions).toHaveLength(MAX_INSTRUCTIONS);
  });

  test('that come while the phone rings reach the AI that is there already', async () => {
    const callId = await calls.place();
    await calls.ring(callId);

    await give('instructions', callId);

    expect(calls.conversations.last.instructions).toEqual(['Be brief.']);
  });

  test('that come before the AI is opened are those that it opens with', async () => {
    const dial = calls.holdDial();
    const callId = await calls.place();
    await give('instructions', callId);

    dial.resolve({ carrierCallId: 'leg-1' });
    await settle();

    expect(calls.conversations.last.call.instructions).toBe('Be brief.');
  });
});

describe('digits', () => {
  test.each<[string, (callId: string) => Promise<unknown>]>([
    ['the API', (callId) => give('digits', callId)],
    ['the AI', () => calls.conversations.last.controls.sendDigits('12#')],
  ])('of %s are played at the leg of the callee and noted', async (_, send) => {
    const callId = await calls.talk();

    await send(callId);

    expect(calls.carrier.digits).toMatchObject([{ command: { callId, carrierCallId: 'leg-1' }, digits: '12#' }]);
    const { entry } = calls.watcher.seen.at(-1)!;
    expect(entry).toMatchObject({ type: 'dtmf.sent', data: { digits: '12#' } });
  });

  test('that the carrier refuses were not sent', async () => {
    const callId = await calls.talk();
    calls.carrier.onSendDigits = () => Promise.reject(carrierError('refused'));

    await expect(give('digits', callId)).rejects.toThrow(CarrierError);

    expect(calls.watcher.types).not.toContain('dtmf.sent');
  });
});

describe('transfer', () => {
  test('is for the conversation to announce and carry out', async () => {
    const callId = await calls.talk();

    await give('transfer', callId);

    expect(calls.conversations.last.transfers).toEqual([{ to: TO, announcement: 'One moment.' }]);
    expect(calls.carrier.transfers).toEqual([]);
  });

  test('is a conflict while another phone rings', async () => {
    const callId = await calls.talk();
    void calls.conversations.last.controls.transfer(TO);

    await expect(give('transfer', callId)).rejects.toMatchObject({ code: 'CALL_STATE_CONFLICT' });

    expect(calls.conversations.last.transfers).toEqual([]);
  });

  test('is possible again after one that failed', async () => {
    const callId = await calls.talk();
    calls.carrier.onTransfer = () => Promise.reject(carrierError('refused'));
    await calls.conversations.last.controls.transfer(TO);

    await expect(give('transfer', callId)).resolves.toMatchObject({ callId });
  });
});

describe('the news of the carrier', () => {
  test.each<[string, CarrierOccurrence, object]>([
    ['a machine', { type: 'machine.detected', result: 'machine' }, { kind: 'detected', result: 'machine' }],
    ['a beep', { type: 'machine.greeting-ended', hasBeep: true }, { kind: 'greeting-ended', hasBeep: true }],
  ])('of %s reaches the conversation', async (_, occurrence, news) => {
    const callId = await calls.talk();

    await calls.event(callId, occurrence);

    expect(calls.conversations.last.machineNews).toEqual([news]);
  });

  test('of a key reaches the conversation, once for each delivery that counts', async () => {
    const callId = await calls.talk();

    for (const eventId of ['press', 'press', 'other']) {
      await calls.event(callId, { type: 'digit.received', digit: '5' }, { eventId });
    }

    expect(calls.conversations.last.digits).toEqual(['5', '5']);
  });
});

test.each<[AnsweringMachineMode, boolean]>([
  ['off', false],
  ['hang-up', true],
  ['leave-message', true],
  ['ignore', true],
])('with answeringMachine %s, that the dial asks for detection is %s', async (answeringMachine, detectsMachine) => {
  await calls.place({ behaviour: { ...DEFAULT_BEHAVIOUR, answeringMachine } });

  expect(calls.carrier.dials).toMatchObject([{ detectsMachine }]);
});

test('the time that remains is all of it before the answer, and counts down from there', async () => {
  const callId = await calls.place({ maxDurationSeconds: 60 });
  const { controls } = calls.conversations.last;
  await calls.clock.advanceAsync(20_000);
  expect(controls.remainingMs()).toBe(60_000);

  await calls.answer(callId);
  calls.connectStream(callId);
  await calls.clock.advanceAsync(25_000);
  expect(controls.remainingMs()).toBe(35_000);

  calls.clock.jumpWallClock(3_600_000);
  expect(controls.remainingMs()).toBe(35_000);
  await calls.clock.advanceAsync(40_000);
  expect(controls.remainingMs()).toBe(0);
});

test('the conversation ends the call with its own reason and facts', async () => {
  const callId = await calls.talk();

  calls.conversations.last.controls.end('machine-answered', { result: 'fax' });

  const verdict = { reason: 'machine-answered', details: { result: 'fax' } };
  expect(await calls.call(callId)).toMatchObject({ status: 'completed', verdict });
});

describe('a conversation that goes wrong', () => {
  test('in its making ends the call', async () => {
    calls.conversations.before = () => {
      throw new TypeError('bug');
    };

    const callId = await calls.place();

    expect(await calls.reason(callId)).toBe('internal-error');
    expect(calls.hungUp).toEqual(['leg-1']);
    expect(calls.clock.pendingTimers).toBe(0);
  });

  test('in its closing does not keep the leg up', async () => {
    const callId = await calls.talk();
    calls.conversations.last.onClose = () => {
      throw new TypeError('bug');
    };

    await calls.service.hangUp(callId);
    await settle();

    expect(calls.hungUp).toEqual(['leg-1']);
    expect(await calls.reason(callId)).toBe('api-hung-up');
    await calls.service.whenIdle();
  });

  test('by doing nothing at all is ended by the maximum duration', async () => {
    const callId = await calls.place({ maxDurationSeconds: 60 });
    await calls.answer(callId);
    calls.connectStream(callId);

    await calls.clock.advanceAsync(60_000);

    expect(await calls.reason(callId)).toBe('max-duration-reached');
    expect(calls.hungUp).toEqual(['leg-1']);
  });
});

test('what a conversation tells while it is closed is on record before the leg is', async () => {
  const callId = await calls.talk();
  const { last } = calls.conversations;
  last.onClose = () => last.report({ type: 'say.finished', sayId: 'say-1', outcome: 'interrupted' });

  await calls.end(callId);

  const types = calls.watcher.types;
  expect(types.indexOf('say.finished')).toBeGreaterThan(0);
  expect(types.indexOf('say.finished')).toBeLessThan(types.indexOf('call.completed'));
  expect(types.at(-1)).toBe('leg.down');
});

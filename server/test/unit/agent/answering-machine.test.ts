import fc from 'fast-check';
import { AnsweringMachine } from '../../../src/agent/answering-machine';
import type { AnsweringMachineMode } from '../../../src/calls/behaviour';
import type { MachineNews } from '../../../src/calls/conversation-ports';
import type { MachineResult } from '../../../src/calls/conversation-events';
import { FakeCallControls, FakeVoiceLine } from '../../support/agent-fakes';
import { ManualClock, settle } from '../../support/manual-clock';

const QUIET_MS = 2_500;
const WAIT_MAX_MS = 35_000;
const LAST_WORD_MS = 500;
const TOTAL_MAX_MS = 90_000;
const HURRY_MAX_MS = 8_000;

const BEEP: MachineNews = { kind: 'greeting-ended', hasBeep: true };
const NO_BEEP: MachineNews = { kind: 'greeting-ended', hasBeep: false };
const NOT_LEFT = { reason: 'machine-answered', details: { result: 'machine', messageLeft: false } };

let clock: ManualClock;
let line: FakeVoiceLine;
let controls: FakeCallControls;
let takeOvers: number;
let machine: AnsweringMachine;

function makeMachine(mode: AnsweringMachineMode, message?: string): void {
  clock = new ManualClock();
  line = new FakeVoiceLine();
  controls = new FakeCallControls();
  takeOvers = 0;
  const onTakeOver = (): void => {
    takeOvers += 1;
  };
  machine = new AnsweringMachine({ mode, message }, { clock, line, controls, onTakeOver });
}

function detected(result: MachineResult): MachineNews {
  return { kind: 'detected', result };
}

async function settleSpeech(outcome: 'heard' | 'interrupted' | 'unspoken'): Promise<void> {
  line.settleSpeech(outcome);
  await settle();
}

beforeEach(() => makeMachine('leave-message', 'Please call back.'));

describe('in every mode but off', () => {
  test.each<AnsweringMachineMode>(['ignore', 'hang-up', 'leave-message'])('reports the news (%s)', (mode) => {
    makeMachine(mode);
    machine.onNews(detected('not-sure'));
    machine.onNews(NO_BEEP);

    expect(controls.events).toEqual([
      { type: 'machine.detected', result: 'not-sure' },
      { type: 'machine.greeting-ended', hasBeep: false },
    ]);
  });

  test('reports the same news once', () => {
    for (const news of [detected('machine'), detected('machine'), NO_BEEP, NO_BEEP, BEEP]) machine.onNews(news);

    expect(controls.events.map(({ type }) => type)).toEqual([
      'machine.detected',
      'machine.greeting-ended',
      'machine.greeting-ended',
    ]);
  });

  test.each<AnsweringMachineMode>(['hang-up', 'leave-message'])(
    'goes on with a person, with silence and in doubt (%s)',
    (mode) => {
      for (const result of ['human', 'not-sure', 'silence'] as const) {
        makeMachine(mode);
        machine.onNews(detected(result));
        clock.advance(TOTAL_MAX_MS);

        expect({ takeOvers, commands: line.commands, ends: controls.ends }).toEqual({
          takeOvers: 0,
          commands: [],
          ends: [],
        });
      }
    },
  );

  test('does nothing to a person, whatever is said later', () => {
    makeMachine('hang-up');
    for (const news of [detected('human'), BEEP, detected('machine'), detected('fax')]) machine.onNews(news);

    expect(takeOvers).toBe(0);
    expect(controls.ends).toEqual([]);
  });

  test.each([
    ['a later verdict', detected('machine')],
    ['a beep', BEEP],
  ])('still believes %s after a doubtful verdict', (_, news) => {
    makeMachine('hang-up');
    machine.onNews(detected('not-sure'));
    machine.onNews(news);

    expect(controls.ends).toEqual([{ reason: 'machine-answered', details: { result: 'machine' } }]);
  });
});

test('ignores everything when it is off', () => {
  makeMachine('off');
  for (const news of [detected('machine'), BEEP, detected('fax')]) machine.onNews(news);

  expect(controls.events).toEqual([]);
  expect(controls.ends).toEqual([]);
  expect(takeOvers).toBe(0);
});

test('only reports when it is to ignore machines', () => {
  makeMachine('ignore');
  for (const news of [detected('machine'), BEEP, detected('fax')]) machine.onNews(news);

  expect(controls.events).toHaveLength(3);
  expect(controls.ends).toEqual([]);
  expect(line.commands).toEqual([]);
  expect(takeOvers).toBe(0);
});

describe('hang-up', () => {
  beforeEach(() => makeMachine('hang-up'));

  test.each([
    [detected('machine'), 'machine'],
    [detected('fax'), 'fax'],
    [BEEP, 'machine'],
  ])('silences the AI and ends the call at %j', (news, result) => {
    controls.onEnd = () => expect(line.commands).toEqual([{ type: 'interrupt', by: 'api' }]);
    machine.onNews(news);

    expect(takeOvers).toBe(1);
    expect(controls.ends).toEqual([{ reason: 'machine-answered', details: { result } }]);
  });

  test('does so once', () => {
    for (const news of [BEEP, detected('machine'), detected('machine'), BEEP]) machine.onNews(news);

    expect(takeOvers).toBe(1);
    expect(controls.ends).toHaveLength(1);
  });

  test('does not take the end of an announcement without a beep for a machine', () => {
    machine.onNews(NO_BEEP);

    expect(controls.ends).toEqual([]);
  });
});

describe('leave-message: when it begins', () => {
  test('silences the AI and only listens until there is a beep', () => {
    machine.onNews(detected('machine'));
    clock.advance(5_000);
    expect(takeOvers).toBe(1);
    expect(line.commands).toEqual([
      { type: 'interrupt', by: 'api' },
      { type: 'take-turns', by: 'listen' },
    ]);

    machine.onNews(BEEP);

    expect(line.spoken).toEqual([{ content: { kind: 'words', words: 'Please call back.' }, isProtected: true }]);
  });

  test('lets the AI find the words when none are given', () => {
    makeMachine('leave-message');
    machine.onNews(BEEP);

    expect(line.spoken).toEqual([
      {
        content: { kind: 'directive', directive: expect.stringContaining('instructions') as string },
        isProtected: true,
      },
    ]);
  });

  test('speaks at once after a beep that comes before the verdict, which changes nothing then', () => {
    machine.onNews(BEEP);
    machine.onNews(detected('machine'));
    machine.onNews(BEEP);

    expect(takeOvers).toBe(1);
    expect(line.commands.map(({ type }) => type)).toEqual(['interrupt', 'take-turns', 'speak']);
  });

  test('speaks when the carrier has given up waiting for a beep', () => {
    machine.onNews(detected('machine'));
    machine.onNews(NO_BEEP);

    expect(line.spoken).toHaveLength(1);
  });

  test('speaks when the news of the announcement overtook the verdict', () => {
    machine.onNews(NO_BEEP);
    machine.onNews(detected('machine'));

    expect(line.spoken).toHaveLength(1);
  });

  test('speaks when the announcement has stopped for good, not at its pauses', () => {
    machine.onNews(detected('machine'));
    machine.onCalleeStopped();
    clock.advance(QUIET_MS - 1);
    machine.onCalleeStarted();
    clock.advance(QUIET_MS);
    machine.onCalleeStopped();
    clock.advance(QUIET_MS - 1);
    expect(line.spoken).toEqual([]);

    clock.advance(1);

    expect(line.spoken).toHaveLength(1);
  });

  test('listens a moment when the announcement had stopped before the verdict', () => {
    machine.onCalleeStarted();
    machine.onCalleeStopped();
    clock.advance(10_000);
    machine.onNews(detected('machine'));
    expect(line.spoken).toEqual([]);

    clock.advance(QUIET_MS);

    expect(line.spoken).toHaveLength(1);
  });

  test('waits for an announcement that goes on, for 35 s and no longer', () => {
    machine.onCalleeStarted();
    machine.onNews(detected('machine'));
    clock.advance(WAIT_MAX_MS - 1);
    expect(line.spoken).toEqual([]);

    clock.advance(1);

    expect(line.spoken).toHaveLength(1);
  });

  test('speaks once, whatever else would have been a reason to begin', () => {
    machine.onNews(detected('machine'));
    machine.onCalleeStopped();
    machine.onNews(NO_BEEP);
    machine.onNews(NO_BEEP);
    machine.onCalleeStopped();
    clock.advance(WAIT_MAX_MS);

    expect(line.spoken).toHaveLength(1);
  });

  test.each([
    ['before', () => machine.onNews(detected('fax')), { result: 'fax' }],
    [
      'after',
      () => [BEEP, detected('fax')].forEach((news) => machine.onNews(news)),
      { result: 'fax', messageLeft: false },
    ],
  ])('leaves no message on a fax that is known %s a beep', (_, act, details) => {
    act();
    clock.advance(TOTAL_MAX_MS);

    expect(controls.ends).toEqual([{ reason: 'machine-answered', details }]);
  });
});

describe('leave-message: how it ends', () => {
  test('hangs up half a second after the message was heard', async () => {
    machine.onNews(BEEP);
    await settleSpeech('heard');
    expect(controls.of('voicemail.finished')).toEqual([{ type: 'voicemail.finished', outcome: 'heard' }]);
    clock.advance(LAST_WORD_MS - 1);
    expect(controls.ends).toEqual([]);

    clock.advance(1);

    expect(controls.ends).toEqual([{ reason: 'voicemail-left' }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test.each(['interrupted', 'unspoken'] as const)('speaks once more when it was %s', async (outcome) => {
    machine.onNews(BEEP);
    await settleSpeech(outcome);
    expect(line.spoken).toHaveLength(2);
    expect(controls.of('voicemail.finished')).toEqual([]);

    await settleSpeech('heard');
    clock.advance(LAST_WORD_MS);

    expect(controls.ends).toEqual([{ reason: 'voicemail-left' }]);
  });

  test.each(['interrupted', 'unspoken'] as const)('gives up when it was %s twice', async (outcome) => {
    machine.onNews(BEEP);
    await settleSpeech(outcome);
    await settleSpeech(outcome);

    expect(line.spoken).toHaveLength(2);
    expect(controls.of('voicemail.finished')).toEqual([{ type: 'voicemail.finished', outcome }]);
    expect(controls.ends).toEqual([NOT_LEFT]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('does not begin again with a beep that comes after it has given up', async () => {
    machine.onNews(detected('machine'));
    machine.onNews(NO_BEEP);
    await settleSpeech('unspoken');
    await settleSpeech('unspoken');
    machine.onNews(BEEP);

    expect(line.spoken).toHaveLength(2);
    expect(controls.ends).toEqual([NOT_LEFT]);
  });

  test('ends everything after 90 s, in the middle of the message too', () => {
    machine.onNews(detected('machine'));
    clock.advance(TOTAL_MAX_MS - 1);
    expect(controls.ends).toEqual([]);

    clock.advance(1);

    expect(controls.of('voicemail.finished')).toEqual([{ type: 'voicemail.finished', outcome: 'interrupted' }]);
    expect(controls.ends).toEqual([NOT_LEFT]);
  });

  test('counts a message that was heard just before the 90 s as left', async () => {
    machine.onNews(BEEP);
    clock.advance(TOTAL_MAX_MS - 1);
    await settleSpeech('heard');
    clock.advance(LAST_WORD_MS);

    expect(controls.ends).toEqual([{ reason: 'voicemail-left' }]);
  });

  test('is not moved by what comes after the message', async () => {
    machine.onNews(BEEP);
    await settleSpeech('heard');
    for (const result of ['machine', 'human', 'fax'] as const) machine.onNews(detected(result));
    machine.onNews(BEEP);
    clock.advance(TOTAL_MAX_MS);

    expect(controls.ends).toEqual([{ reason: 'voicemail-left' }]);
    expect(line.spoken).toHaveLength(1);
  });

  test('stays with the machine when a verdict for a person follows', () => {
    machine.onNews(detected('machine'));
    machine.onNews(detected('human'));
    machine.onNews(BEEP);

    expect(takeOvers).toBe(1);
    expect(line.spoken).toHaveLength(1);
  });
});

describe('leave-message: when there is no time left', () => {
  test('a message that has begun comes to its end', async () => {
    machine.onNews(BEEP);
    machine.hurry();
    await clock.advanceAsync(HURRY_MAX_MS - 1);

    await settleSpeech('heard');
    await clock.advanceAsync(LAST_WORD_MS);

    expect(controls.ends).toEqual([{ reason: 'voicemail-left' }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a message that takes too long is given up, and one that has not begun at once', () => {
    machine.onNews(BEEP);
    machine.hurry();
    clock.advance(HURRY_MAX_MS);
    expect(controls.ends).toEqual([NOT_LEFT]);

    makeMachine('leave-message');
    machine.onNews(detected('machine'));
    machine.hurry();

    expect(controls.ends).toEqual([NOT_LEFT]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('leave-message: a beep into the message', () => {
  function beginWithoutBeep(): void {
    machine.onNews(detected('machine'));
    machine.onCalleeStopped();
    clock.advance(QUIET_MS);
  }

  test('stops it and starts over, once', async () => {
    beginWithoutBeep();
    machine.onNews(BEEP);
    machine.onNews(BEEP);

    expect(line.commands.slice(2).map(({ type }) => type)).toEqual(['speak', 'interrupt', 'speak']);
    await settleSpeech('interrupted');
    expect(line.spoken).toHaveLength(2);
    await settleSpeech('heard');
    clock.advance(LAST_WORD_MS);
    expect(controls.ends).toEqual([{ reason: 'voicemail-left' }]);
  });

  test('starts over even when the message had just been heard to the end', async () => {
    beginWithoutBeep();
    await settleSpeech('heard');
    clock.advance(LAST_WORD_MS - 1);
    machine.onNews(BEEP);
    clock.advance(LAST_WORD_MS * 10);
    expect(controls.ends).toEqual([]);
    expect(line.spoken).toHaveLength(2);

    await settleSpeech('heard');
    clock.advance(LAST_WORD_MS);

    expect(controls.ends).toEqual([{ reason: 'voicemail-left' }]);
  });

  test('does not use up the second try of a message that fails', async () => {
    beginWithoutBeep();
    machine.onNews(BEEP);
    await settleSpeech('interrupted');
    await settleSpeech('interrupted');

    expect(line.spoken).toHaveLength(3);
    expect(controls.ends).toEqual([]);
  });

  test('does not move a message that was begun with a beep', () => {
    machine.onNews(BEEP);
    machine.onNews(BEEP);

    expect(line.of('interrupt')).toHaveLength(1);
    expect(line.spoken).toHaveLength(1);
  });
});

test.each<[string, () => Promise<void>]>([
  ['while it waits', () => settle()],
  ['while the message is spoken', () => (machine.onNews(BEEP), settle())],
  ['when the message was heard', () => (machine.onNews(BEEP), settleSpeech('heard'))],
])('does and reports nothing after close %s, and leaves no timer', async (_, act) => {
  machine.onNews(detected('machine'));
  await act();
  const before = { events: controls.events.length, commands: line.commands.length };
  machine.close();
  machine.close();
  expect(clock.pendingTimers).toBe(0);

  if (line.pendingSpeeches > 0) await settleSpeech('interrupted');
  for (const news of [detected('fax'), BEEP, NO_BEEP]) machine.onNews(news);
  machine.onCalleeStarted();
  machine.onCalleeStopped();
  expect(clock.pendingTimers).toBe(0);
  clock.advance(TOTAL_MAX_MS);

  expect({ events: controls.events.length, commands: line.commands.length }).toEqual(before);
  expect(controls.ends).toEqual([]);
});

type Step = MachineNews | 'started' | 'stopped' | 'heard' | 'interrupted' | 'unspoken' | 'wait';

const steps = fc.constantFrom<Step>(
  ...(['human', 'machine', 'fax', 'silence', 'not-sure'] as const).map(detected),
  BEEP,
  NO_BEEP,
  'started',
  'stopped',
  'heard',
  'interrupted',
  'unspoken',
  'wait',
);

async function take(step: Step): Promise<void> {
  if (step === 'started') machine.onCalleeStarted();
  else if (step === 'stopped') machine.onCalleeStopped();
  else if (step === 'wait') clock.advance(1_000);
  else if (typeof step !== 'string') machine.onNews(step);
  else if (line.pendingSpeeches > 0) await settleSpeech(step);
}

test('ends a call that it has taken over within 90 s and exactly once, whatever happens in which order', async () => {
  const stories = fc.array(steps, { maxLength: 20 });
  const modes = fc.constantFrom<AnsweringMachineMode>('hang-up', 'leave-message');
  await fc.assert(
    fc.asyncProperty(modes, stories, async (mode, story) => {
      makeMachine(mode);
      for (const step of story) await take(step);
      await clock.advanceAsync(TOTAL_MAX_MS + LAST_WORD_MS);

      expect(controls.ends).toHaveLength(takeOvers);
      expect(takeOvers).toBeLessThanOrEqual(1);
      expect(line.spoken.length).toBeLessThanOrEqual(3);
      expect(clock.pendingTimers).toBe(0);
    }),
    { numRuns: 200 },
  );
});

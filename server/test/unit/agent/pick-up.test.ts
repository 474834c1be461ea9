// Who speaks first, and when: with an AI that is early or late, and a callee who says hello or nothing.

import { ANSWER_HELLO, OPEN_CONVERSATION } from '../../../src/agent/directives';
import { PickUp, type PickUpOptions } from '../../../src/agent/pick-up';
import { FakeVoiceLine } from '../../support/agent-fakes';
import { ManualClock, settle } from '../../support/manual-clock';

const HELLO_TIMEOUT_MS = 2_500;

let clock: ManualClock;
let line: FakeVoiceLine;
/** What was asked of the turn-taking, in order. */
let listening: boolean[];
let pickUp: PickUp;

function makePickUp(changes: Partial<PickUpOptions> = {}): void {
  clock = new ManualClock();
  line = new FakeVoiceLine();
  listening = [];
  const options = { opening: 'greet', helloTimeoutMs: HELLO_TIMEOUT_MS, protectGreeting: false, ...changes } as const;
  const setListening = (isOn: boolean): void => void listening.push(isOn);
  pickUp = new PickUp({ greeting: undefined, ...options }, { clock, line, setListening });
}

/** True while the AI only listens. */
function isListening(): boolean {
  return listening.at(-1) === true;
}

/** The directions that the AI was given to open with. */
function directives(): string[] {
  return line.spoken.map(({ content }) => (content.kind === 'directive' ? content.directive : content.kind));
}

/** The callee says something from beginning to end. */
function sayHello(): void {
  line.isCalleeSpeaking = true;
  line.isCalleeSpeaking = false;
  pickUp.onCalleeStopped();
}

describe('with a greeting', () => {
  beforeEach(() => makePickUp());

  test('the AI opens while the phone still rings, in its own words and with its tools', () => {
    pickUp.onReady();

    const content = { kind: 'directive', directive: OPEN_CONVERSATION };
    expect(line.spoken).toEqual([{ content, isProtected: false, isReply: false, mayUseTools: true }]);
  });

  test('given words are spoken exactly, and tools wait', () => {
    makePickUp({ greeting: 'Good morning.' });

    pickUp.onReady();

    const content = { kind: 'words', words: 'Good morning.' };
    expect(line.spoken).toEqual([{ content, isProtected: false, isReply: false, mayUseTools: false }]);
  });

  test.each([true, false])('that it cannot be interrupted is %s as the call has it', (protectGreeting) => {
    makePickUp({ protectGreeting });

    pickUp.onReady();

    expect(line.spoken).toMatchObject([{ isProtected: protectGreeting }]);
  });

  test('the AI opens once, whatever is told again', () => {
    pickUp.onReady();
    pickUp.onStreamStarted();
    pickUp.onAiStarted();
    sayHello();
    pickUp.onReady();
    pickUp.onStreamStarted();

    expect(line.spoken).toHaveLength(1);
  });

  test('an AI that comes late greets first: until it is heard it answers nobody', async () => {
    pickUp.onStreamStarted();
    expect(isListening()).toBe(true);
    sayHello();
    expect(line.spoken).toEqual([]);

    pickUp.onReady();
    await settle();
    expect(directives()).toEqual([OPEN_CONVERSATION]);
    expect(isListening()).toBe(true);
    pickUp.onAiStarted();

    expect(isListening()).toBe(false);
  });

  test('a hello that comes while the greeting is still being made does not cut it off unheard', () => {
    pickUp.onReady();

    pickUp.onStreamStarted();
    expect(isListening()).toBe(true);
    pickUp.onAiStarted();

    expect(isListening()).toBe(false);
  });

  test('a greeting that was heard before the stream was told of can be interrupted', () => {
    pickUp.onReady();
    pickUp.onAiStarted();

    pickUp.onStreamStarted();

    expect(isListening()).toBe(false);
  });

  test.each(['unspoken', 'interrupted', 'heard'] as const)(
    'a late greeting that is %s without a sound told does not leave the AI listening for ever',
    async (outcome) => {
      pickUp.onStreamStarted();
      pickUp.onReady();

      line.settleSpeech(outcome);
      await settle();

      expect(isListening()).toBe(false);
    },
  );

  test('the end of the greeting changes nothing once it was heard', async () => {
    pickUp.onStreamStarted();
    pickUp.onReady();
    pickUp.onAiStarted();
    const before = [...listening];

    line.settleSpeech('heard');
    await settle();
    pickUp.onAiStarted();

    expect(listening).toEqual(before);
  });
});

describe('waiting for a hello', () => {
  beforeEach(() => makePickUp({ opening: 'wait-for-hello' }));

  /** Both sides are there. */
  function connect(): void {
    pickUp.onReady();
    pickUp.onStreamStarted();
  }

  test('the AI listens from the beginning and says nothing', () => {
    expect(isListening()).toBe(true);

    connect();
    clock.advance(HELLO_TIMEOUT_MS - 1);

    expect(line.spoken).toEqual([]);
    expect(isListening()).toBe(true);
  });

  test('the AI answers the hello when it is over', () => {
    connect();

    sayHello();

    expect(directives()).toEqual([ANSWER_HELLO]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('given words answer the hello as they are', () => {
    makePickUp({ opening: 'wait-for-hello', greeting: 'Good morning.', protectGreeting: true });
    connect();

    sayHello();

    const content = { kind: 'words', words: 'Good morning.' };
    expect(line.spoken).toEqual([{ content, isProtected: true, isReply: true, mayUseTools: false }]);
  });

  test.each([
    [true, 'says hello', sayHello],
    [false, 'says nothing', () => clock.advance(HELLO_TIMEOUT_MS)],
  ])('that the callee waits for the opening is %s of one who %s', (isReply, _what, act) => {
    connect();

    act();

    expect(line.spoken).toMatchObject([{ isReply }]);
  });

  test.each(['the AI', 'the stream'])('a callee who says nothing is greeted in time when %s comes last', (last) => {
    const steps = [() => pickUp.onReady(), () => pickUp.onStreamStarted()];
    const [first, second] = last === 'the AI' ? steps.toReversed() : steps;
    first?.();
    clock.advance(10_000);
    expect(line.spoken).toEqual([]);

    second?.();
    clock.advance(HELLO_TIMEOUT_MS - 1);
    expect(line.spoken).toEqual([]);
    clock.advance(1);

    expect(directives()).toEqual([OPEN_CONVERSATION]);
  });

  test('a stream that is replaced meanwhile does not start the wait anew', () => {
    connect();
    clock.advance(HELLO_TIMEOUT_MS - 1);

    pickUp.onStreamStarted();
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1);

    expect(line.spoken).toHaveLength(1);
  });

  test('a callee who speaks when the time is up is heard out, and then answered', () => {
    connect();
    line.isCalleeSpeaking = true;

    clock.advance(2 * HELLO_TIMEOUT_MS);
    expect(line.spoken).toEqual([]);
    sayHello();

    expect(directives()).toEqual([ANSWER_HELLO]);
  });

  test('an opening that nobody has heard yet waits for a hello that begins just then', async () => {
    makePickUp({ opening: 'wait-for-hello' });
    pickUp.onReady();
    pickUp.onStreamStarted();
    clock.advance(HELLO_TIMEOUT_MS);

    line.isCalleeSpeaking = true;
    pickUp.onCalleeStarted();
    line.settleSpeech('unspoken');
    await settle();
    expect(line.of('interrupt')).toHaveLength(1);
    expect(isListening()).toBe(true);
    sayHello();

    expect(directives()).toEqual([OPEN_CONVERSATION, ANSWER_HELLO]);
  });

  test('the AI opens once, however much the callee says', () => {
    connect();

    sayHello();
    sayHello();
    clock.advance(2 * HELLO_TIMEOUT_MS);

    expect(line.spoken).toHaveLength(1);
  });

  test('the conversation is open when the AI is heard, and not before', () => {
    connect();

    sayHello();
    expect(isListening()).toBe(true);
    pickUp.onAiStarted();

    expect(isListening()).toBe(false);
  });

  test('an AI that is heard before the hello, whatever it says, has opened the conversation', () => {
    connect();

    pickUp.onAiStarted();
    expect(isListening()).toBe(false);
    expect(clock.pendingTimers).toBe(0);
    sayHello();
    clock.advance(2 * HELLO_TIMEOUT_MS);

    expect(line.spoken).toEqual([]);
    expect(isListening()).toBe(false);
  });

  test.each(['unspoken', 'interrupted', 'heard'] as const)(
    'an answer to the hello that is %s does not leave the AI listening for ever',
    async (outcome) => {
      connect();
      sayHello();

      line.settleSpeech(outcome);
      await settle();

      expect(isListening()).toBe(false);
    },
  );
});

test('in silent mode the AI neither opens nor holds its answers back', () => {
  makePickUp({ opening: 'silent', greeting: 'Good morning.' });

  pickUp.onStreamStarted();
  pickUp.onReady();
  sayHello();
  clock.advance(10 * HELLO_TIMEOUT_MS);

  expect(line.spoken).toEqual([]);
  expect(listening).not.toContain(true);
  expect(clock.pendingTimers).toBe(0);
});

test.each(['greet', 'wait-for-hello', 'silent'] as const)('nothing is opened in mode %s after the close', (opening) => {
  makePickUp({ opening });
  if (opening === 'wait-for-hello') {
    pickUp.onReady();
    pickUp.onStreamStarted();
  }

  pickUp.close();
  pickUp.close();
  pickUp.onReady();
  sayHello();
  clock.advance(10 * HELLO_TIMEOUT_MS);

  expect(line.spoken).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('what becomes of the greeting after the close is nobody’s business', async () => {
  makePickUp();
  pickUp.onStreamStarted();
  pickUp.onReady();
  pickUp.close();
  const before = [...listening];

  line.settleSpeech('unspoken');
  await settle();

  expect(listening).toEqual(before);
});

// Who has the word: when the callee's speech interrupts the AI, and when their silence asks for an answer.

import { type EndOfTurn, TurnTaker } from '../../../src/media/turn-taker';
import { deferred } from '../../../src/lib/deferred';
import { FakeRealtimeSession } from '../../support/fakes';
import { settle } from '../../support/manual-clock';

const HOLD_MS = 200;
const HELLO_MS = 1_500;
const VOICED = { isVoiced: true, frameMs: 20 };
const NOTHING_DUE = { cutIn: false, isAnswerDue: false, heldOffMs: undefined };
const ANSWER_DUE = { ...NOTHING_DUE, isAnswerDue: true };

let session: FakeRealtimeSession;
let nowMs: number;
let answersDue: number;

beforeEach(() => {
  session = new FakeRealtimeSession();
  nowMs = 1_000;
  answersDue = 0;
});

function aTaker(holdMs = 0): TurnTaker {
  return new TurnTaker({ session, holdMs, nowMs: () => nowMs, onAnswerDue: () => (answersDue += 1) });
}

/** What the session was told, in order, repeats left out: they change nothing. */
function told(): string[] {
  const all = session.of('turns').map(({ by }) => by);
  return all.filter((by, index) => by !== all[index - 1]);
}

/** So much voice, frame by frame; returns how often it interrupted, which cuts the AI off. */
function voice(taker: TurnTaker, ms: number): number {
  const cuts = Array.from({ length: ms / VOICED.frameMs }, () => taker.onFrame(VOICED, true)).filter(Boolean).length;
  if (cuts > 0) taker.onCutIn();
  return cuts;
}

/** The callee begins to speak over the AI's voice, and cuts it off if they may; returns whether they did. */
function interrupt(taker: TurnTaker): boolean {
  const isCut = taker.onSpeechStarted(true);
  if (isCut) taker.onCutIn();
  return isCut;
}

/** The callee stops; the AI is silent by then, and nobody answers by themselves, unless a test says otherwise. */
function stop(taker: TurnTaker, changes: { isSpeaking?: boolean; isAnswered?: boolean } = {}): EndOfTurn {
  return taker.onSpeechStopped({ isSpeaking: false, isAnswered: false, ...changes });
}

/** All of what the callee says, from its beginning to its end. */
function words(taker: TurnTaker, changes: { isSpeaking?: boolean; isAnswered?: boolean } = {}): EndOfTurn {
  taker.onSpeechStarted(true);
  return stop(taker, { isSpeaking: true, ...changes });
}

describe('who takes the turns', () => {
  test('is the server, as a rule', () => {
    aTaker();

    expect(told()).toEqual(['server']);
  });

  test('is nobody but us on a noisy line, whatever is wished', () => {
    const taker = aTaker(HOLD_MS);
    taker.takeTurns('listen');
    taker.takeTurns('server');

    expect(told()).toEqual(['listen']);
  });

  test('is who is wished to', () => {
    const taker = aTaker();
    taker.takeTurns('listen');
    taker.takeTurns('server');

    expect(told()).toEqual(['server', 'listen', 'server']);
  });

  test('is not the server while a speech is protected', async () => {
    const taker = aTaker();
    const end = deferred<void>();

    taker.protectUntil(end.promise);
    expect(told()).toEqual(['server', 'listen']);
    end.resolve();
    await settle();

    expect(told()).toEqual(['server', 'listen', 'server']);
  });

  test('is not the server before the last of several protected speeches is over', async () => {
    const taker = aTaker();
    const [first, second] = [deferred<void>(), deferred<void>()];
    taker.protectUntil(first.promise);
    taker.protectUntil(second.promise);

    second.resolve();
    await settle();
    expect(told()).toEqual(['server', 'listen']);
    first.resolve();
    await settle();

    expect(told()).toEqual(['server', 'listen', 'server']);
  });

  test('remains as was wished during a protected speech', async () => {
    const taker = aTaker();
    const end = deferred<void>();
    taker.protectUntil(end.promise);

    taker.takeTurns('listen');
    end.resolve();
    await settle();

    expect(told()).toEqual(['server', 'listen']);
  });

  test.each([
    ['listening that somebody wished for', (taker: TurnTaker) => taker.takeTurns('listen'), true],
    ['a mere protection', (taker: TurnTaker) => taker.protectUntil(deferred<void>().promise), false],
  ])('is told apart: %s', (_what, change, isListening) => {
    const taker = aTaker();

    change(taker);

    expect(taker.isListening).toBe(isListening);
  });
});

describe('without a hold, speech of the callee', () => {
  test('interrupts an AI that speaks, and its end says so', () => {
    const taker = aTaker();

    expect(interrupt(taker)).toBe(true);
    expect(stop(taker, { isAnswered: true })).toEqual({ ...NOTHING_DUE, cutIn: true });
  });

  test('over a silent AI has cut nothing off', () => {
    const taker = aTaker();
    taker.onSpeechStarted(false);

    expect(stop(taker, { isSpeaking: true, isAnswered: true })).toEqual(NOTHING_DUE);
  });

  test('that interrupted says nothing of the next one', () => {
    const taker = aTaker();
    interrupt(taker);
    stop(taker, { isAnswered: true });
    taker.onSpeechStarted(false);

    expect(stop(taker, { isAnswered: true }).cutIn).toBe(false);
  });

  test('is known to go on until it stops', () => {
    const taker = aTaker();
    expect(taker.isCalleeSpeaking).toBe(false);

    interrupt(taker);
    expect(taker.isCalleeSpeaking).toBe(true);

    stop(taker);
    expect(taker.isCalleeSpeaking).toBe(false);
  });

  test('that the server does not answer yet is answered by us', () => {
    const taker = aTaker();
    taker.onSpeechStarted(false);

    expect(stop(taker, { isAnswered: false })).toEqual(ANSWER_DUE);
  });
});

describe.each([0, HOLD_MS])('when nobody may interrupt, with a hold of %i ms', (holdMs) => {
  test('speech over a protected speech does not, however long, and asks for no answer', () => {
    const taker = aTaker(holdMs);
    taker.protectUntil(deferred<void>().promise);

    expect(taker.onSpeechStarted(true)).toBe(false);
    expect(taker.isCalleeSpeaking).toBe(true);
    expect(voice(taker, 2_000)).toBe(0);
    expect(stop(taker, { isSpeaking: true })).toEqual(NOTHING_DUE);
  });

  test('speech over an AI that only listens does not, and asks for no answer', () => {
    const taker = aTaker(holdMs);
    taker.takeTurns('listen');

    expect(taker.onSpeechStarted(true)).toBe(false);
    expect(voice(taker, 2_000)).toBe(0);
    expect(stop(taker)).toEqual(NOTHING_DUE);
  });

  test('speech over a protected speech that is not heard yet does not either', () => {
    const taker = aTaker(holdMs);
    taker.protectUntil(deferred<void>().promise);

    expect(taker.onSpeechStarted(false)).toBe(false);
  });

  test('the next speech after the protected one does', async () => {
    const taker = aTaker(holdMs);
    const end = deferred<void>();
    taker.protectUntil(end.promise);
    taker.onSpeechStarted(true);
    voice(taker, 500);
    stop(taker, { isSpeaking: true });
    end.resolve();
    await settle();

    const isCutAtOnce = interrupt(taker);

    expect(isCutAtOnce || voice(taker, 500) === 1).toBe(true);
    expect(stop(taker).cutIn).toBe(true);
  });
});

describe.each([0, HOLD_MS])('words that end inside a protected speech, with a hold of %i ms', (holdMs) => {
  let taker: TurnTaker;
  let end: ReturnType<typeof deferred<void>>;

  async function endOfProtection(): Promise<void> {
    end.resolve();
    await settle();
  }

  beforeEach(() => {
    taker = aTaker(holdMs);
    end = deferred<void>();
    taker.protectUntil(end.promise);
    taker.onAiStarted();
    nowMs += HELLO_MS;
  });

  test('are answered when it ends, once', async () => {
    words(taker);
    await settle();
    expect(answersDue).toBe(0);

    await endOfProtection();
    taker.protectUntil(Promise.resolve());
    await settle();

    expect(answersDue).toBe(1);
  });

  test('are a hello when they began in the first moment of the AI’s voice, and get no answer', async () => {
    nowMs -= 1;
    taker.onSpeechStarted(true);
    nowMs += 2_000;
    stop(taker, { isSpeaking: true });

    await endOfProtection();

    expect(answersDue).toBe(0);
  });

  test('are a hello before the AI was heard at all', async () => {
    const early = aTaker(holdMs);
    early.protectUntil(end.promise);
    nowMs += 60_000;
    words(early);

    await endOfProtection();

    expect(answersDue).toBe(0);
  });

  test('are no hello in the first moment of a later speech of the AI', async () => {
    nowMs += 10_000;
    taker.onAiStarted();
    words(taker);

    await endOfProtection();

    expect(answersDue).toBe(1);
  });

  test('get no second answer when the server has answered them', async () => {
    words(taker, { isAnswered: true });

    await endOfProtection();

    expect(answersDue).toBe(0);
  });

  test('are left to the end of what the callee says when they go on', async () => {
    words(taker);
    taker.onSpeechStarted(true);

    await endOfProtection();
    expect(answersDue).toBe(0);

    expect(stop(taker)).toEqual(ANSWER_DUE);
    expect(answersDue).toBe(0);
  });

  test('wait for the last of several protected speeches', async () => {
    const second = deferred<void>();
    taker.protectUntil(second.promise);
    words(taker);
    await endOfProtection();
    expect(answersDue).toBe(0);

    second.resolve();
    await settle();

    expect(answersDue).toBe(1);
  });

  test('get no answer from an AI that is to listen only by then', async () => {
    words(taker);
    taker.takeTurns('listen');

    await endOfProtection();

    expect(answersDue).toBe(0);
  });

  test('are not answered by the end of a later protected speech when nobody wanted that at the end of theirs', async () => {
    words(taker);
    taker.takeTurns('listen');
    await endOfProtection();

    taker.takeTurns('server');
    const owedBefore = answersDue;
    taker.protectUntil(Promise.resolve());
    await settle();

    expect(answersDue).toBe(owedBefore);
  });

  test('get no answer after the end of the call', async () => {
    words(taker);
    taker.close();

    await endOfProtection();

    expect(answersDue).toBe(0);
  });
});

describe('with a hold, speech of the callee', () => {
  test('does not interrupt an AI that is heard at the word of the server', () => {
    expect(aTaker(HOLD_MS).onSpeechStarted(true)).toBe(false);
  });

  test('cuts off at the word of the server what is not heard yet, and is answered by us', () => {
    const taker = aTaker(HOLD_MS);

    expect(taker.onSpeechStarted(false)).toBe(true);
    taker.onCutIn();

    expect(stop(taker)).toEqual({ cutIn: true, isAnswerDue: true, heldOffMs: undefined });
  });

  test('interrupts once when it is long enough, and is answered by us', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(true);

    expect(voice(taker, HOLD_MS - 20)).toBe(0);
    expect(voice(taker, 1_000)).toBe(1);
    expect(stop(taker)).toEqual({ cutIn: true, isAnswerDue: true, heldOffMs: undefined });
  });

  test('that is too short is held off and gets no answer while the AI speaks on', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(true);
    voice(taker, 120);

    expect(stop(taker, { isSpeaking: true })).toEqual({ ...NOTHING_DUE, heldOffMs: 120 });
  });

  test('that is short is answered when the AI has fallen silent meanwhile', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(true);
    voice(taker, 120);

    expect(stop(taker)).toEqual(ANSWER_DUE);
  });

  test('over a silent AI is answered, however short, and interrupts nothing', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(false);

    expect(voice(taker, 500)).toBe(0);
    expect(stop(taker)).toEqual(ANSWER_DUE);
  });

  test('that is not long enough yet does not interrupt a protected speech that begins meanwhile', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(true);
    voice(taker, 100);

    taker.protectUntil(deferred<void>().promise);

    expect(voice(taker, 1_000)).toBe(0);
    expect(stop(taker, { isSpeaking: true }).cutIn).toBe(false);
  });

  test('that began over a protected speech is answered when that was over before it ended', async () => {
    const taker = aTaker(HOLD_MS);
    const end = deferred<void>();
    taker.protectUntil(end.promise);
    taker.onSpeechStarted(true);

    end.resolve();
    await settle();

    expect(stop(taker)).toEqual(ANSWER_DUE);
  });
});

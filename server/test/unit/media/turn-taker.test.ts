// Who has the word: when the callee's speech interrupts the AI, and when their silence asks for an answer.

import { TurnTaker } from '../../../src/media/turn-taker';
import { deferred } from '../../../src/lib/deferred';
import { FakeRealtimeSession } from '../../support/fakes';
import { settle } from '../../support/manual-clock';

const HOLD_MS = 200;
const VOICED = { isVoiced: true, frameMs: 20 };

let session: FakeRealtimeSession;

beforeEach(() => {
  session = new FakeRealtimeSession();
});

function aTaker(holdMs = 0): TurnTaker {
  return new TurnTaker(session, holdMs);
}

/** What the session was told, in order, repeats left out: they change nothing. */
function told(): string[] {
  const all = session.of('turns').map(({ by }) => by);
  return all.filter((by, index) => by !== all[index - 1]);
}

/** So much voice, frame by frame; returns how often it interrupted. */
function voice(taker: TurnTaker, ms: number): number {
  return Array.from({ length: ms / VOICED.frameMs }, () => taker.onFrame(VOICED, true)).filter(Boolean).length;
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
});

describe('without a hold, speech of the callee', () => {
  test('interrupts an AI that speaks, and its end says so', () => {
    const taker = aTaker();

    expect(taker.onSpeechStarted(true)).toBe(true);
    expect(taker.onSpeechStopped(false)).toEqual({ cutIn: true, isAnswerDue: false, heldOffMs: undefined });
  });

  test('over a silent AI has cut nothing off', () => {
    const taker = aTaker();
    taker.onSpeechStarted(false);

    expect(taker.onSpeechStopped(true)).toEqual({ cutIn: false, isAnswerDue: false, heldOffMs: undefined });
  });

  test('that interrupted says nothing of the next one', () => {
    const taker = aTaker();
    taker.onSpeechStarted(true);
    taker.onSpeechStopped(false);
    taker.onSpeechStarted(false);

    expect(taker.onSpeechStopped(false).cutIn).toBe(false);
  });

  test('is known to go on until it stops', () => {
    const taker = aTaker();
    expect(taker.isCalleeSpeaking).toBe(false);

    taker.onSpeechStarted(true);
    expect(taker.isCalleeSpeaking).toBe(true);

    taker.onSpeechStopped(true);
    expect(taker.isCalleeSpeaking).toBe(false);
  });
});

describe.each([0, HOLD_MS])('when nobody may interrupt, with a hold of %i ms', (holdMs) => {
  test('speech over a protected speech does not, however long, and asks for no answer', () => {
    const taker = aTaker(holdMs);
    taker.protectUntil(deferred<void>().promise);

    expect(taker.onSpeechStarted(true)).toBe(false);
    expect(taker.isCalleeSpeaking).toBe(true);
    expect(voice(taker, 2_000)).toBe(0);
    expect(taker.onSpeechStopped(true)).toEqual({ cutIn: false, isAnswerDue: false, heldOffMs: undefined });
  });

  test('speech over an AI that only listens does not, and asks for no answer', () => {
    const taker = aTaker(holdMs);
    taker.takeTurns('listen');

    expect(taker.onSpeechStarted(true)).toBe(false);
    expect(voice(taker, 2_000)).toBe(0);
    expect(taker.onSpeechStopped(false)).toEqual({ cutIn: false, isAnswerDue: false, heldOffMs: undefined });
  });

  test('the next speech after the protected one does', async () => {
    const taker = aTaker(holdMs);
    const end = deferred<void>();
    taker.protectUntil(end.promise);
    taker.onSpeechStarted(true);
    voice(taker, 500);
    taker.onSpeechStopped(true);
    end.resolve();
    await settle();

    const isCutAtOnce = taker.onSpeechStarted(true);

    expect(isCutAtOnce || voice(taker, 500) === 1).toBe(true);
    expect(taker.onSpeechStopped(false).cutIn).toBe(true);
  });
});

describe('with a hold, speech of the callee', () => {
  test('does not interrupt at the word of the server', () => {
    expect(aTaker(HOLD_MS).onSpeechStarted(true)).toBe(false);
  });

  test('interrupts once when it is long enough, and is answered by us', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(true);

    expect(voice(taker, HOLD_MS - 20)).toBe(0);
    expect(voice(taker, 1_000)).toBe(1);
    expect(taker.onSpeechStopped(false)).toEqual({ cutIn: true, isAnswerDue: true, heldOffMs: undefined });
  });

  test('that is too short is held off and gets no answer while the AI speaks on', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(true);
    voice(taker, 120);

    expect(taker.onSpeechStopped(true)).toEqual({ cutIn: false, isAnswerDue: false, heldOffMs: 120 });
  });

  test('that is short is answered when the AI has fallen silent meanwhile', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(true);
    voice(taker, 120);

    expect(taker.onSpeechStopped(false)).toEqual({ cutIn: false, isAnswerDue: true, heldOffMs: undefined });
  });

  test('over a silent AI is answered, however short, and interrupts nothing', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(false);

    expect(voice(taker, 500)).toBe(0);
    expect(taker.onSpeechStopped(false)).toEqual({ cutIn: false, isAnswerDue: true, heldOffMs: undefined });
  });

  test('that is not long enough yet does not interrupt a protected speech that begins meanwhile', () => {
    const taker = aTaker(HOLD_MS);
    taker.onSpeechStarted(true);
    voice(taker, 100);

    taker.protectUntil(deferred<void>().promise);

    expect(voice(taker, 1_000)).toBe(0);
    expect(taker.onSpeechStopped(true).cutIn).toBe(false);
  });

  test('that began over a protected speech is answered when that was over before it ended', async () => {
    const taker = aTaker(HOLD_MS);
    const end = deferred<void>();
    taker.protectUntil(end.promise);
    taker.onSpeechStarted(true);

    end.resolve();
    await settle();

    expect(taker.onSpeechStopped(false)).toEqual({ cutIn: false, isAnswerDue: true, heldOffMs: undefined });
  });
});

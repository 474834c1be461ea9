// What becomes of everything the AI says: whoever waits for that gets one answer, and the right one.

import type { ResponseOutcome, StartedResponse } from '../../../src/calls/conversation-ports';
import type { SpeechContent, SpeechOutcome } from '../../../src/calls/speech';
import { Speeches } from '../../../src/media/speeches';
import { aSpending, anItem } from '../../support/builders';
import { settle } from '../../support/manual-clock';
import { settlementsOf } from './settlements';

type Asked = { readonly requestId: string; readonly outcomes: SpeechOutcome[] };

const ITEM = anItem();
const NEXT_ITEM = anItem({ itemId: 'item-b' });
const WORDS: SpeechContent = { kind: 'words', words: 'Hello.' };

let speeches: Speeches;

beforeEach(() => {
  speeches = new Speeches();
});

function ask(content = WORDS, isReply?: boolean): Asked {
  const { requestId, outcome } = speeches.ask({ content, ...(isReply !== undefined && { isReply }) });
  return { requestId, outcomes: settlementsOf(outcome) };
}

function start(changes: Partial<StartedResponse> = {}): void {
  speeches.onStarted({ responseId: 'response-a', isUnwanted: false, ...changes });
}

function done(status: ResponseOutcome['status'] = 'completed', responseId = 'response-a'): void {
  speeches.onDone({ responseId, status, spending: aSpending() });
}

/** The callee begins to hear each of the items. */
function sound(...items: readonly (typeof ITEM)[]): void {
  for (const item of items) {
    speeches.onAudio(item);
    speeches.onSpeaking(item);
  }
}

/** A request whose response is being made. */
function started(): Asked {
  const asked = ask();
  start({ requestId: asked.requestId });
  return asked;
}

async function outcomesOf({ outcomes }: Asked): Promise<SpeechOutcome[]> {
  await settle();
  return outcomes;
}

test('each request has an id of its own', () => {
  const ids = [ask(), ask(), ask()].map(({ requestId }) => requestId);

  expect(new Set(ids).size).toBe(3);
});

describe('a speech is heard', () => {
  test('when it is made and the callee heard its end', async () => {
    const asked = started();
    sound(ITEM);
    done();
    expect(await outcomesOf(asked)).toEqual([]);

    speeches.onHeard(ITEM);

    expect(await outcomesOf(asked)).toEqual(['heard']);
  });

  test('not before it is made, even when all of it so far was heard', async () => {
    const asked = started();
    sound(ITEM);
    speeches.onHeard(ITEM);
    expect(await outcomesOf(asked)).toEqual([]);

    done();

    expect(await outcomesOf(asked)).toEqual(['heard']);
  });

  test('when the last of its items was', async () => {
    const asked = started();
    sound(ITEM, NEXT_ITEM);
    done();
    speeches.onHeard(ITEM);
    expect(await outcomesOf(asked)).toEqual([]);

    speeches.onHeard(NEXT_ITEM);

    expect(await outcomesOf(asked)).toEqual(['heard']);
  });

  test('when the last part of an item was', async () => {
    const asked = started();
    const nextPart = anItem({ contentIndex: 1 });
    sound(ITEM, nextPart);
    done();
    speeches.onHeard(ITEM);
    expect(await outcomesOf(asked)).toEqual([]);

    speeches.onHeard(nextPart);

    expect(await outcomesOf(asked)).toEqual(['heard']);
  });

  test('also when the model stopped short of its end', async () => {
    const asked = started();
    sound(ITEM);
    done('incomplete');
    speeches.onHeard(ITEM);

    expect(await outcomesOf(asked)).toEqual(['heard']);
  });

  test('whatever becomes of the ones beside it', async () => {
    const asked = started();
    sound(ITEM);
    done();
    const other = ask();
    start({ responseId: 'response-b', requestId: other.requestId });
    done('cancelled', 'response-b');

    speeches.onHeard(ITEM);

    expect(await outcomesOf(asked)).toEqual(['heard']);
    expect(await outcomesOf(other)).toEqual(['unspoken']);
  });
});

describe('a speech is interrupted', () => {
  test.each([
    ['a cut', () => speeches.onCut()],
    ['a cancel of the server', () => done('cancelled')],
    ['the end of the line', () => speeches.close()],
  ])('by %s after its first sound', async (_name, end) => {
    const asked = started();
    sound(ITEM);

    end();

    expect(await outcomesOf(asked)).toEqual(['interrupted']);
  });

  test('by a cut after it was made', async () => {
    const asked = started();
    sound(ITEM);
    done();

    speeches.onCut();
    speeches.onHeard(ITEM);

    expect(await outcomesOf(asked)).toEqual(['interrupted']);
    expect(speeches.isBusy).toBe(false);
  });

  test('once, whatever else comes of it', async () => {
    const asked = started();
    sound(ITEM);
    speeches.onCut();

    speeches.onCut();
    speeches.onHeard(ITEM);
    done('cancelled');
    speeches.close();

    expect(await outcomesOf(asked)).toEqual(['interrupted']);
  });
});

describe('a speech is unspoken', () => {
  test.each([
    ['is needless before it begins', ({ requestId }: Asked) => speeches.onDropped(requestId)],
    ['is not wanted when it begins', ({ requestId }: Asked) => start({ requestId, isUnwanted: true })],
    ['is still asked for at the end of the line', () => speeches.close()],
  ])('when it %s', async (_name, end) => {
    const asked = ask();

    end(asked);

    expect(await outcomesOf(asked)).toEqual(['unspoken']);
    if (asked.outcomes.length > 0) done('cancelled');
    expect(speeches.isBusy).toBe(false);
  });

  test.each([
    ['makes no sound', () => done()],
    ['is cancelled before its first sound', () => done('cancelled')],
    ['is cut off before its first sound', () => speeches.onCut()],
    ['is being made, without a sound, at the end of the line', () => speeches.close()],
  ])('when it %s', async (_name, end) => {
    const asked = started();

    end();

    expect(await outcomesOf(asked)).toEqual(['unspoken']);
  });

  test('when its sound was made and never went out', async () => {
    const asked = started();
    speeches.onAudio(ITEM);
    done();

    speeches.onCut();

    expect(await outcomesOf(asked)).toEqual(['unspoken']);
  });

  test('when it is asked for after the end of the line', async () => {
    speeches.close();

    const asked = ask();

    expect(await outcomesOf(asked)).toEqual(['unspoken']);
    expect(speeches.isBusy).toBe(false);
  });
});

describe('a request that waits', () => {
  test('is not touched by a cut', async () => {
    const asked = ask();

    speeches.onCut();

    expect(await outcomesOf(asked)).toEqual([]);
    expect(speeches.isBusy).toBe(true);
  });

  test('is not touched by a response of the model itself', async () => {
    const asked = ask();

    start();
    done();

    expect(await outcomesOf(asked)).toEqual([]);
  });
});

describe('a failed response', () => {
  test('leaves its request open until the next try is heard', async () => {
    const asked = started();
    done('failed');
    expect(await outcomesOf(asked)).toEqual([]);
    expect(speeches.isBusy).toBe(true);

    start({ responseId: 'response-b', requestId: asked.requestId });
    sound(anItem({ responseId: 'response-b' }));
    speeches.onHeard(anItem({ responseId: 'response-b' }));
    done('completed', 'response-b');

    expect(await outcomesOf(asked)).toEqual(['heard']);
    expect(speeches.isBusy).toBe(false);
  });

  test('may fail again and again', async () => {
    const asked = started();
    done('failed');
    for (const responseId of ['response-b', 'response-c']) {
      start({ responseId, requestId: asked.requestId });
      done('failed', responseId);
    }
    expect(await outcomesOf(asked)).toEqual([]);

    speeches.onDropped(asked.requestId);

    expect(await outcomesOf(asked)).toEqual(['unspoken']);
  });

  test('of which something was heard was interrupted when nobody tries again', async () => {
    const asked = started();
    sound(ITEM);
    done('failed');

    speeches.onDropped(asked.requestId);

    expect(await outcomesOf(asked)).toEqual(['interrupted']);
  });

  test('that was cut off before is not waited for again', async () => {
    const asked = started();
    sound(ITEM);
    speeches.onCut();

    done('failed');

    expect(await outcomesOf(asked)).toEqual(['interrupted']);
    expect(speeches.isBusy).toBe(false);
  });

  test.each<[string, () => void]>([
    ['something', () => sound(ITEM)],
    ['nothing', () => undefined],
  ])('of which %s was heard is interrupted for whoever waits for it: another takes its place', async (_name, hear) => {
    start();
    const outcomes = settlementsOf(speeches.whenHeard('response-a'));
    hear();

    done('failed');
    await settle();

    expect(outcomes).toEqual(['interrupted']);
  });
});

describe('whoever waits for a response', () => {
  test.each<[SpeechOutcome, () => void]>([
    ['heard', () => speeches.onHeard(ITEM)],
    ['interrupted', () => speeches.onCut()],
  ])('learns that it was %s', async (outcome, end) => {
    start();
    sound(ITEM);
    const outcomes = [speeches.whenHeard('response-a'), speeches.whenHeard('response-a')].map(settlementsOf);
    done();

    end();
    await settle();

    expect(outcomes).toEqual([[outcome], [outcome]]);
  });

  test('learns of a cut that came before the response was made', async () => {
    start();
    sound(ITEM);
    speeches.onCut();

    await expect(speeches.whenHeard('response-a')).resolves.toBe('interrupted');
  });

  test('need not wait for one that is unknown or over', async () => {
    start();
    done();

    await expect(speeches.whenHeard('response-a')).resolves.toBe('heard');
    await expect(speeches.whenHeard('response-x')).resolves.toBe('heard');
    await expect(speeches.whenMade('response-a')).resolves.toBeUndefined();
    await expect(speeches.whenMade('response-x')).resolves.toBeUndefined();
  });

  test.each(['completed', 'cancelled', 'incomplete', 'failed'] as const)(
    'learns that no more is made of one that is %s, although it still plays',
    async (status) => {
      start();
      sound(ITEM);
      const made = settlementsOf(speeches.whenMade('response-a'));
      await settle();
      expect(made).toHaveLength(0);

      done(status);
      await settle();

      expect(made).toHaveLength(1);
    },
  );

  test('does not take a cut for the end of the making', async () => {
    start();
    const made = settlementsOf(speeches.whenMade('response-a'));

    speeches.onCut();
    await settle();

    expect(made).toHaveLength(0);
  });

  test('is told at the end of the line', async () => {
    start();
    const made = settlementsOf(speeches.whenMade('response-a'));
    const outcomes = settlementsOf(speeches.whenHeard('response-a'));

    speeches.close();
    await settle();

    expect(made).toHaveLength(1);
    expect(outcomes).toEqual(['unspoken']);
  });
});

describe('the AI is busy', () => {
  test('from the request to the end of what is heard', () => {
    const seen = [speeches.isBusy];
    const { requestId } = ask();
    seen.push(speeches.isBusy);
    start({ requestId });
    sound(ITEM);
    done();
    seen.push(speeches.isBusy);
    speeches.onHeard(ITEM);
    seen.push(speeches.isBusy);

    expect(seen).toEqual([false, true, true, false]);
  });

  test('not with what was cut off, although it is still being made', () => {
    start();
    speeches.onCut();

    expect(speeches.isBusy).toBe(false);
  });
});

test('whoever asks for a speech is told when it begins to sound, in the second try as well', () => {
  let told = 0;
  const { requestId } = speeches.ask({ content: WORDS }, () => (told += 1));
  start({ requestId });
  speeches.onAudio(ITEM);
  done('failed');
  expect(told).toBe(0);

  start({ responseId: 'response-b', requestId });
  sound(anItem({ responseId: 'response-b' }));

  expect(told).toBe(1);
});

describe('a reply to the callee', () => {
  test.each<[SpeechContent | undefined, boolean]>([
    [undefined, true],
    [{ kind: 'answer' }, true],
    [{ kind: 'words', words: 'One moment.' }, false],
    [{ kind: 'directive', directive: 'Ask whether they are still there.' }, false],
  ])('is what comes of %j: %p', (content, isReply) => {
    const requestId = content && ask(content).requestId;

    start({ requestId });

    expect(speeches.isReply(ITEM)).toBe(isReply);
  });

  test.each([true, false])('is what comes of given words when the callee waits for them: %p', (isReply) => {
    const { requestId } = ask(WORDS, isReply);

    start({ requestId });

    expect(speeches.isReply(ITEM)).toBe(isReply);
  });

  test('is not what a failed request is repeated for', () => {
    const { requestId } = started();
    done('failed');

    start({ responseId: 'response-b', requestId });

    expect(speeches.isReply(anItem({ responseId: 'response-b' }))).toBe(false);
  });
});

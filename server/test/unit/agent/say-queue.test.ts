import fc from 'fast-check';
import { SayQueue } from '../../../src/agent/say-queue';
import type { SayRequest, SayTiming } from '../../../src/calls/conversation-ports';
import type { SpeechOutcome } from '../../../src/calls/speech';
import { FakeCallControls, FakeVoiceLine } from '../../support/agent-fakes';
import { settle } from '../../support/manual-clock';

const MAX_WAITING = 20;

let line: FakeVoiceLine;
let controls: FakeCallControls;
let queue: SayQueue;

function makeQueue(): void {
  line = new FakeVoiceLine();
  controls = new FakeCallControls();
  queue = new SayQueue({ line, report: (event) => controls.report(event) });
}

beforeEach(makeQueue);

function aRequest(sayId: string, timing: SayTiming = 'next-pause', isProtected = false): SayRequest {
  return { sayId, text: `Words of ${sayId}.`, timing, isProtected };
}

/** The ids of what the line was given to speak, in order. */
function spoken(): string[] {
  return line.spoken.map(({ content }) => (content.kind === 'words' ? content.words.slice(9, -1) : content.kind));
}

/** What became of the requests, in the order in which it was reported. */
function finished(): string[] {
  return controls.of('say.finished').map(({ sayId, outcome }) => `${sayId} ${outcome}`);
}

async function settleSpeech(outcome: SpeechOutcome): Promise<void> {
  line.settleSpeech(outcome);
  await settle();
}

describe('at the next pause', () => {
  test('speaks at once when nobody speaks', () => {
    queue.say(aRequest('a', 'next-pause', true));

    expect(line.commands).toEqual([
      { type: 'speak', request: { content: { kind: 'words', words: 'Words of a.' }, isProtected: true } },
    ]);
  });

  test.each(['isAiSpeaking', 'isCalleeSpeaking'] as const)('waits for the pause while %s', (flag) => {
    line[flag] = true;
    queue.say(aRequest('a'));
    queue.onPause();
    expect(line.commands).toEqual([]);

    line[flag] = false;
    queue.onPause();

    expect(spoken()).toEqual(['a']);
  });

  test('speaks one after the other, in order, and tells what became of each', async () => {
    for (const sayId of ['a', 'b', 'c']) queue.say(aRequest(sayId));
    queue.onPause();
    expect(spoken()).toEqual(['a']);

    await settleSpeech('heard');
    await settleSpeech('interrupted');
    await settleSpeech('heard');

    expect(spoken()).toEqual(['a', 'b', 'c']);
    expect(finished()).toEqual(['a heard', 'b interrupted', 'c heard']);
  });

  test('waits for the next pause when the callee has cut off the one before', async () => {
    queue.say(aRequest('a'));
    queue.say(aRequest('b'));
    line.isCalleeSpeaking = true;
    await settleSpeech('interrupted');
    expect(spoken()).toEqual(['a']);

    line.isCalleeSpeaking = false;
    queue.onPause();

    expect(spoken()).toEqual(['a', 'b']);
  });
});

describe('now', () => {
  test('silences the AI first, whoever is speaking', () => {
    line.isAiSpeaking = true;
    line.isCalleeSpeaking = true;
    queue.say(aRequest('a', 'now'));

    expect(line.commands.map(({ type }) => type)).toEqual(['interrupt', 'speak']);
    expect(line.of('interrupt')).toEqual([{ type: 'interrupt', by: 'api' }]);
  });

  test('goes before those who wait, even when the interruption makes a pause', async () => {
    line.isAiSpeaking = true;
    line.onInterrupt = () => queue.onPause();
    queue.say(aRequest('a'));
    queue.say(aRequest('b', 'now'));
    expect(spoken()).toEqual(['b']);

    await settleSpeech('heard');

    expect(spoken()).toEqual(['b', 'a']);
  });

  test('cuts off an earlier one, which is finished with that', async () => {
    queue.say(aRequest('a', 'now'));
    queue.say(aRequest('b', 'now'));
    await settleSpeech('interrupted');
    await settleSpeech('heard');

    expect(spoken()).toEqual(['a', 'b']);
    expect(finished()).toEqual(['a interrupted', 'b heard']);
  });
});

describe('what was not spoken', () => {
  test('is tried again before those who wait, at the next pause', async () => {
    queue.say(aRequest('a'));
    queue.say(aRequest('b'));
    line.isCalleeSpeaking = true;
    await settleSpeech('unspoken');
    expect(finished()).toEqual([]);

    line.isCalleeSpeaking = false;
    queue.onPause();
    await settleSpeech('heard');

    expect(spoken()).toEqual(['a', 'a', 'b']);
    expect(finished()).toEqual(['a heard']);
  });

  test('is tried again after the one that came between', async () => {
    queue.say(aRequest('a'));
    queue.say(aRequest('b', 'now'));
    await settleSpeech('unspoken');
    expect(spoken()).toEqual(['a', 'b']);

    await settleSpeech('heard');

    expect(spoken()).toEqual(['a', 'b', 'a']);
  });

  test('is tried again twice and no more', async () => {
    queue.say(aRequest('a', 'now'));
    await settleSpeech('unspoken');
    await settleSpeech('unspoken');
    expect(finished()).toEqual([]);

    await settleSpeech('unspoken');

    expect(spoken()).toEqual(['a', 'a', 'a']);
    expect(finished()).toEqual(['a unspoken']);
  });
});

test('is full with 20 waiting, refuses more of them, and still says what is to be said now', () => {
  line.isCalleeSpeaking = true;
  for (let number = 1; number <= MAX_WAITING; number += 1) {
    expect(queue.isFull).toBe(false);
    queue.say(aRequest(`a${number}`));
  }
  expect(queue.isFull).toBe(true);

  queue.say(aRequest('b'));
  queue.say(aRequest('c', 'now'));

  expect(finished()).toEqual(['b unspoken']);
  expect(spoken()).toEqual(['c']);
});

test('reports at close what was cut off and what had not begun, once', async () => {
  for (const sayId of ['a', 'b', 'c']) queue.say(aRequest(sayId));
  line.soundSpeech();
  queue.close();
  queue.close();
  await settleSpeech('interrupted');

  expect(finished()).toEqual(['a interrupted', 'b unspoken', 'c unspoken']);
});

test('reports at close as unspoken what the line had, and nobody had heard anything of', async () => {
  queue.say(aRequest('a'));
  queue.say(aRequest('b', 'now'));
  queue.close();
  await settleSpeech('unspoken');

  expect(finished()).toEqual(['a unspoken', 'b unspoken']);
});

test('speaks nothing after close, and says so', () => {
  queue.close();
  queue.say(aRequest('a'));
  queue.say(aRequest('b', 'now'));
  queue.onPause();

  expect(line.commands).toEqual([]);
  expect(finished()).toEqual(['a unspoken', 'b unspoken']);
});

type Step = SayTiming | SpeechOutcome | 'pause' | 'callee-starts' | 'callee-stops';

async function take(step: Step, sayId: string): Promise<void> {
  if (step === 'now' || step === 'next-pause') queue.say(aRequest(sayId, step));
  else if (step === 'pause') queue.onPause();
  else if (step === 'callee-starts') line.isCalleeSpeaking = true;
  else if (step === 'callee-stops') line.isCalleeSpeaking = false;
  else if (line.pendingSpeeches > 0) await settleSpeech(step);
}

test('finishes every request exactly once, whatever happens', async () => {
  const steps = fc.constantFrom<Step>(
    'now',
    'next-pause',
    'next-pause',
    'heard',
    'interrupted',
    'unspoken',
    'pause',
    'callee-starts',
    'callee-stops',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 60 }), async (story) => {
      makeQueue();
      for (const [number, step] of story.entries()) await take(step, String(number));
      queue.close();
      while (line.pendingSpeeches > 0) await settleSpeech('interrupted');

      const asked = story.flatMap((step, number) => (step === 'now' || step === 'next-pause' ? [String(number)] : []));
      const told = controls.of('say.finished').map(({ sayId }) => sayId);
      expect(told.sort()).toEqual(asked.sort());
    }),
  );
});

import type { SpeechOutcome } from '../../../src/calls/speech';
import { deferred } from '../../../src/lib/deferred';
import { aRig, aToolCall, slowTool } from './tool-rig';

const LONG = { timeoutMs: 60_000 };

function directive(words: RegExp) {
  return {
    content: { kind: 'directive', directive: expect.stringMatching(words) as string },
    mayUseTools: false,
    isMootWhenAnswered: true,
  };
}

test('a tool that takes more than 1.5 s is covered by a sentence of the AI', async () => {
  const { runner, line, clock } = aRig(slowTool('look_up', LONG));

  runner.run(aToolCall());
  await clock.advanceAsync(1_499);
  expect(line.spoken).toEqual([]);
  await clock.advanceAsync(1);

  expect(line.spoken).toEqual([directive(/looking it up/)]);
});

test('given words are said as they are, once, and then the AI finds its own', async () => {
  const { runner, line, clock } = aRig(slowTool('look_up', { ...LONG, filler: { words: 'One moment.' } }));

  runner.run(aToolCall());
  await clock.advanceAsync(1_500);
  expect(line.spoken).toMatchObject([{ content: { kind: 'words', words: 'One moment.' }, mayUseTools: false }]);

  await clock.advanceAsync(7_999);
  expect(line.spoken).toHaveLength(1);
  await clock.advanceAsync(1);
  expect(line.spoken.slice(1)).toEqual([directive(/still/)]);
});

test('a tool that wants silence gets it', async () => {
  const { runner, line, clock } = aRig(slowTool('look_up', { ...LONG, filler: 'none' }));

  runner.run(aToolCall());
  await clock.advanceAsync(30_000);

  expect(line.spoken).toEqual([]);
});

test.each(['isAiSpeaking', 'isCalleeSpeaking'] as const)('looks again every 500 ms while %s', async (flag) => {
  const { runner, line, clock } = aRig(slowTool('look_up', LONG));
  line[flag] = true;

  runner.run(aToolCall());
  await clock.advanceAsync(2_700);
  line[flag] = false;
  await clock.advanceAsync(299);
  expect(line.spoken).toEqual([]);
  await clock.advanceAsync(1);

  expect(line.spoken).toHaveLength(1);
});

test('tools that run side by side are covered by one sentence', async () => {
  const { runner, line, clock } = aRig(slowTool('look_up', LONG));

  runner.run(aToolCall());
  await clock.advanceAsync(200);
  runner.run(aToolCall());
  await clock.advanceAsync(9_200);
  expect(line.spoken).toHaveLength(1);
  await clock.advanceAsync(100);

  expect(line.spoken).toHaveLength(2);
});

test('a sentence that is still to be said is not joined by another', async () => {
  const { runner, line, clock } = aRig(slowTool('look_up', LONG));
  const speech = deferred<SpeechOutcome>();
  line.onSpeak = () => speech.promise;

  runner.run(aToolCall());
  await clock.advanceAsync(20_000);
  expect(line.spoken).toHaveLength(1);
  speech.resolve('heard');
  await clock.advanceAsync(500);

  expect(line.spoken).toHaveLength(2);
});

test('nothing covers a tool whose result is there', async () => {
  const tool = slowTool('look_up', LONG);
  const { runner, line, clock } = aRig(tool);

  runner.run(aToolCall());
  await clock.advanceAsync(1_400);
  tool.uses[0]!.resolve(1);
  await clock.advanceAsync(10_000);

  expect(line.spoken).toMatchObject([{ content: { kind: 'answer' } }]);
  expect(clock.pendingTimers).toBe(0);
});

test('when the first of two tools is done, the second is covered 1.5 s after its own start', async () => {
  const tool = slowTool('look_up', LONG);
  const { runner, line, clock } = aRig(tool);

  runner.run(aToolCall());
  await clock.advanceAsync(1_000);
  runner.run(aToolCall());
  tool.uses[0]!.resolve(1);
  await clock.advanceAsync(1_499);
  expect(line.spoken).toEqual([]);
  await clock.advanceAsync(1);

  expect(line.spoken).toEqual([directive(/looking it up/)]);
});

test('a tool soon after a sentence is not covered by a second one within 8 s', async () => {
  const tool = slowTool('look_up', LONG);
  const { runner, line, clock } = aRig(tool);
  runner.run(aToolCall());
  await clock.advanceAsync(1_500);
  tool.uses[0]!.resolve(1);
  await clock.advanceAsync(0);
  line.spoken.length = 0;

  runner.run(aToolCall({ responseId: 'response-b' }));
  await clock.advanceAsync(7_999);
  expect(line.spoken).toEqual([]);
  await clock.advanceAsync(1);

  expect(line.spoken).toHaveLength(1);
});

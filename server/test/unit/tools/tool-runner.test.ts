import { z } from 'zod';
import { defineTool, ToolFailure } from '../../../src/tools/tool';
import { MAX_RUNNING_TOOLS, MAX_TOOL_CALLS, type ToolRunner } from '../../../src/tools/tool-runner';
import { settle } from '../../support/manual-clock';
import { aRig, aToolCall, slowTool, type Use } from './tool-rig';

const ANSWER = { content: { kind: 'answer' }, mayUseTools: true, isMootWhenAnswered: true };

function failingTool(error: unknown) {
  return slowTool('look_up', { run: () => Promise.reject(error) });
}

test('gives the model the result and has the AI speak about it', async () => {
  const tool = slowTool();
  const { runner, line, clock, finished } = aRig(tool);
  const call = aToolCall({ argumentsJson: '{"id":7}' });

  runner.run(call);
  await clock.advanceAsync(300);
  expect(line.answers).toEqual([]);
  tool.uses[0]!.resolve({ price: 12 });
  await settle();

  expect(tool.uses[0]).toMatchObject({ args: { id: 7 }, toolCallId: call.toolCallId, responseId: 'response-a' });
  expect(line.outputOf(call.toolCallId)).toEqual({ status: 'ok', result: { price: 12 } });
  expect(line.spoken).toEqual([ANSWER]);
  expect(finished()).toEqual([
    {
      type: 'tool.finished',
      toolCallId: call.toolCallId,
      name: 'look_up',
      argumentsJson: '{"id":7}',
      outcome: 'ok',
      output: '{"status":"ok","result":{"price":12}}',
      durationMs: 300,
    },
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test('a repeated call runs nothing and answers nothing', async () => {
  const tool = slowTool();
  const { runner, line } = aRig(tool);
  const call = aToolCall();

  runner.run(call);
  runner.run(call);
  tool.uses[0]!.resolve(1);
  await settle();
  runner.run({ ...call, responseId: 'response-b' });
  await settle();

  expect(tool.uses).toHaveLength(1);
  expect(line.answers).toHaveLength(1);
  expect(line.spoken).toHaveLength(1);
});

test.each([
  ['no JSON', '{"id":', /not valid JSON/],
  ['a wrong type', '{"id":"seven"}', /id: .*number/],
  ['no object', '[]', /arguments: .*object/],
])('arguments that are %s come back with the reason', async (_, argumentsJson, message) => {
  const tool = slowTool();
  const { runner, line, finished } = aRig(tool);
  const call = aToolCall({ argumentsJson });

  runner.run(call);
  await settle();

  expect(tool.uses).toEqual([]);
  expect(line.outputOf(call.toolCallId)).toEqual({
    status: 'error',
    reason: 'bad-arguments',
    message: expect.stringMatching(message) as string,
  });
  expect(finished()).toMatchObject([{ outcome: 'error', durationMs: 0 }]);
  expect(line.spoken).toEqual([ANSWER]);
});

test('a tool without arguments may be called with an empty text', async () => {
  const tool = slowTool();
  const { runner } = aRig(tool);

  runner.run(aToolCall({ argumentsJson: '' }));
  await settle();

  expect(tool.uses).toMatchObject([{ args: {} }]);
});

test('an unknown tool is answered with the names of those that exist', async () => {
  const { runner, line } = aRig(slowTool('find_order'), slowTool('book'));
  const call = aToolCall({ name: 'find_orders' });

  runner.run(call);
  await settle();

  expect(line.outputOf(call.toolCallId)).toEqual({
    status: 'error',
    reason: 'unknown-tool',
    message: 'There is no such tool. The tools are: find_order, book.',
  });
});

test('a tool that takes too long is given up and told to stop; its late result is dropped', async () => {
  const tool = slowTool('look_up', { timeoutMs: 3_000, filler: 'none' });
  const { runner, line, clock, finished } = aRig(tool);
  const call = aToolCall();

  runner.run(call);
  await clock.advanceAsync(2_999);
  expect(tool.uses[0]!.signal.aborted).toBe(false);
  await clock.advanceAsync(1);
  tool.uses[0]!.resolve('late');
  await settle();

  expect(tool.uses[0]!.signal.aborted).toBe(true);
  expect(line.outputOf(call.toolCallId)).toEqual({
    status: 'error',
    reason: 'timeout',
    message: 'The tool did not answer within 3 seconds.',
  });
  expect(finished()).toMatchObject([{ outcome: 'timeout', durationMs: 3_000 }]);
  expect(line.spoken).toEqual([ANSWER]);
  expect(clock.pendingTimers).toBe(0);
});

test('a handler that fails because its time is up is not a second failure', async () => {
  const tool = slowTool('look_up', { timeoutMs: 1_000 });
  const { runner, line, clock, log } = aRig(tool);
  const call = aToolCall();

  runner.run(call);
  tool.uses[0]!.signal.addEventListener('abort', () => tool.uses[0]!.reject(new Error('aborted')));
  await clock.advanceAsync(1_000);

  expect(line.outputOf(call.toolCallId)).toMatchObject({ reason: 'timeout' });
  expect(log.lines).toEqual([]);
});

test('a failure that is meant for the model reaches it in full', async () => {
  const failure = new ToolFailure('No such order.', { details: { httpStatus: 404 } });
  const { runner, line, finished } = aRig(failingTool(failure));
  const call = aToolCall();

  runner.run(call);
  await settle();

  expect(line.outputOf(call.toolCallId)).toEqual({
    status: 'error',
    reason: 'failed',
    message: 'No such order.',
    details: { httpStatus: 404 },
  });
  expect(finished()).toMatchObject([{ outcome: 'error' }]);
});

test.each([
  ['rejects', () => Promise.reject(new Error('canary: no column'))],
  [
    'throws at once',
    () => {
      throw new Error('canary: no column');
    },
  ],
  ['returns what is no JSON', () => Promise.resolve({ canary: 1n })],
])('of a handler that %s, the model learns only that it failed, and the log learns why', async (_, run) => {
  const { runner, line, log } = aRig(slowTool('look_up', { run }));
  const call = aToolCall();

  runner.run(call);
  await settle();

  expect(line.outputOf(call.toolCallId)).toMatchObject({ status: 'error', reason: 'internal' });
  expect(JSON.stringify(line.answers)).not.toContain('canary');
  expect(log.at('warn')).toMatchObject([
    { fields: { toolCallId: call.toolCallId, error: expect.any(Error) as Error } },
  ]);
});

test('the AI speaks once about all the tools of a response, after the last of them', async () => {
  const tool = slowTool();
  const { runner, line } = aRig(tool);

  runner.run(aToolCall());
  runner.run(aToolCall());
  tool.uses[1]!.resolve(2);
  await settle();
  expect(line.answers).toHaveLength(1);
  expect(line.spoken).toEqual([]);

  tool.uses[0]!.resolve(1);
  await settle();
  expect(line.spoken).toEqual([ANSWER]);
});

test('the AI does not speak before its response is made, since it may ask for more tools', async () => {
  const tool = slowTool();
  const { runner, line } = aRig(tool);
  const finishMaking = line.keepMaking('response-a');

  runner.run(aToolCall());
  tool.uses[0]!.resolve(1);
  await settle();
  runner.run(aToolCall());
  finishMaking();
  await settle();
  expect(line.spoken).toEqual([]);

  tool.uses[1]!.resolve(2);
  await settle();
  expect(line.spoken).toEqual([ANSWER]);
});

test('the AI does not speak before the model has the result', async () => {
  const tool = slowTool();
  const { runner, line } = aRig(tool);
  let confirm = () => {};
  line.onAnswer = () => new Promise((resolve) => (confirm = resolve));

  runner.run(aToolCall());
  tool.uses[0]!.resolve(1);
  await settle();
  expect(line.spoken).toEqual([]);

  confirm();
  await settle();
  expect(line.spoken).toEqual([ANSWER]);
});

test('a tool of a response that was spoken about already does not make the AI speak again', async () => {
  const tool = slowTool();
  const { runner, line } = aRig(tool);

  for (const index of [0, 1]) {
    runner.run(aToolCall());
    tool.uses[index]!.resolve(index);
    await settle();
  }

  expect(line.answers).toHaveLength(2);
  expect(line.spoken).toEqual([ANSWER]);
});

test('tools of two responses get an answer each', async () => {
  const tool = slowTool();
  const { runner, line } = aRig(tool);

  runner.run(aToolCall({ responseId: 'response-a' }));
  runner.run(aToolCall({ responseId: 'response-b' }));
  tool.uses[1]!.resolve(2);
  await settle();
  expect(line.spoken).toHaveLength(1);

  tool.uses[0]!.resolve(1);
  await settle();
  expect(line.spoken).toHaveLength(2);
});

test('nothing is said about a success that is not to be spoken about, but about its failure', async () => {
  const tool = slowTool('end', { resultIsSpoken: false });
  const { runner, line } = aRig(tool);

  runner.run(aToolCall({ name: 'end' }));
  tool.uses[0]!.resolve('ended');
  await settle();
  expect(line.answers).toHaveLength(1);
  expect(line.spoken).toEqual([]);

  runner.run(aToolCall({ name: 'end', responseId: 'response-b' }));
  tool.uses[1]!.reject(new ToolFailure('Not now.'));
  await settle();
  expect(line.spoken).toEqual([ANSWER]);
});

test('a silent tool that ends last does not swallow the answer about another one', async () => {
  const spoken = slowTool('look_up');
  const silent = slowTool('note', { resultIsSpoken: false });
  const { runner, line } = aRig(spoken, silent);

  runner.run(aToolCall());
  runner.run(aToolCall({ name: 'note' }));
  spoken.uses[0]!.resolve(1);
  await settle();
  silent.uses[0]!.resolve(1);
  await settle();

  expect(line.spoken).toEqual([ANSWER]);
});

test('the callee waits from the first such tool to the last', async () => {
  const tool = slowTool('pay', { whileRunning: 'wait' });
  const { runner, waits } = aRig(tool, slowTool('look_up'));

  runner.run(aToolCall());
  expect(waits).toEqual([]);
  runner.run(aToolCall({ name: 'pay' }));
  runner.run(aToolCall({ name: 'pay' }));
  tool.uses[0]!.resolve(1);
  await settle();
  expect(waits).toEqual([true]);

  tool.uses[1]!.resolve(1);
  await settle();
  expect(waits).toEqual([true, false]);
});

test(`only ${MAX_RUNNING_TOOLS} tools run at a time`, async () => {
  const tool = slowTool();
  const { runner, line } = aRig(tool);
  for (let count = 0; count < MAX_RUNNING_TOOLS; count += 1) runner.run(aToolCall());
  const extra = aToolCall();

  runner.run(extra);
  await settle();
  expect(tool.uses).toHaveLength(MAX_RUNNING_TOOLS);
  expect(line.outputOf(extra.toolCallId)).toMatchObject({ status: 'error', reason: 'too-many-calls' });

  tool.uses[0]!.resolve(1);
  await settle();
  runner.run(aToolCall());
  await settle();
  expect(tool.uses).toHaveLength(MAX_RUNNING_TOOLS + 1);
});

test(`after ${MAX_TOOL_CALLS} uses no tool runs any more, and the AI is not offered one`, async () => {
  const tool = slowTool('look_up', { run: () => Promise.resolve(1) });
  const { runner, line, finished } = aRig(tool);
  for (let count = 1; count <= MAX_TOOL_CALLS; count += 1) {
    runner.run(aToolCall({ responseId: `response-${count}` }));
    await settle();
  }
  expect(finished().every(({ outcome }) => outcome === 'ok')).toBe(true);
  expect(line.spoken.at(-2)).toMatchObject({ mayUseTools: true });
  expect(line.spoken.at(-1)).toMatchObject({ mayUseTools: false });

  const extra = aToolCall({ responseId: 'response-x' });
  runner.run(extra);
  await settle();
  expect(line.outputOf(extra.toolCallId)).toMatchObject({ reason: 'too-many-calls' });
  expect(line.spoken.at(-1)).toMatchObject({ mayUseTools: false });
});

test('closing tells running tools to stop and puts them on record; nothing is said or waited for afterwards', async () => {
  const tool = slowTool('look_up', { whileRunning: 'wait' });
  const { runner, line, clock, finished, waits, log } = aRig(tool);
  const finishMaking = line.keepMaking('response-b');
  runner.run(aToolCall());
  runner.run(aToolCall({ responseId: 'response-b' }));
  tool.uses[1]!.resolve(1);
  await settle();
  const answers = line.answers.length;

  runner.close();
  runner.close();
  finishMaking();
  tool.uses[0]!.reject(new Error('aborted'));
  runner.run(aToolCall());
  await clock.advanceAsync(60_000);

  expect(tool.uses[0]!.signal.aborted).toBe(true);
  expect(runner).toMatchObject({ closed: true, isBusy: false });
  expect(line.answers).toHaveLength(answers);
  expect(finished().map(({ outcome }) => outcome)).toEqual(['ok', 'abandoned']);
  expect(tool.uses).toHaveLength(2);
  expect(waits).toEqual([true]);
  expect(line.spoken).toEqual([]);
  expect(log.lines).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('is busy while a tool runs, and no longer when its end is reported', async () => {
  const tool = slowTool();
  const { runner, events } = aRig(tool);
  expect(runner.isBusy).toBe(false);

  runner.run(aToolCall());
  expect(runner.isBusy).toBe(true);
  tool.uses[0]!.resolve(1);
  await settle();

  expect(events).toHaveLength(1);
  expect(runner.isBusy).toBe(false);
});

test('a line that fails is logged and stops nothing', async () => {
  const tool = slowTool();
  const { runner, line, log } = aRig(tool);
  line.onAnswer = () => Promise.reject(new Error('gone'));

  runner.run(aToolCall());
  tool.uses[0]!.resolve(1);
  await settle();
  expect(log.at('error')).toHaveLength(1);

  line.onAnswer = () => Promise.resolve();
  runner.run(aToolCall({ responseId: 'response-b' }));
  tool.uses[1]!.resolve(1);
  await settle();
  expect(line.spoken).toEqual([ANSWER]);
});

test('a handler gets what the schema made of the arguments', async () => {
  const seen: string[] = [];
  const tool = defineTool({
    name: 'look_up',
    description: 'Looks something up.',
    parameters: z.object({ city: z.string().trim().default('Boston') }),
    run: ({ city }) => Promise.resolve(seen.push(city)),
  });
  const { runner } = aRig(tool);

  runner.run(aToolCall());
  runner.run(aToolCall({ argumentsJson: '{"city":" Salem "}' }));
  await settle();

  expect(seen).toEqual(['Boston', 'Salem']);
});

describe('waiting for the other tools', () => {
  /** What is told to a tool that waits for the others, once it is. */
  function askedBy(runner: ToolRunner, toolCallId: string): { hasWorked?: boolean } {
    const state: { hasWorked?: boolean } = {};
    void runner.whenOthersDone(aToolCall({ toolCallId })).then((hasWorked) => {
      state.hasWorked = hasWorked;
    });
    return state;
  }

  test('ends at once when there are none but the one that asks', async () => {
    const { runner } = aRig(slowTool());
    runner.run(aToolCall({ toolCallId: 'own' }));

    const asked = askedBy(runner, 'own');
    await settle();

    expect(asked.hasWorked).toBe(true);
  });

  test('lasts until the last of them is through, and tells that they have worked', async () => {
    const tool = slowTool();
    const { runner } = aRig(tool);
    for (const toolCallId of ['own', 'first', 'second']) runner.run(aToolCall({ toolCallId }));
    const asked = askedBy(runner, 'own');

    tool.uses[1]!.resolve('booked');
    await settle();
    expect(asked.hasWorked).toBeUndefined();
    tool.uses[2]!.resolve('sent');
    await settle();

    expect(asked.hasWorked).toBe(true);
  });

  test('tells of one of the same response that had failed before', async () => {
    const { runner } = aRig(slowTool());
    runner.run(aToolCall({ toolCallId: 'refused', argumentsJson: 'not JSON' }));
    runner.run(aToolCall({ toolCallId: 'own' }));

    const asked = askedBy(runner, 'own');
    await settle();

    expect(asked.hasWorked).toBe(false);
  });

  test.each<[string, (rig: ReturnType<typeof aRig>, uses: Use[]) => Promise<void> | void]>([
    ['fails', (_, uses) => uses[1]!.reject(new ToolFailure('No table is free.'))],
    ['takes too long', ({ clock }) => clock.advanceAsync(60_000)],
    ['is abandoned', ({ runner }) => runner.close()],
  ])('tells when one of them %s', async (_, act) => {
    const tool = slowTool();
    const rig = aRig(tool);
    for (const toolCallId of ['own', 'other']) rig.runner.run(aToolCall({ toolCallId }));
    const asked = askedBy(rig.runner, 'own');

    await act(rig, tool.uses);
    await settle();

    expect(asked.hasWorked).toBe(false);
  });
});

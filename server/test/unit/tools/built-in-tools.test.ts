import type { TransferOutcome } from '../../../src/calls/agent-ports';
import { BUILT_IN_TOOLS, type BuiltInToolName } from '../../../src/calls/behaviour';
import { CarrierError } from '../../../src/calls/errors';
import {
  type BuiltInActions,
  builtInTools,
  type EndCallRequest,
  type ToolTransfer,
} from '../../../src/tools/built-in-tools';
import type { Tool } from '../../../src/tools/tool';
import { parseArguments } from '../../../src/tools/tool-output';

const TARGETS = [
  { name: 'Sales', to: '+12025550142', description: 'new orders' },
  { name: 'Support', to: 'sip:support@example.com' },
];

class FakeActions implements BuiltInActions {
  readonly ends: EndCallRequest[] = [];
  readonly transfers: ToolTransfer[] = [];
  readonly digits: string[] = [];
  ending: 'ended' | 'canceled' = 'ended';
  onTransfer: () => Promise<TransferOutcome> = () => Promise.resolve({ status: 'bridged' });
  onDigits: () => Promise<void> = () => Promise.resolve();
  leftMs = 61_900;

  endCall(request: EndCallRequest): Promise<'ended' | 'canceled'> {
    this.ends.push(request);
    return Promise.resolve(this.ending);
  }

  transfer(request: ToolTransfer): Promise<TransferOutcome> {
    this.transfers.push(request);
    return this.onTransfer();
  }

  sendDigits(digits: string): Promise<void> {
    this.digits.push(digits);
    return this.onDigits();
  }

  remainingMs(): number {
    return this.leftMs;
  }
}

let actions: FakeActions;

beforeEach(() => {
  actions = new FakeActions();
});

function toolNamed(name: BuiltInToolName): Tool {
  const tool = builtInTools(actions, { names: [name], transferTargets: TARGETS })[0];
  if (!tool) throw new Error('There is no such tool.');
  return tool;
}

/** Runs a tool as the runner does: the arguments have to pass. */
async function run(name: BuiltInToolName, args: object = {}): Promise<unknown> {
  const tool = toolNamed(name);
  const parsed = parseArguments(tool, JSON.stringify(args));
  if (!parsed.isValid) throw new Error(parsed.problem);
  const signal = new AbortController().signal;
  return await tool.run(parsed.args, { toolCallId: 'use-1', responseId: 'response-a', signal });
}

function refused(): CarrierError {
  return new CarrierError('canary', { failure: 'refused' });
}

test('a call has the tools that it names, each once', () => {
  const names = builtInTools(actions, { names: ['send_dtmf', 'end_call', 'send_dtmf'], transferTargets: TARGETS });

  expect(names.map(({ name }) => name)).toEqual(['send_dtmf', 'end_call']);
});

test('without anybody to transfer to there is no transfer', () => {
  const tools = builtInTools(actions, { names: BUILT_IN_TOOLS, transferTargets: [] });

  expect(tools.map(({ name }) => name)).toEqual(['end_call', 'send_dtmf', 'remaining_time']);
});

test('nothing is said to cover a built-in tool, and the callee may talk meanwhile', () => {
  const tools = builtInTools(actions, { names: BUILT_IN_TOOLS, transferTargets: TARGETS });

  expect(tools).toHaveLength(4);
  for (const tool of tools) expect(tool).toMatchObject({ filler: 'none', whileRunning: 'talk' });
});

test('end_call hands on which response said goodbye, and why', async () => {
  expect(await run('end_call', { reason: 'done' })).toEqual({ call: 'ended' });

  expect(actions.ends).toEqual([{ toolCallId: 'use-1', responseId: 'response-a', reason: 'done' }]);
  expect(toolNamed('end_call').resultIsSpoken).toBe(false);
});

test('end_call tells the model to go on when the callee spoke up', async () => {
  actions.ending = 'canceled';

  expect(await run('end_call')).toMatchObject({
    call: 'goes on',
    note: expect.stringMatching(/callee spoke/) as string,
  });
});

test('transfer_call tells the model names and never numbers', () => {
  const { description, jsonSchema } = toolNamed('transfer_call');

  expect(description).toContain('Sales (new orders); Support');
  expect(jsonSchema).toMatchObject({ properties: { target: { enum: ['Sales', 'Support'] } }, required: ['target'] });
  expect(description + JSON.stringify(jsonSchema)).not.toMatch(/2025550142|sip:/);
});

test('transfer_call connects with the one of that name, and the AI keeps quiet after it', async () => {
  expect(await run('transfer_call', { target: 'Support' })).toEqual({ transfer: 'connected' });

  expect(actions.transfers).toEqual([{ to: 'sip:support@example.com', responseId: 'response-a' }]);
  expect(toolNamed('transfer_call').resultIsSpoken).toBe(false);
});

test('transfer_call refuses a name that is not on the list', async () => {
  await expect(run('transfer_call', { target: '+12025550199' })).rejects.toThrow(/target: /);
  expect(actions.transfers).toEqual([]);
});

test('a failed transfer is a failure that the model can tell the callee about', async () => {
  actions.onTransfer = () => Promise.resolve({ status: 'failed', reason: 'no-answer' });

  await expect(run('transfer_call', { target: 'Sales' })).rejects.toMatchObject({
    name: 'ToolFailure',
    message: expect.stringMatching(/Tell the callee/) as string,
    details: { target: 'Sales', cause: 'no-answer' },
  });
});

test.each([
  ['transfer_call', { target: 'Sales' }],
  ['send_dtmf', { digits: '1' }],
] as const)('%s tells the model that the carrier refused, but not in its words', async (name, args) => {
  actions.onTransfer = () => Promise.reject(refused());
  actions.onDigits = () => Promise.reject(refused());

  await expect(run(name, args)).rejects.toMatchObject({
    name: 'ToolFailure',
    message: expect.not.stringContaining('canary') as string,
  });
});

test('a fault of our own is not passed off as one of the carrier', async () => {
  const fault = new Error('a fault');
  actions.onDigits = () => Promise.reject(fault);

  await expect(run('send_dtmf', { digits: '1' })).rejects.toBe(fault);
});

test('send_dtmf presses keys and takes nothing else', async () => {
  expect(await run('send_dtmf', { digits: '1w23#*W0AD' })).toEqual({ sent: '1w23#*W0AD' });
  for (const digits of ['', 'E', '1 2', '1'.repeat(33), '+1']) {
    await expect(run('send_dtmf', { digits })).rejects.toThrow(/digits: must be 1 to 32/);
  }

  expect(actions.digits).toEqual(['1w23#*W0AD']);
});

test('remaining_time tells whole seconds, and never fewer than none', async () => {
  expect(await run('remaining_time')).toEqual({ remainingSeconds: 61 });
  actions.leftMs = -5;
  expect(await run('remaining_time')).toEqual({ remainingSeconds: 0 });
});

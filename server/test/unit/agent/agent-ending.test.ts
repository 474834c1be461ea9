// A model that wants to hang up while something else is under way: a transfer, another tool, an order of the API. Nobody
// is hung up on while anything is still done for them.

import { SAY_GOODBYE, TIME_IS_UP } from '../../../src/agent/directives';
import type { TransferOutcome } from '../../../src/calls/agent-ports';
import { type Deferred, deferred } from '../../../src/lib/deferred';
import { ToolFailure } from '../../../src/tools/tool';
import { settle } from '../../support/manual-clock';
import { AgentRig, slowTool } from './agent-rig';

const TO = '+12025550177';
const SALES = { target: 'Sales' };
/** From the last word to the end of the call, and a little more. */
const AFTER_GOODBYE_MS = 310;
const OTHERS_MAX_MS = 10_000;
const SAY_NOW = { sayId: 'say-1', text: 'One moment.', timing: 'now', isProtected: false } as const;
const FAILED = { status: 'failed', reason: 'the line was busy' } as const;

let rig: AgentRig;
/** What becomes of the transfer at the carrier. */
let connecting: Deferred<TransferOutcome>;
/** What becomes of the tool that takes its time. */
let result: Deferred<string>;

beforeEach(() => {
  const slow = slowTool();
  result = slow.result;
  const behaviour = { transferTargets: [{ name: 'Sales', to: TO }], answeringMachine: 'leave-message' } as const;
  rig = new AgentRig({ behaviour, call: { maxDurationSeconds: 60 }, ownTools: [slow.tool] }).connect();
  connecting = deferred();
  rig.controls.onTransfer = () => connecting.promise;
});

async function finishConnecting(outcome: TransferOutcome): Promise<void> {
  connecting.resolve(outcome);
  await settle();
}

/** Long enough for any hang-up. */
async function waitForHangUp(): Promise<void> {
  await rig.clock.advanceAsync(AFTER_GOODBYE_MS);
}

/** What the model was told of its wish to hang up. */
function endCallOutcomes(): unknown[] {
  const outputs = rig.controls.of('tool.finished').filter(({ name }) => name === 'end_call');
  return outputs.map(({ output }) => (JSON.parse(output) as { result: { call: string } }).result.call);
}

describe('a transfer that is under way', () => {
  /** Transfers, and hangs up before or after. */
  const orders: readonly [string, () => Promise<string>][] = [
    [
      'the model transfers, then hangs up, in one response',
      async () => {
        const responseId = await rig.useTool('transfer_call', SALES);
        await rig.useToolIn(responseId, 'end_call');
        return responseId;
      },
    ],
    [
      'the model hangs up, then transfers, in one response',
      async () => {
        const responseId = await rig.useTool('end_call');
        await rig.useToolIn(responseId, 'transfer_call', SALES);
        return responseId;
      },
    ],
    [
      'the API transfers, then the model hangs up',
      async () => {
        rig.agent.transfer({ to: TO });
        const responseId = await rig.useTool('end_call');
        await rig.settleSpeech('heard');
        return responseId;
      },
    ],
    [
      'the model hangs up, then the API transfers',
      async () => {
        const responseId = await rig.useTool('end_call');
        rig.agent.transfer({ to: TO });
        await rig.settleSpeech('heard');
        return responseId;
      },
    ],
  ];

  test.each(orders)('is not hung up on while the other phone rings: %s', async (_, act) => {
    await rig.finishResponse(await act(), 'heard');
    expect(rig.controls.transfers).toEqual([TO]);

    await rig.clock.advanceAsync(2 * OTHERS_MAX_MS);

    expect(rig.ends).toEqual([]);
  });

  test.each(orders)('is not hung up on when it has worked: %s', async (_, act) => {
    await rig.finishResponse(await act(), 'heard');

    await finishConnecting({ status: 'bridged' });
    await waitForHangUp();

    expect(rig.ends).toEqual([]);
  });

  test.each(orders)('that fails leaves the callee with the AI: %s', async (_, act) => {
    await rig.finishResponse(await act(), 'heard');
    await waitForHangUp();

    await finishConnecting(FAILED);
    await rig.clock.advanceAsync(2 * OTHERS_MAX_MS);

    expect(rig.ends).toEqual([]);
    expect(endCallOutcomes()).toEqual(['goes on']);
  });

  test('that was announced when the model hung up is waited for from there', async () => {
    const responseId = await rig.useTool('transfer_call', SALES);
    await rig.useToolIn(responseId, 'end_call');

    await rig.clock.advanceAsync(OTHERS_MAX_MS);

    expect(rig.ends).toEqual([]);
    expect(rig.controls.transfers).toEqual([]);
  });

  test('and cut into leaves the callee with the AI', async () => {
    const responseId = await rig.useTool('transfer_call', SALES);
    await rig.useToolIn(responseId, 'end_call');

    await rig.finishResponse(responseId, 'interrupted');
    await waitForHangUp();

    expect(endCallOutcomes()).toEqual(['goes on']);
    expect([rig.ends, rig.controls.transfers]).toEqual([[], []]);
  });

  test('is on record as the reason why the model did not hang up by itself', async () => {
    const responseId = await rig.useTool('transfer_call', SALES);
    await rig.useToolIn(responseId, 'end_call');
    await rig.finishResponse(responseId, 'heard');

    await finishConnecting({ status: 'bridged' });

    expect(endCallOutcomes()).toEqual(['ended']);
    expect(rig.said).not.toContain(SAY_GOODBYE);
  });

  test('in vain does not keep the model from hanging up later', async () => {
    rig.agent.transfer({ to: TO });
    await rig.settleSpeech('heard');
    await finishConnecting(FAILED);

    await rig.finishResponse(await rig.useTool('end_call'), 'heard');
    await waitForHangUp();

    expect(rig.ends).toEqual(['ai-hung-up']);
  });
});

describe('an order of the API', () => {
  test('to transfer in the last moment of a goodbye keeps the call', async () => {
    await rig.finishResponse(await rig.useTool('end_call'), 'heard');
    await rig.clock.advanceAsync(200);

    expect(rig.agent.transfer({ to: TO })).toBeUndefined();
    await waitForHangUp();

    expect(rig.ends).toEqual([]);
    expect(rig.controls.of('goodbye.canceled')).toHaveLength(1);
  });

  test('is taken until the final goodbye, and not from there on', async () => {
    rig.clock.advance(53_999);
    expect(rig.agent.say(SAY_NOW)).toBeUndefined();

    rig.clock.advance(1);

    expect(rig.said.at(-1)).toBe(TIME_IS_UP);
    expect([rig.agent.say(SAY_NOW), rig.agent.transfer({ to: TO })]).toEqual(['ending', 'ending']);
    await settle();
    expect(rig.said.at(-1)).toBe(TIME_IS_UP);
  });

  test('is said into silence: tools that end and keys that are pressed during the last goodbye are not spoken about', async () => {
    const responseId = await rig.useTool('look_up');
    rig.line.finishMaking(responseId);
    rig.clock.advance(54_000);
    expect(rig.said.at(-1)).toBe(TIME_IS_UP);

    result.resolve('found');
    rig.agent.onDigit('#');
    await settle();

    expect(rig.said.at(-1)).toBe(TIME_IS_UP);
    expect(rig.line.of('take-turns').at(-1)).toEqual({ type: 'take-turns', by: 'listen' });
  });

  test('is not taken once a machine has answered', () => {
    rig.agent.onMachine({ kind: 'detected', result: 'machine' });

    expect([rig.agent.say(SAY_NOW), rig.agent.transfer({ to: TO })]).toEqual(['ending', 'ending']);
  });
});

describe('another tool that still runs', () => {
  /** The model uses a tool that takes its time, and hangs up; the goodbye has been heard. */
  async function hangUpOverTool(): Promise<void> {
    const responseId = await rig.useTool('look_up');
    await rig.useToolIn(responseId, 'end_call');
    await rig.finishResponse(responseId, 'heard');
  }

  test('is waited for before the call ends', async () => {
    await hangUpOverTool();
    await rig.clock.advanceAsync(OTHERS_MAX_MS - 1_000);
    expect(rig.ends).toEqual([]);

    result.resolve('booked');
    await waitForHangUp();

    expect(rig.ends).toEqual(['ai-hung-up']);
    expect(rig.controls.of('tool.finished').map(({ name, outcome }) => [name, outcome])).toEqual([
      ['look_up', 'ok'],
      ['end_call', 'ok'],
    ]);
  });

  test('is waited for no longer than a callee waits in silence', async () => {
    await hangUpOverTool();

    await rig.clock.advanceAsync(OTHERS_MAX_MS - 1);
    expect(rig.ends).toEqual([]);
    await rig.clock.advanceAsync(1 + AFTER_GOODBYE_MS);

    expect(rig.ends).toEqual(['ai-hung-up']);
  });

  test('and fails keeps the call: the AI speaks about it', async () => {
    await hangUpOverTool();

    result.reject(new ToolFailure('No table is free.'));
    await waitForHangUp();

    expect(rig.ends).toEqual([]);
    expect(endCallOutcomes()).toEqual(['goes on']);
    expect(rig.said).toEqual(['answer']);
  });

  test('and fails while the goodbye is still heard keeps the call: the AI speaks about it', async () => {
    const responseId = await rig.useTool('look_up');
    await rig.useToolIn(responseId, 'end_call');
    result.reject(new ToolFailure('No table is free.'));
    await settle();

    await rig.finishResponse(responseId, 'heard');
    await waitForHangUp();

    expect(rig.ends).toEqual([]);
    expect(endCallOutcomes()).toEqual(['goes on']);
    expect(rig.said).toEqual(['answer']);
  });

  test('that was refused in the same response keeps the call: the AI speaks about it', async () => {
    const responseId = await rig.useTool('look_up', { nonsense: true });
    await rig.useToolIn(responseId, 'end_call');

    await rig.finishResponse(responseId, 'heard');
    await waitForHangUp();

    expect(rig.ends).toEqual([]);
    expect(rig.said).toEqual(['answer']);
  });

  test.each(['a word', 'a key'])('gives the callee time to keep the call by %s', async (what) => {
    await hangUpOverTool();

    if (what === 'a key') rig.agent.onDigit('1');
    else {
      rig.startCallee();
      rig.stopCallee();
    }
    result.resolve('booked');
    await waitForHangUp();

    expect(rig.ends).toEqual([]);
    expect(endCallOutcomes()).toEqual(['goes on']);
  });

  test('does not stand in the way of a second goodbye after the callee has kept the call', async () => {
    await hangUpOverTool();
    rig.startCallee();
    rig.stopCallee();
    await settle();

    await rig.finishResponse(await rig.useTool('end_call'), 'heard');
    result.resolve('booked');
    await waitForHangUp();

    expect(rig.ends).toEqual(['ai-hung-up']);
  });

  test('and fails is no reason to go on when a machine has answered meanwhile', async () => {
    await hangUpOverTool();

    rig.agent.onMachine({ kind: 'detected', result: 'machine' });
    result.reject(new ToolFailure('No table is free.'));
    await waitForHangUp();

    expect([rig.ends, rig.said, rig.controls.of('goodbye.canceled')]).toEqual([[], [], []]);
  });
});

// Handing the callee over: by order of the API and by a tool of the model, announced, refused, cut into.

import { ANNOUNCE_TRANSFER } from '../../../src/agent/directives';
import type { TransferOutcome } from '../../../src/calls/agent-ports';
import { CarrierError } from '../../../src/calls/errors';
import { type Deferred, deferred } from '../../../src/lib/deferred';
import { settle } from '../../support/manual-clock';
import { AgentRig } from './agent-rig';

const TO = '+12025550177';

let rig: AgentRig;
/** What becomes of the transfer at the carrier. */
let connecting: Deferred<TransferOutcome>;

beforeEach(() => {
  rig = new AgentRig({ behaviour: { transferTargets: [{ name: 'Sales', to: TO }] } }).connect();
  connecting = deferred();
  rig.controls.onTransfer = () => connecting.promise;
});

async function finishConnecting(outcome: TransferOutcome): Promise<void> {
  connecting.resolve(outcome);
  await settle();
}

/** The model asks for the transfer in a response that is being heard. */
function transferByTool(): Promise<string> {
  return rig.useTool('transfer_call', { target: 'Sales' });
}

describe('by order', () => {
  test('the given words are heard before anybody else is called', async () => {
    rig.agent.transfer({ to: TO, announcement: 'I connect you now.' });
    await settle();
    expect(rig.said).toEqual(['I connect you now.']);
    expect(rig.controls.transfers).toEqual([]);

    await rig.settleSpeech('heard');

    expect(rig.controls.transfers).toEqual([TO]);
  });

  test('without given words the AI finds its own', async () => {
    rig.agent.transfer({ to: TO });
    await settle();

    expect(rig.said).toEqual([ANNOUNCE_TRANSFER]);
  });

  test.each(['interrupted', 'unspoken'] as const)('an announcement that is %s does not stop it', async (outcome) => {
    rig.agent.transfer({ to: TO });
    await settle();

    await rig.settleSpeech(outcome);

    expect(rig.controls.transfers).toEqual([TO]);
  });

  test('a failure is explained to the callee, and the AI may go on with its tools', async () => {
    rig.agent.transfer({ to: TO });
    await rig.settleSpeech('heard');

    await finishConnecting({ status: 'failed', reason: 'the line was busy' });

    const directive = expect.stringContaining('the line was busy') as string;
    expect(rig.line.spoken.at(-1)).toEqual({ content: { kind: 'directive', directive }, mayUseTools: true });
  });

  test('a refusal of the carrier is explained like any other failure', async () => {
    rig.agent.transfer({ to: TO });
    await rig.settleSpeech('heard');

    // Whoever waits for the order must not be left with a rejection.
    connecting.reject(new CarrierError('no', { failure: 'refused' }));
    await settle();

    expect(rig.said).toEqual([ANNOUNCE_TRANSFER, expect.stringContaining('did not work')]);
  });

  test('nothing is said once the callee talks to somebody else', async () => {
    rig.agent.transfer({ to: TO });
    await rig.settleSpeech('heard');

    await finishConnecting({ status: 'bridged' });

    expect(rig.said).toEqual([ANNOUNCE_TRANSFER]);
  });

  test('a call that ends during the announcement transfers nobody, and the record says so', async () => {
    rig.agent.transfer({ to: TO });
    await settle();

    rig.agent.close();
    await settle();

    expect(rig.controls.transfers).toEqual([]);
    const reason = 'the conversation is over';
    expect(rig.controls.of('transfer.failed')).toEqual([{ type: 'transfer.failed', to: TO, reason }]);
  });

  test('a callee who hangs up during the announcement is not connected, and the record says so', async () => {
    rig.agent.transfer({ to: TO });
    await settle();

    // The end of the line cuts it off; that of the call is told a moment later.
    rig.line.isStreaming = false;
    await rig.settleSpeech('interrupted');

    expect(rig.controls.transfers).toEqual([]);
    expect(rig.controls.of('transfer.failed')).toHaveLength(1);
  });

  test('a call that ends while the other phone rings has nothing to explain', async () => {
    rig.agent.transfer({ to: TO });
    await rig.settleSpeech('heard');

    rig.agent.close();
    await finishConnecting({ status: 'failed', reason: 'the call is over' });

    expect(rig.said).toEqual([ANNOUNCE_TRANSFER]);
    expect(rig.clock.pendingTimers).toBe(0);
  });

  test.each(['heard', 'interrupted'] as const)(
    'a machine that answers during an announcement that is %s is not transferred',
    async (outcome) => {
      rig = new AgentRig({ behaviour: { answeringMachine: 'leave-message' } }).connect();
      rig.agent.transfer({ to: TO });
      await settle();

      rig.agent.onMachine({ kind: 'detected', result: 'machine' });
      await rig.settleSpeech(outcome);

      expect(rig.controls.transfers).toEqual([]);
      expect(rig.controls.of('transfer.failed')).toHaveLength(1);
      expect(rig.said).toEqual([ANNOUNCE_TRANSFER]);
    },
  );
});

describe('one at a time', () => {
  test('an order is taken when nothing else is under way', () => {
    expect(rig.agent.transfer({ to: TO })).toBeUndefined();
  });

  test.each(['is announced', 'rings'])('an order is refused while another one %s', async (state) => {
    rig.agent.transfer({ to: TO });
    if (state === 'rings') await rig.settleSpeech('heard');

    expect(rig.agent.transfer({ to: TO })).toBe('busy');

    expect(rig.said).toEqual([ANNOUNCE_TRANSFER]);
  });

  test.each(['is announced', 'rings'])('an order is refused while one of the model %s', async (state) => {
    const responseId = await transferByTool();
    if (state === 'rings') await rig.finishResponse(responseId, 'heard');

    expect(rig.agent.transfer({ to: TO })).toBe('busy');

    expect(rig.said).toEqual([]);
  });

  test.each(['is announced', 'rings'])('the model is told that an order %s already', async (state) => {
    rig.agent.transfer({ to: TO });
    if (state === 'rings') await rig.settleSpeech('heard');

    await rig.finishResponse(await transferByTool(), 'heard');

    expect(rig.answers).toEqual([expect.stringContaining('another transfer is under way')]);
    expect(rig.controls.transfers).toHaveLength(state === 'rings' ? 1 : 0);
  });

  test('after a failure the next order is taken', async () => {
    rig.agent.transfer({ to: TO });
    await rig.settleSpeech('heard');
    await finishConnecting({ status: 'failed', reason: 'the line was busy' });

    expect(rig.agent.transfer({ to: TO })).toBeUndefined();
  });
});

describe('a machine that turns out to have answered', () => {
  test.each(['order', 'tool'])('is not connected: whoever rings by %s is let go', async (by) => {
    rig = new AgentRig({
      behaviour: { answeringMachine: 'leave-message', transferTargets: [{ name: 'Sales', to: TO }] },
    }).connect();
    rig.controls.onTransfer = () => connecting.promise;
    if (by === 'order') {
      rig.agent.transfer({ to: TO });
      await rig.settleSpeech('heard');
    } else await rig.finishResponse(await transferByTool(), 'heard');

    rig.agent.onMachine({ kind: 'detected', result: 'machine' });
    expect(rig.controls.canceledTransfers).toBe(1);
    const before = rig.said;
    await finishConnecting({ status: 'failed', reason: 'it was canceled' });

    expect(rig.said).toEqual(before);
  });

  test('lets nobody go when the AI merely leaves', async () => {
    rig.agent.transfer({ to: TO });
    await rig.settleSpeech('heard');

    rig.agent.close();

    expect(rig.controls.canceledTransfers).toBe(0);
  });
});

describe('by the model', () => {
  test('what it says in the same response is heard before anybody else is called', async () => {
    const responseId = await transferByTool();
    expect(rig.controls.transfers).toEqual([]);

    await rig.finishResponse(responseId, 'heard');

    expect(rig.controls.transfers).toEqual([TO]);
    expect(rig.said).toEqual([]);
  });

  test('a model that says nothing announces it first', async () => {
    const responseId = await transferByTool();

    await rig.finishResponse(responseId, 'unspoken');
    expect(rig.said).toEqual([ANNOUNCE_TRANSFER]);
    expect(rig.controls.transfers).toEqual([]);
    await rig.settleSpeech('heard');

    expect(rig.controls.transfers).toEqual([TO]);
  });

  test.each(['still speaks', 'is done'])('a callee who cuts it off and %s is not connected', async (how) => {
    const responseId = await transferByTool();

    rig.startCallee();
    if (how === 'is done') rig.stopCallee();
    await rig.finishResponse(responseId, 'interrupted');

    expect(rig.controls.transfers).toEqual([]);
    expect(rig.answers).toEqual([expect.stringContaining('spoke before they were connected')]);
    expect(rig.controls.of('transfer.failed')).toMatchObject([{ to: TO, reason: expect.any(String) as string }]);
  });

  test('a callee who says okay when all of it has been heard is connected', async () => {
    const responseId = await transferByTool();

    rig.startCallee();
    await rig.finishResponse(responseId, 'heard');

    expect(rig.controls.transfers).toEqual([TO]);
    expect(rig.controls.of('transfer.failed')).toEqual([]);
  });

  test('a callee who says okay when the announcement that was asked for has been heard is connected', async () => {
    const responseId = await transferByTool();
    await rig.finishResponse(responseId, 'unspoken');

    rig.startCallee();
    await rig.settleSpeech('heard');

    expect(rig.controls.transfers).toEqual([TO]);
  });

  test('a callee who speaks while the model says nothing is heard out, not connected', async () => {
    const responseId = await transferByTool();

    rig.startCallee();
    await rig.finishResponse(responseId, 'unspoken');

    expect(rig.said).not.toContain(ANNOUNCE_TRANSFER);
    expect(rig.controls.transfers).toEqual([]);
  });

  test('a callee who cuts into the announcement is not connected either', async () => {
    const responseId = await transferByTool();
    await rig.finishResponse(responseId, 'unspoken');

    rig.startCallee();
    await rig.settleSpeech('interrupted');

    expect(rig.controls.transfers).toEqual([]);
    expect(rig.answers).toEqual([expect.stringContaining('spoke before they were connected')]);
  });

  test('the model learns of a failure and speaks about it', async () => {
    const responseId = await transferByTool();
    await rig.finishResponse(responseId, 'heard');

    await finishConnecting({ status: 'failed', reason: 'the line was busy' });

    expect(rig.answers).toEqual([expect.stringContaining('the line was busy')]);
    expect(rig.said).toEqual(['answer']);
  });

  test('the AI keeps quiet after a success', async () => {
    const responseId = await transferByTool();
    await rig.finishResponse(responseId, 'heard');

    await finishConnecting({ status: 'bridged' });

    expect(rig.controls.of('tool.finished')).toMatchObject([{ name: 'transfer_call', outcome: 'ok' }]);
    expect(rig.said).toEqual([]);
  });

  test('a call that ends before it is announced transfers nobody', async () => {
    const responseId = await transferByTool();

    const finished = rig.finishResponse(responseId, 'unspoken');
    rig.agent.close();
    await finished;

    expect(rig.controls.transfers).toEqual([]);
    expect(rig.controls.of('transfer.failed')).toHaveLength(1);
  });
});

describe('while the other phone rings', () => {
  test.each(['order', 'tool'])(
    'silence is in order when it was by %s, and counts again after a failure',
    async (by) => {
      if (by === 'order') {
        rig.agent.transfer({ to: TO });
        await rig.settleSpeech('heard');
      } else await rig.finishResponse(await transferByTool(), 'heard');
      await rig.clock.advanceAsync(40_000);
      expect(rig.controls.of('silence.noticed')).toEqual([]);

      await finishConnecting({ status: 'failed', reason: 'nobody answered' });
      await rig.clock.advanceAsync(10_000);

      expect(rig.controls.of('silence.noticed')).toHaveLength(1);
    },
  );
});

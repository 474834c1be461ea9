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

  test('a call that ends during the announcement transfers nobody', async () => {
    rig.agent.transfer({ to: TO });
    await settle();

    rig.agent.close();
    await settle();

    expect(rig.controls.transfers).toEqual([]);
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
    },
  );
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

  test.each([
    ['cuts in and is done', 'interrupted', false],
    ['speaks when it has been heard', 'heard', true],
  ] as const)('a callee who %s is not connected, and the model learns why', async (_, outcome, isCalleeSpeaking) => {
    const responseId = await transferByTool();

    rig.startCallee();
    if (!isCalleeSpeaking) rig.stopCallee();
    await rig.finishResponse(responseId, outcome);

    expect(rig.controls.transfers).toEqual([]);
    expect(rig.answers).toEqual([expect.stringContaining('spoke before they were connected')]);
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

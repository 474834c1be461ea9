// An agent that has to go although the conversation is not over: the money is spent, or the server stops. And one whose
// AI cannot be reached for a while.

import { HAVE_TO_GO, LINE_CLOSES, MONEY_IS_RUNNING_OUT, TIME_IS_UP } from '../../../src/agent/directives';
import type { TransferOutcome } from '../../../src/calls/agent-ports';
import { deferred } from '../../../src/lib/deferred';
import { aCharge, aUsage } from '../../support/builders';
import { settle } from '../../support/manual-clock';
import { AgentRig, slowTool } from './agent-rig';

const TO = '+12025550177';
const SILENCE_MS = 10_000;
const FINISH_MAX_MS = 10_000;
const LEAVE_MAX_MS = 8_000;
/** From the last word to the end of the call, and a little more. */
const AFTER_GOODBYE_MS = 310;
const SAY_NOW = { sayId: 'say-1', text: 'One moment.', timing: 'now', isProtected: false } as const;
const LAST_TURNS = { type: 'take-turns', by: 'listen' };

/** The AI costs so much, and whoever told of it is done. */
function spend(rig: AgentRig, amountUsd: number): void {
  rig.controls.leftUsd -= amountUsd;
  const items = [{ kind: 'audio-output', quantity: 1, unit: 'tokens', unitPriceUsd: amountUsd, amountUsd }] as const;
  rig.agent.onEvent({ type: 'usage.added', usage: aUsage({ costUsd: amountUsd }), charge: aCharge({ items }) });
  rig.clock.advance(1);
}

describe('the limit of what a call may cost', () => {
  let rig: AgentRig;

  beforeEach(() => {
    rig = new AgentRig({ call: { maxCostUsd: 1 } });
    rig.controls.leftUsd = 1;
    rig.connect();
  });

  test('is told to the model and not to the callee, and ends with a goodbye that is heard', async () => {
    spend(rig, 0.85);
    expect(rig.line.of('tell')).toEqual([{ type: 'tell', role: 'system', text: MONEY_IS_RUNNING_OUT }]);
    expect(rig.said).toEqual([]);
    spend(rig, 0.1);
    expect(rig.said).toEqual([HAVE_TO_GO]);
    await rig.settleSpeech('heard');
    await rig.clock.advanceAsync(AFTER_GOODBYE_MS);

    expect(rig.ends).toEqual(['max-cost-reached']);
    const steps = rig.controls.of('cost.ending').map(({ step, spentUsd }) => [step, spentUsd]);
    expect(steps).toEqual([
      ['warning', 0.85],
      ['goodbye', 0.95],
    ]);
  });

  test('is noticed after the call has taken note of the charge', () => {
    const order: string[] = [];
    rig.controls.report = (event) => order.push(event.type);

    spend(rig, 0.85);

    expect(order).toEqual(['usage.added', 'cost.ending']);
  });

  test('lets the AI finish what is paid for, and nothing else begins', () => {
    rig.startAi();
    spend(rig, 0.95);
    expect(rig.said).toEqual([]);
    expect(rig.line.of('take-turns').at(-1)).toEqual(LAST_TURNS);
    expect([rig.agent.say(SAY_NOW), rig.agent.transfer({ to: TO })]).toEqual(['ending', 'ending']);

    rig.stopAi();

    expect(rig.said).toEqual([HAVE_TO_GO]);
  });

  test('does not wait for the end of a story', () => {
    rig.startAi();
    spend(rig, 0.95);

    rig.clock.advance(FINISH_MAX_MS);

    expect(rig.said).toEqual([HAVE_TO_GO]);
  });

  test('leaves a goodbye alone that the model says by itself, and says its own when that is called off', async () => {
    const responseId = await rig.useTool('end_call');
    rig.startAi();
    spend(rig, 0.95);

    rig.startCallee();
    await rig.finishResponse(responseId, 'interrupted');
    expect(rig.said).toEqual([]);
    rig.stopCallee();
    rig.stopAi();

    expect(rig.said).toEqual([HAVE_TO_GO]);
    expect(rig.ends).toEqual([]);
  });

  test('has no tools spoken about', async () => {
    const { tool, result } = slowTool();
    rig = new AgentRig({ call: { maxCostUsd: 1 }, ownTools: [tool] }).connect();
    const responseId = await rig.useTool('look_up');
    rig.line.finishMaking(responseId);
    rig.startAi();
    spend(rig, 0.95);

    result.resolve('found');
    await settle();

    expect(rig.said).toEqual([]);
  });

  test('is of no interest once a machine has answered, and leaves no timer at the end', () => {
    rig = new AgentRig({ call: { maxCostUsd: 1 }, behaviour: { answeringMachine: 'leave-message' } });
    rig.controls.leftUsd = 1;
    rig.connect();
    rig.agent.onMachine({ kind: 'detected', result: 'machine' });

    spend(rig, 2);

    expect(rig.said).toEqual([]);
    rig.agent.close();
    expect(rig.clock.pendingTimers).toBe(0);
  });
});

describe('a server that stops', () => {
  test('has the AI say goodbye for good, and the call ends when that is heard', async () => {
    const rig = new AgentRig().connect();
    rig.startAi();

    rig.agent.leave('server-stopping');
    rig.startCallee();
    await rig.settleSpeech('heard');
    await rig.clock.advanceAsync(AFTER_GOODBYE_MS);

    expect(rig.said).toEqual([LINE_CLOSES]);
    expect(rig.line.of('interrupt')).toEqual([{ type: 'interrupt', by: 'api' }]);
    expect(rig.line.of('take-turns').at(-1)).toEqual(LAST_TURNS);
    expect(rig.controls.ends).toEqual([{ reason: 'server-stopping', details: { saidGoodbye: true } }]);
  });

  test('waits for a goodbye that does not come, but not for long', async () => {
    const rig = new AgentRig().connect();

    rig.agent.leave('server-stopping');
    await rig.clock.advanceAsync(LEAVE_MAX_MS + AFTER_GOODBYE_MS);

    expect(rig.controls.ends).toEqual([{ reason: 'server-stopping' }]);
  });

  test('does not cut off another last goodbye, but waits no longer for it', async () => {
    const rig = new AgentRig({ call: { maxDurationSeconds: 60 }, behaviour: { silenceNudgeSeconds: 0 } }).connect();
    await rig.clock.advanceAsync(54_000);
    expect(rig.said.at(-1)).toBe(TIME_IS_UP);
    const before = rig.said.length;

    rig.agent.leave('server-stopping');
    await rig.clock.advanceAsync(LEAVE_MAX_MS);

    expect(rig.said).toHaveLength(before);
    expect(rig.controls.ends).toEqual([{ reason: 'server-stopping' }]);
  });

  test.each<[string, (rig: AgentRig) => unknown]>([
    ['the callee is not connected', (rig) => (rig.line.isStreaming = false)],
    ['the AI cannot be reached', (rig) => rig.agent.onAiLost()],
    ['the conversation is closed', (rig) => rig.agent.close()],
  ])('ends the call at once when %s', (_what, act) => {
    const rig = new AgentRig().connect();
    act(rig);

    rig.agent.leave('server-stopping');

    expect([rig.said, rig.ends]).toEqual([[], ['server-stopping']]);
  });

  test('ends the call at once when the AI was never there', () => {
    const rig = new AgentRig();
    rig.agent.open();
    rig.agent.onStreamStarted();

    rig.agent.leave('server-stopping');

    expect(rig.ends).toEqual(['server-stopping']);
  });

  test('lets go of the party that a callee is to be connected with', async () => {
    const connecting = deferred<TransferOutcome>();
    const rig = new AgentRig().connect();
    rig.controls.onTransfer = () => connecting.promise;
    rig.agent.transfer({ to: TO });
    await rig.settleSpeech('heard');

    rig.agent.leave('server-stopping');
    connecting.resolve({ status: 'failed', reason: 'it was canceled' });
    await settle();

    expect(rig.controls.canceledTransfers).toBe(1);
    expect(rig.said.at(-1)).toBe(LINE_CLOSES);
  });

  test('lets a message on a machine come to its end', async () => {
    const rig = new AgentRig({ behaviour: { answeringMachine: 'leave-message' } }).connect();
    rig.agent.onMachine({ kind: 'detected', result: 'machine' });
    rig.agent.onMachine({ kind: 'greeting-ended', hasBeep: true });

    rig.agent.leave('server-stopping');
    await rig.settleSpeech('heard');
    await rig.clock.advanceAsync(1_000);

    expect(rig.ends).toEqual(['voicemail-left']);
  });
});

describe('an AI that cannot be reached', () => {
  test('is excused by the carrier, and silence is in order until it is back', async () => {
    const rig = new AgentRig().connect();
    rig.agent.onAiLost();
    await rig.clock.advanceAsync(5 * SILENCE_MS);
    expect(rig.controls.spokenByCarrier).toHaveLength(1);
    expect(rig.controls.of('silence.noticed')).toEqual([]);

    rig.agent.onAiResumed();
    await rig.clock.advanceAsync(SILENCE_MS);

    expect(rig.controls.of('silence.noticed')).toMatchObject([{ silentMs: SILENCE_MS }]);
  });

  test.each<[string, (rig: AgentRig) => unknown]>([
    ['a machine has answered', (rig) => rig.agent.onMachine({ kind: 'detected', result: 'machine' })],
    ['a goodbye is being said', (rig) => rig.agent.leave('server-stopping')],
    ['another party is being called', (rig) => rig.agent.transfer({ to: TO })],
  ])('is not excused when %s', async (_what, act) => {
    const rig = new AgentRig({ behaviour: { answeringMachine: 'leave-message' } }).connect();
    await act(rig);

    rig.agent.onAiLost();
    await rig.clock.advanceAsync(5_000);

    expect(rig.controls.spokenByCarrier).toEqual([]);
  });

  test('has its tools go on, and their results wait for it', async () => {
    const { tool, result } = slowTool();
    const rig = new AgentRig({ ownTools: [tool] }).connect();
    await rig.useTool('look_up');
    rig.agent.onAiLost();

    result.resolve('found');
    await settle();

    expect(rig.controls.of('tool.finished')).toMatchObject([{ outcome: 'ok' }]);
    expect(rig.answers).toEqual([expect.stringContaining('found')]);
  });

  test('leaves nothing behind when the call ends meanwhile', async () => {
    const rig = new AgentRig().connect();
    rig.agent.onAiLost();

    rig.agent.close();
    await rig.clock.advanceAsync(10_000);

    expect(rig.clock.pendingTimers).toBe(0);
    expect(rig.controls.spokenByCarrier).toEqual([]);
  });
});

test('a fault while the call is closed leaves no line open', () => {
  const rig = new AgentRig().connect();
  rig.line.isAiSpeaking = true;
  rig.agent.say({ sayId: 'say-1', text: 'One moment.', timing: 'next-pause', isProtected: false });
  rig.controls.report = () => {
    throw new Error('A fault of this process.');
  };

  expect(() => rig.agent.close()).toThrow('A fault of this process.');

  expect(rig.line.closed).toBe(true);
});

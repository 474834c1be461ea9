// What a call leaves behind beside its status: what it used and cost, its audio, and whether a leg may still be up.

import type { CallRecording } from '../../../src/calls/call';
import type { Charge } from '../../../src/calls/cost';
import { DailyBudgetError } from '../../../src/calls/errors';
import { aCharge, aUsage } from '../../support/builders';
import { settle } from '../../support/manual-clock';
import { CallHarness, carrierError } from './call-harness';

const LEG_CHARGE: Charge = {
  source: 'carrier',
  reference: 'leg-1',
  model: '',
  pricesAsOf: null,
  items: [{ kind: 'leg', quantity: 60, unit: 'seconds', unitPriceUsd: 0.0001, amountUsd: 0.006 }],
};

let calls: CallHarness;

beforeEach(() => {
  calls = new CallHarness();
});

async function chargesOf(callId: string): Promise<unknown[]> {
  const timeline = await calls.store.timeline(callId);
  return timeline.filter(({ type }) => type === 'usage.added').map(({ data }) => data['charge']);
}

test('what the AI used is in the timeline line by line, and counts against the budget of the day', async () => {
  const callId = await calls.talk();

  calls.conversations.last.report({ type: 'usage.added', usage: aUsage({ costUsd: 0.25 }), charge: aCharge() });
  await calls.clock.advanceAsync(100);

  expect(await chargesOf(callId)).toEqual([aCharge()]);
  expect((await calls.recorded(callId))?.usage.costUsd).toBe(0.25);
  expect(calls.budget.spent).toEqual([0.002]);
});

test.each(['while it lives', 'after its end'])('what the carrier charges for a call %s is added up', async (when) => {
  const callId = await calls.talk();
  if (when === 'after its end') await calls.end(callId);
  await calls.clock.advanceAsync(100);

  const other = { ...LEG_CHARGE, reference: 'target-leg' };
  for (const [eventId, charge] of [
    ['cost-1', LEG_CHARGE],
    ['cost-1', LEG_CHARGE],
    ['the-same-bill-once-more', LEG_CHARGE],
    ['cost-2', other],
  ] as const)
    void calls.event(callId, { type: 'leg.cost', charge }, { eventId });
  await calls.clock.advanceAsync(5_000);

  expect((await calls.recorded(callId))?.carrierCostUsd).toBeCloseTo(0.012, 9);
  expect(await chargesOf(callId)).toEqual([LEG_CHARGE, other]);
  expect(calls.budget.spent).toEqual([0.006, 0.006]);
});

test("a call may cost what is left of its own limit or of the day's, whichever is less", async () => {
  const callId = await calls.place({ maxCostUsd: 1 });
  await calls.answer(callId);
  const { controls } = calls.conversations.last;
  calls.conversations.last.report({ type: 'usage.added', usage: aUsage({ costUsd: 0.25 }), charge: aCharge() });

  expect(controls.remainingUsd()).toBe(0.75);

  calls.budget.remainingUsd = 0.5;
  expect(controls.remainingUsd()).toBe(0.5);
});

test('a new call that something speaks against is not dialled', async () => {
  calls.gates.push({
    check: () => {
      throw new DailyBudgetError(60);
    },
  });

  await expect(calls.place()).rejects.toThrow(DailyBudgetError);
  expect(calls.carrier.dials).toEqual([]);
});

test('the audio of a call is complete before its record is', async () => {
  const recording: CallRecording = { state: 'ready', durationMs: 1_000, bytes: 32_044 };
  calls.recordings.onFinish = () => Promise.resolve(recording);
  const callId = await calls.talk();

  await calls.end(callId);
  await calls.clock.advanceAsync(100);

  expect(calls.recordings.finished).toEqual([callId]);
  expect((await calls.recorded(callId))?.recording).toEqual(recording);
});

test('a recording that fails in an unforeseen way does not keep the call from being closed', async () => {
  calls.recordings.onFinish = () => Promise.reject(new Error('disk on fire'));
  const callId = await calls.talk();

  await calls.end(callId);
  await calls.clock.advanceAsync(100);

  expect(calls.watcher.types).toContain('leg.down');
  expect(calls.service.watched()).toEqual([]);
});

test('as long as the carrier does not hang up, the record says that a leg may be up', async () => {
  const callId = await calls.talk();
  calls.carrier.onHangUp = () => Promise.reject(carrierError('unavailable'));
  await calls.service.hangUp(callId);
  await calls.clock.advanceAsync(1_000);
  expect(await calls.recorded(callId)).toMatchObject({ status: 'completed', mayHaveLeg: true });

  calls.carrier.onHangUp = () => Promise.resolve();
  await calls.clock.advanceAsync(60_000);
  expect(await calls.recorded(callId)).toMatchObject({ mayHaveLeg: false });
});

test('a fault in what a call does at its time ends this call, and no other', async () => {
  const [faulty, other] = [await calls.place(), await calls.place()];
  await calls.answer(other);
  const [conversation] = calls.conversations.all;
  Object.assign(conversation!, {
    onMachine: () => {
      throw new Error('boom');
    },
  });

  await calls.event(faulty, { type: 'machine.detected', result: 'human' });

  expect(await calls.reason(faulty)).toBe('internal-error');
  expect(await calls.status(other)).toBe('in-progress');
});

describe('when the server stops', () => {
  test('goodbye is said in a conversation, and a call without one ends at once', async () => {
    const talking = await calls.talk();
    const conversation = calls.conversations.last;
    const ringing = await calls.place();

    calls.service.takeLeave();
    await settle();

    expect(conversation.leaves).toEqual(['server-stopping']);
    expect(await calls.status(talking)).toBe('in-progress');
    expect(await calls.reason(ringing)).toBe('server-stopping');
  });

  test("nothing is added to a goodbye that was heard, and the carrier's voice stands in for one that was not", async () => {
    const [first, second] = [await calls.talk(), await calls.talk()];
    const [heard, unheard] = calls.conversations.all;

    heard?.controls.end('server-stopping', { saidGoodbye: true });
    unheard?.controls.end('server-stopping', {});
    await settle();

    expect(calls.carrier.spoken.map(({ command }) => command.callId)).toEqual([second]);
    expect(first).not.toBe(second);
  });
});

// No leg of a call stays up, whichever it is and whenever it shows up, and the record says so as long as one may be.

import { endCall } from '../../../src/calls/end-call';
import { settle } from '../../support/manual-clock';
import { CallHarness, carrierError, DEADLINES } from './call-harness';

const TO = '+12025550177';
const SECOND_LEG = { carrierCallId: 'second-leg' };

let calls: CallHarness;

beforeEach(() => {
  calls = new CallHarness();
});

/** The carrier does not hang up this leg. */
function keepUp(carrierCallId: string): void {
  calls.carrier.onHangUp = (command) =>
    command.carrierCallId === carrierCallId ? Promise.reject(carrierError('unavailable')) : Promise.resolve();
}

async function startTransfer(): Promise<void> {
  void calls.conversations.last.controls.transfer(TO);
  await settle();
}

describe('a leg that gets its name when the call is over', () => {
  test('is hung up, whatever names it', async () => {
    calls.failDial('outcome-unknown');
    const callId = await calls.place();
    calls.recordings.onFinish = () => new Promise(() => undefined);
    await calls.service.hangUp(callId);
    await settle();

    await calls.event(callId, { type: 'stream.started' }, { carrierCallId: 'leg-1' });

    expect(calls.hungUp).toEqual(['leg-1']);
  });

  test('is hung up once, however much is heard of it', async () => {
    const dial = calls.holdDial();
    const callId = await calls.place();
    await calls.service.hangUp(callId);
    calls.carrier.onHangUp = () => new Promise(() => undefined);

    await calls.ring(callId);
    await calls.answer(callId);
    dial.resolve({ carrierCallId: 'leg-1' });
    await settle();

    expect(calls.hungUp).toEqual(['leg-1']);
  });
});

describe('a dial that was not answered, and of which no webhook comes,', () => {
  let callId: string;

  beforeEach(async () => {
    calls.failDial('outcome-unknown');
    callId = await calls.place();
  });

  test('is looked for among the legs that are up when it is given up', async () => {
    calls.carrier.onLiveLegs = () =>
      Promise.resolve([
        { carrierCallId: 'foreign', callId: undefined },
        { carrierCallId: 'leg-9', callId },
      ]);

    await calls.clock.advanceAsync(DEADLINES.dialOutcomeMs + 1_000);

    expect(calls.hungUp).toEqual(['leg-9']);
    const verdict = { reason: 'dial-outcome-unknown' };
    expect(await calls.recorded(callId)).toMatchObject({ carrierCallId: 'leg-9', mayHaveLeg: false, verdict });
  });

  test.each<[string, () => Promise<[]>]>([
    ['has no such leg', () => Promise.resolve([])],
    ['does not answer that either', () => Promise.reject(carrierError('unavailable'))],
  ])('is over when the carrier %s', async (_what, onLiveLegs) => {
    let lists = 0;
    calls.carrier.onLiveLegs = () => {
      lists += 1;
      return onLiveLegs();
    };

    await calls.service.hangUp(callId);
    await calls.clock.advanceAsync(1_000);

    expect([lists, calls.hungUp]).toEqual([1, []]);
    expect(calls.service.watched()).toEqual([]);
    expect(await calls.recorded(callId)).toMatchObject({ status: 'canceled', mayHaveLeg: false });
  });
});

test('an answer that is reported late does not cut off the last words', async () => {
  const callId = await calls.place();
  calls.connectStream(callId);
  calls.conversations.last.report({
    type: 'stream.started',
    streamId: 'stream-1',
    encoding: 'PCMU',
    sampleRateHz: 8000,
  });
  calls.conversations.last.report({ type: 'conversation.failed', verdict: endCall('ai-failed') });
  await settle();
  expect(calls.carrier.spoken).toHaveLength(1);

  await calls.answer(callId);
  expect(calls.hungUp).toEqual([]);
  await calls.clock.advanceAsync(DEADLINES.lastWordsMs);

  expect(calls.hungUp).toEqual(['leg-1']);
});

describe('a second leg', () => {
  test('is hung up once, however much is heard of it', async () => {
    const callId = await calls.talk();
    keepUp('second-leg');

    await calls.event(callId, { type: 'leg.ringing' }, SECOND_LEG);
    await calls.event(callId, { type: 'leg.answered' }, SECOND_LEG);
    await calls.event(callId, { type: 'stream.started' }, SECOND_LEG);

    expect(calls.hungUp).toEqual(['second-leg']);
  });

  test('that hangs up by itself is not tried any more', async () => {
    const callId = await calls.talk();
    keepUp('second-leg');
    await calls.event(callId, { type: 'leg.ringing' }, SECOND_LEG);

    await calls.event(callId, { type: 'leg.ended', verdict: endCall('callee-hung-up') }, SECOND_LEG);
    await calls.clock.advanceAsync(60_000);

    expect(calls.hungUp).toEqual(['second-leg']);
  });

  test('that shows up while the call is closed is waited for', async () => {
    const callId = await calls.talk();
    keepUp('leg-1');
    await calls.service.hangUp(callId);
    await settle();
    keepUp('second-leg');
    await calls.event(callId, { type: 'leg.ringing' }, SECOND_LEG);
    await calls.clock.advanceAsync(10_000);

    expect(calls.watcher.types).not.toContain('leg.down');
    calls.carrier.onHangUp = () => Promise.resolve();
    await calls.clock.advanceAsync(60_000);

    expect(calls.watcher.types.filter((type) => type.startsWith('leg.'))).toEqual(['leg.down']);
  });
});

describe.each<[string, () => Promise<void>]>([
  [
    'a second leg',
    async () => {
      await calls.event(await calls.talk(), { type: 'leg.ringing' }, { carrierCallId: 'other-leg' });
    },
  ],
  [
    'the leg of a transfer',
    async () => {
      const callId = await calls.talk();
      await startTransfer();
      await calls.targetEvent(callId, { type: 'leg.ringing' }, { carrierCallId: 'other-leg' });
    },
  ],
])('%s that the carrier does not hang up', (_which, begin) => {
  beforeEach(async () => {
    keepUp('other-leg');
    await begin();
    await calls.service.hangUp(calls.service.active()[0]!.callId);
    // Longer than anybody waits for it.
    await calls.clock.advanceAsync(6 * 60_000);
  });

  test('may be up by the record, until it is down', async () => {
    const [{ callId } = { callId: '' }] = calls.carrier.dials;
    expect(calls.service.watched()).toEqual([]);
    expect(await calls.recorded(callId)).toMatchObject({ status: 'completed', mayHaveLeg: true });
    expect(calls.watcher.types.at(-1)).toBe('leg.abandoned');

    calls.carrier.onHangUp = () => Promise.resolve();
    await calls.clock.advanceAsync(61_000);

    expect(await calls.recorded(callId)).toMatchObject({ status: 'completed', mayHaveLeg: false });
    expect(calls.watcher.types.at(-1)).toBe('leg.down');
  });
});

describe('a call is closed, its leg down first,', () => {
  async function expectClosed(callId: string): Promise<void> {
    expect(calls.service.watched()).toEqual([]);
    expect(calls.watcher.types.at(-1)).toBe('leg.down');
    expect(await calls.recorded(callId)).toMatchObject({ status: 'completed', mayHaveLeg: false });
  }

  test('when the words of its conversation never come to their end', async () => {
    const callId = await calls.talk();
    calls.conversations.last.onSettle = () => new Promise(() => undefined);

    await calls.service.hangUp(callId);
    await calls.clock.advanceAsync(30_000);

    await expectClosed(callId);
  });

  test('when its conversation fails to settle', async () => {
    const callId = await calls.talk();
    calls.conversations.last.onSettle = () => Promise.reject(new Error('boom'));
    keepUp('leg-1');
    await calls.service.hangUp(callId);
    await settle();
    expect(calls.watcher.types).not.toContain('leg.down');

    calls.carrier.onHangUp = () => Promise.resolve();
    await calls.clock.advanceAsync(1_000);

    await expectClosed(callId);
    expect(calls.watcher.types).not.toContain('leg.abandoned');
  });

  test('when its recording fails in an unforeseen way', async () => {
    calls.recordings.onFinish = () => Promise.reject(new Error('disk on fire'));
    const callId = await calls.talk();

    await calls.service.hangUp(callId);
    await calls.clock.advanceAsync(100);

    await expectClosed(callId);
  });
});

test('a fault in the leave-taking of one call ends this call, and the others still take leave', async () => {
  const [faulty, other] = [await calls.talk(), await calls.talk()];
  const [first, second] = calls.conversations.all;
  Object.assign(first!, {
    leave: () => {
      throw new Error('boom');
    },
  });

  calls.service.takeLeave();

  expect(await calls.reason(faulty)).toBe('internal-error');
  expect(await calls.status(other)).toBe('in-progress');
  expect(second?.leaves).toEqual(['server-stopping']);
});

// The AI cannot be reached: the callee is told to wait when it takes longer than a pause.

import { Outage } from '../../../src/agent/outage';
import { FakeCallControls, FakeVoiceLine } from '../../support/agent-fakes';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock, settle } from '../../support/manual-clock';

const FILLER_AFTER_MS = 1_000;
const LOOK_AGAIN_MS = 250;
const FILLER = 'One moment, please.';

let clock: ManualClock;
let log: RecordingLogger;
let line: FakeVoiceLine & { isAiHeard?: boolean };
let controls: FakeCallControls;
let isMissed: boolean;
/** Whether the AI was lost when the owner was told of a change. */
let changes: boolean[];
let outage: Outage;

beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLogger();
  line = new FakeVoiceLine();
  controls = new FakeCallControls();
  isMissed = true;
  changes = [];
  outage = new Outage({
    clock,
    log,
    line,
    controls,
    isMissed: () => isMissed,
    onChanged: () => changes.push(outage.isLost),
  });
});

test('knows whether the AI is there', () => {
  expect([outage.isAiThere, outage.isLost]).toEqual([false, false]);
  outage.onReady();
  expect([outage.isAiThere, outage.isLost]).toEqual([true, false]);
  outage.onLost();
  expect([outage.isAiThere, outage.isLost]).toEqual([false, true]);
  outage.onResumed();

  expect([outage.isAiThere, outage.isLost]).toEqual([true, false]);
  expect(changes).toEqual([true, false]);
});

test('a callee who picks up before the AI is there is told to wait', async () => {
  outage.onPickedUp();

  await clock.advanceAsync(1_999);
  expect(controls.spokenByCarrier).toEqual([]);
  await clock.advanceAsync(10_000);

  expect(controls.spokenByCarrier).toEqual([FILLER]);
  expect(controls.events).toEqual([{ type: 'filler.spoken', afterMs: 2_000 }]);
});

test('a line that breaks and comes back while they wait is the same wait', async () => {
  outage.onPickedUp();
  await clock.advanceAsync(1_000);
  outage.onPickedUp();
  await clock.advanceAsync(500);
  outage.onReady();
  await clock.advanceAsync(30_000);

  expect(controls.spokenByCarrier).toEqual([]);
});

test.each([
  ['is there when the callee picks up', () => [outage.onReady(), outage.onPickedUp()]],
  ['is there soon after that', () => [outage.onPickedUp(), outage.onReady()]],
])('an AI that %s needs no excuse', async (_name, happen) => {
  happen();
  await clock.advanceAsync(10_000);

  expect(controls.spokenByCarrier).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('passes without a word when it is short', async () => {
  outage.onLost();
  await clock.advanceAsync(FILLER_AFTER_MS - 1);
  outage.onResumed();
  await clock.advanceAsync(10_000);

  expect(controls.spokenByCarrier).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('is covered by one sentence, however long it is', async () => {
  outage.onLost();
  outage.onLost();

  await clock.advanceAsync(60_000);

  expect(controls.spokenByCarrier).toEqual([FILLER]);
  expect(controls.events).toEqual([{ type: 'filler.spoken', afterMs: FILLER_AFTER_MS }]);
  expect(clock.pendingTimers).toBe(0);
});

test('is covered again when it is another one', async () => {
  outage.onLost();
  await clock.advanceAsync(2_000);
  outage.onResumed();

  outage.onLost();
  await clock.advanceAsync(2_000);

  expect(controls.spokenByCarrier).toEqual([FILLER, FILLER]);
});

test.each<[string, () => void, () => void]>([
  ['the callee is not connected', () => (line.isStreaming = false), () => (line.isStreaming = true)],
  ['the AI is still being heard', () => (line.isAiHeard = true), () => (line.isAiHeard = false)],
  ['nobody waits for the AI', () => (isMissed = false), () => (isMissed = true)],
])('is not covered while %s, but as soon as that is over', async (_what, begin, end) => {
  begin();
  outage.onLost();
  await clock.advanceAsync(5_000);
  expect(controls.spokenByCarrier).toEqual([]);

  end();
  await clock.advanceAsync(LOOK_AGAIN_MS);

  expect(controls.spokenByCarrier).toEqual([FILLER]);
  expect(controls.of('filler.spoken')[0]?.afterMs).toBeGreaterThanOrEqual(5_000);
});

test('is covered although the AI has something to say, when a line tells that nothing of it is heard', async () => {
  line.isAiHeard = true;
  line.isAiHeard = false;
  outage.onLost();

  await clock.advanceAsync(FILLER_AFTER_MS);

  expect(controls.spokenByCarrier).toEqual([FILLER]);
});

test('is logged when the carrier does not speak, and not reported as covered', async () => {
  controls.onSpeakByCarrier = () => Promise.reject(new Error('no'));
  outage.onLost();

  await clock.advanceAsync(FILLER_AFTER_MS);

  expect(controls.events).toEqual([]);
  expect(log.lines).toEqual([expect.objectContaining({ level: 'warn' })]);
});

test('closed, says and tells nothing more', async () => {
  outage.onLost();
  outage.close();
  outage.close();
  outage.onResumed();
  outage.onLost();
  await clock.advanceAsync(10_000);
  await settle();

  expect([controls.spokenByCarrier, changes, outage.isLost]).toEqual([[], [true], false]);
  expect(clock.pendingTimers).toBe(0);
});

// Deletes the words and the audio of old calls, hour by hour, and survives a database that does not answer.

import { RetentionSweep } from '../../../../src/calls/upkeep/retention-sweep';
import { RecordingLogger } from '../../../support/fakes';
import { ManualClock, settle } from '../../../support/manual-clock';

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

class FakeArchive {
  readonly clock = new ManualClock();
  readonly log = new RecordingLogger();
  readonly removed: string[] = [];
  readonly purged: string[] = [];
  /** Before when leftover audio was deleted. */
  readonly swept: number[] = [];
  readonly asked: { readonly endedBeforeMs: number; readonly limit: number }[] = [];
  /** Calls whose audio cannot be deleted. */
  stuck: readonly string[] = [];
  /** What the first requests to the record give; the others give the calls that are left. */
  pages: (readonly string[] | Error)[] = [];
  calls: readonly string[] = [];
  /** Before when dials were forgotten. */
  readonly forgotten: number[] = [];
  onForget = async (beforeMs: number): Promise<void> => void this.forgotten.push(beforeMs);

  sweep(days: number | undefined): RetentionSweep {
    const { clock, log } = this;
    const remove = async (callId: string): Promise<void> => {
      if (this.stuck.includes(callId)) throw new Error('busy');
      this.removed.push(callId);
    };
    const removeOlderThan = (timeMs: number): Promise<void> => Promise.resolve(void this.swept.push(timeMs));
    const purge = (callIds: readonly string[]): Promise<void> => Promise.resolve(void this.purged.push(...callIds));
    const expired = (endedBeforeMs: number, limit: number): Promise<readonly string[]> => {
      this.asked.push({ endedBeforeMs, limit });
      const left = this.calls.filter((callId) => !this.purged.includes(callId));
      const page = this.pages.shift() ?? left.slice(0, limit);
      return page instanceof Error ? Promise.reject(page) : Promise.resolve(page);
    };
    return new RetentionSweep({
      retention: { expired, purge },
      recordings: { remove, removeOlderThan },
      dials: { forget: (beforeMs) => this.onForget(beforeMs) },
      days,
      clock,
      log,
    });
  }
}

test('deletes the audio and the words of every call that is old enough, step by step', async () => {
  const archive = new FakeArchive();
  const first = Array.from({ length: 50 }, (_, index) => `call-${index}`);
  archive.pages = [first, ['call-50']];

  await archive.sweep(30).sweep();

  expect(archive.removed).toEqual([...first, 'call-50']);
  expect(archive.purged).toEqual(archive.removed);
  expect(archive.swept).toEqual([archive.clock.nowMs() - 30 * DAY_MS]);
  expect(archive.asked).toHaveLength(2);
  expect(archive.asked[0]?.endedBeforeMs).toBe(archive.clock.nowMs() - 30 * DAY_MS);
});

test('a call whose audio cannot be deleted is not forgotten', async () => {
  const archive = new FakeArchive();
  archive.pages = [['call-1', 'call-2', 'call-3'], ['call-2']];
  archive.stuck = ['call-2'];
  const sweep = archive.sweep(1);

  await sweep.sweep();
  expect(archive.purged).toEqual(['call-1', 'call-3']);

  archive.stuck = [];
  await sweep.sweep();
  expect(archive.purged).toEqual(['call-1', 'call-3', 'call-2']);
});

test('many calls whose audio cannot be deleted do not keep those behind them from their end', async () => {
  const archive = new FakeArchive();
  archive.calls = Array.from({ length: 230 }, (_, index) => `call-${index}`);
  archive.stuck = archive.calls.slice(0, 120);

  await archive.sweep(1).sweep();

  expect(archive.purged).toEqual(archive.calls.slice(120));
  expect(archive.log.at('warn')).toHaveLength(120);
});

test('looks again every hour, and after a failure too', async () => {
  const archive = new FakeArchive();
  archive.pages = [new Error('database down'), ['call-1']];
  const sweep = archive.sweep(1);

  sweep.start();
  archive.clock.advance(10_000);
  await settle();
  archive.clock.advance(HOUR_MS);
  await settle();
  sweep.close();

  expect(archive.removed).toEqual(['call-1']);
  expect(archive.clock.pendingTimers).toBe(0);
});

test('without a limit no words and no audio are ever deleted', async () => {
  const archive = new FakeArchive();

  await archive.sweep(undefined).sweep();

  expect(archive.asked).toEqual([]);
  expect(archive.swept).toEqual([]);
});

test('whom anybody dialled is forgotten after a day, every hour, with or without a limit of days', async () => {
  const archive = new FakeArchive();
  const sweep = archive.sweep(undefined);
  const startMs = archive.clock.nowMs();

  sweep.start();
  await archive.clock.advanceAsync(10_000 + HOUR_MS);
  sweep.close();

  expect(archive.forgotten).toEqual([startMs + 10_000 - DAY_MS, startMs + 10_000 + HOUR_MS - DAY_MS]);
  expect(archive.clock.pendingTimers).toBe(0);
});

test('dials that cannot be forgotten keep nothing else from its end', async () => {
  const archive = new FakeArchive();
  archive.onForget = () => Promise.reject(new Error('database down'));
  archive.calls = ['call-1'];

  await archive.sweep(1).sweep();

  expect(archive.purged).toEqual(['call-1']);
  expect(archive.log.at('warn')).toHaveLength(1);
});

import { withRetries } from '../../../src/calls/retry';
import { wait } from '../../../src/calls/wait';
import { ManualClock, settle } from '../../support/manual-clock';

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
});

/** A task that always fails, tried up to three times. */
function failing(signal?: AbortSignal): { readonly tries: () => number; readonly result: Promise<unknown> } {
  let tries = 0;
  const policy = { tries: 3, backoff: { firstMs: 100, capMs: 1_000 }, onFailure: () => true, signal };
  const result = withRetries(clock, policy, () => Promise.reject(new Error(`failure ${(tries += 1)}`)));
  result.catch(() => undefined);
  return { tries: () => tries, result };
}

test('what fails is tried again after growing waits, until there were enough tries', async () => {
  const { tries, result } = failing();

  await settle();
  expect(tries()).toBe(1);
  await clock.advanceAsync(100);
  expect(tries()).toBe(2);
  await clock.advanceAsync(199);
  expect(tries()).toBe(2);
  await clock.advanceAsync(1);

  await expect(result).rejects.toThrow('failure 3');
  expect(clock.pendingTimers).toBe(0);
});

test('tries that nobody needs any more end while they wait, with their last error and no timer', async () => {
  const abort = new AbortController();
  const { tries, result } = failing(abort.signal);
  await settle();

  abort.abort();

  await expect(result).rejects.toThrow('failure 1');
  expect(clock.pendingTimers).toBe(0);
  expect(tries()).toBe(1);
});

test('tries that nobody needs any more end after the one that is under way', async () => {
  const abort = new AbortController();
  const { result } = failing(abort.signal);

  abort.abort();

  await expect(result).rejects.toThrow('failure 1');
  expect(clock.pendingTimers).toBe(0);
});

test('a wait that is over leaves nothing at its signal', async () => {
  const { signal } = new AbortController();
  const removed = jest.spyOn(signal, 'removeEventListener');

  const waited = wait(clock, 50, signal);
  clock.advance(50);

  await waited;
  expect(removed).toHaveBeenCalledTimes(1);
});

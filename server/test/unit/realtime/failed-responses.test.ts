// Failures in a row: when another try is made, put off, forgotten, or the session given up.

import type { EndCall } from '../../../src/calls/end-call';
import { FailedResponses } from '../../../src/realtime/failed-responses';
import { ManualClock } from '../../support/manual-clock';

const TRANSIENT = { type: 'server_error', code: 'rate_limit_exceeded' };

let clock: ManualClock;
let retriedAtMs: number[];
let verdicts: EndCall[];
let failures: FailedResponses;

beforeEach(() => {
  clock = new ManualClock();
  retriedAtMs = [];
  verdicts = [];
  const startMs = clock.monotonicMs();
  failures = new FailedResponses(clock, {
    retry: () => retriedAtMs.push(clock.monotonicMs() - startMs),
    giveUp: (verdict) => verdicts.push(verdict),
  });
});

test('asks again after half a second, one second and two', () => {
  for (let failure = 1; failure <= 3; failure += 1) {
    failures.onFailure(TRANSIENT);
    clock.advance(5_000);
  }

  expect(retriedAtMs).toEqual([500, 5_000 + 1_000, 10_000 + 2_000]);
  expect(verdicts).toEqual([]);
});

test('gives up at the fourth failure in a row', () => {
  for (let failure = 1; failure <= 4; failure += 1) {
    failures.onFailure(TRANSIENT);
    clock.advance(2_000);
  }

  expect(retriedAtMs).toHaveLength(3);
  expect(verdicts).toMatchObject([{ reason: 'ai-failed', details: { errorCode: 'rate_limit_exceeded', tries: 4 } }]);
  expect(clock.pendingTimers).toBe(0);
});

test('starts counting anew after a response came through', () => {
  for (let round = 0; round < 5; round += 1) {
    failures.onFailure(TRANSIENT);
    failures.onFailure(TRANSIENT);
    failures.forget();
  }

  expect(verdicts).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('does not ask again when nobody wants a response any more', () => {
  failures.onFailure(TRANSIENT);
  failures.forget();

  clock.advance(10_000);

  expect(retriedAtMs).toEqual([]);
});

test('gives up at once when the account is the problem', () => {
  failures.onFailure({ type: 'insufficient_quota', code: 'insufficient_quota' });

  expect(verdicts).toMatchObject([{ reason: 'ai-unauthorized' }]);
  expect(clock.pendingTimers).toBe(0);
});

test('a failure without an explanation is tried again too', () => {
  failures.onFailure({});
  clock.advance(500);

  expect(retriedAtMs).toEqual([500]);
});

describe('when somebody else brings the next response', () => {
  test('the other try is not made, and it is told that one was due', () => {
    failures.onFailure(TRANSIENT);

    expect([failures.postpone(), failures.postpone()]).toEqual([true, false]);
    clock.advance(10_000);

    expect(retriedAtMs).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('the failures so far still count', () => {
    for (let failure = 1; failure <= 4; failure += 1) {
      failures.onFailure(TRANSIENT);
      failures.postpone();
    }

    expect(verdicts).toMatchObject([{ reason: 'ai-failed', details: { tries: 4 } }]);
  });
});

describe('when the server says when to try again', () => {
  const limited = (hint: string) => ({ ...TRANSIENT, message: `Rate limit reached. Please try again in ${hint}.` });

  test('it is asked again then', () => {
    failures.onFailure(limited('350ms'));
    clock.advance(349);
    expect(retriedAtMs).toEqual([]);
    clock.advance(1);

    expect(retriedAtMs).toEqual([350]);
  });

  test('and was wrong, it is not asked again sooner than without', () => {
    failures.onFailure(limited('10ms'));
    clock.advance(10);
    failures.onFailure(limited('10ms'));
    clock.advance(999);
    expect(retriedAtMs).toEqual([10]);
    clock.advance(1);

    expect(retriedAtMs).toEqual([10, 1_010]);
  });

  test('every time, it is given up after as many tries, with the code', () => {
    for (let failure = 1; failure <= 4; failure += 1) {
      failures.onFailure(limited('1m30s'));
      clock.advance(5_000);
    }

    expect(retriedAtMs).toEqual([5_000, 10_000, 15_000]);
    expect(verdicts).toMatchObject([{ reason: 'ai-failed', details: { errorCode: 'rate_limit_exceeded', tries: 4 } }]);
  });
});

test.each([
  ['not-created', { errorCode: 'response_not_created', tries: 4 }],
  ['silent', { cause: 'silent', tries: 4 }],
] as const)('responses that are %s are tried again as well, and given up with that', (cause, details) => {
  for (let failure = 1; failure <= 4; failure += 1) {
    failures.onUnanswered(cause);
    clock.advance(2_000);
  }

  expect(retriedAtMs).toHaveLength(3);
  expect(verdicts).toEqual([expect.objectContaining({ reason: 'ai-failed', details })]);
});

test('tells whether another try was due when it is forgotten', () => {
  expect(failures.forget()).toBe(false);
  failures.onFailure(TRANSIENT);

  expect([failures.forget(), failures.forget()]).toEqual([true, false]);
});

test('no other try is due once it has been made', () => {
  failures.onFailure(TRANSIENT);
  clock.advance(500);

  expect(failures.postpone()).toBe(false);
});

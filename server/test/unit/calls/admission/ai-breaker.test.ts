// An account that the AI refuses: new calls are turned away until a try succeeds.

import { AiBreaker } from '../../../../src/calls/admission/ai-breaker';
import { END_REASONS, type EndCall, endCall, type EndReason } from '../../../../src/calls/end-call';
import { AiUnavailableError } from '../../../../src/calls/errors';
import { deferred } from '../../../../src/lib/deferred';
import { RecordingLogger } from '../../../support/fakes';
import { ManualClock, settle } from '../../../support/manual-clock';

const PROBE_EVERY_MS = 30_000;
const PROBE_CAP_MS = 300_000;
const PROBE_LIMIT_MS = 30_000;
const NO_QUOTA = endCall('ai-unauthorized', { errorType: 'invalid_request_error', errorCode: 'insufficient_quota' });

let clock: ManualClock;
let log: RecordingLogger;
let probe: () => Promise<EndCall | undefined>;
/** When the account was tried, milliseconds since the start. */
let triedAtMs: number[];
let changes: (EndCall | undefined)[];
let breaker: AiBreaker;

beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLogger();
  triedAtMs = [];
  changes = [];
  probe = () => Promise.resolve(NO_QUOTA);
  const startMs = clock.monotonicMs();
  breaker = new AiBreaker({
    clock,
    log,
    probe: () => {
      triedAtMs.push(clock.monotonicMs() - startMs);
      return probe();
    },
    onChange: (reason) => changes.push(reason),
  });
});

function refusal(): AiUnavailableError {
  try {
    breaker.check();
  } catch (error) {
    if (error instanceof AiUnavailableError) return error;
  }
  throw new Error('The check refused nothing.');
}

test('lets calls through as long as nothing is wrong, and tries nothing', () => {
  expect(() => breaker.check()).not.toThrow();
  expect(breaker.reason).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
});

test('opens when a call ended because the account is refused, and says what the AI said', () => {
  breaker.onCallEnded(NO_QUOTA);

  expect(breaker.reason).toBe(NO_QUOTA);
  expect(changes).toEqual([NO_QUOTA]);
  expect(refusal()).toMatchObject({ code: 'AI_UNAVAILABLE', retryable: true, retryAfterSeconds: 30 });
  expect(refusal().message).toContain('insufficient_quota');
  expect(log.lines).toEqual([
    expect.objectContaining({
      level: 'error',
      fields: expect.objectContaining({ said: 'insufficient_quota' }) as object,
    }),
  ]);
});

test.each<[string, EndReason, Record<string, string | number>, string]>([
  ['an HTTP refusal', 'ai-unauthorized', { httpStatus: 401 }, 'HTTP 401'],
  [
    'the close of the socket',
    'ai-unauthorized',
    { closeCode: 3000, closeReason: 'invalid_request_error.invalid_api_key' },
    'invalid_request_error.invalid_api_key',
  ],
  ['a missing model', 'ai-unauthorized', { errorCode: 'model_not_found' }, 'model_not_found'],
  [
    'a missing model at the close of the socket',
    'ai-refused-session',
    { closeCode: 4004, closeReason: 'invalid_request_error.model_not_found' },
    'invalid_request_error.model_not_found',
  ],
  ['nothing but the type', 'ai-unauthorized', { errorType: 'insufficient_quota' }, 'insufficient_quota'],
  ['no facts', 'ai-unauthorized', {}, 'ai-unauthorized'],
])('knows a refused account by %s', (_what, reason, details, said) => {
  breaker.onCallEnded(endCall(reason, details));

  expect(refusal().message).toContain(`: ${said}.`);
});

test('never repeats more than a code', () => {
  breaker.onCallEnded(endCall('ai-unauthorized', { errorCode: 'Key sk-canary is wrong' }));

  expect(refusal().message).not.toContain('canary');
});

test.each(END_REASONS.filter((reason) => reason !== 'ai-unauthorized'))('stays closed for the reason %s', (reason) => {
  breaker.onCallEnded(endCall(reason, { errorCode: 'something_else' }));

  expect(breaker.reason).toBeUndefined();
});

test('tries ever later while the account is refused', async () => {
  breaker.onCallEnded(NO_QUOTA);

  await clock.advanceAsync(30_000 + 60_000 + 120_000 + 240_000 + 2 * PROBE_CAP_MS);

  const gapsMs = triedAtMs.map((atMs, index) => atMs - (triedAtMs[index - 1] ?? 0));
  expect(gapsMs).toEqual([30_000, 60_000, 120_000, 240_000, PROBE_CAP_MS, PROBE_CAP_MS]);
});

test('closes when a try succeeds', async () => {
  breaker.onCallEnded(NO_QUOTA);
  probe = () => Promise.resolve(undefined);

  await clock.advanceAsync(PROBE_EVERY_MS);

  expect(() => breaker.check()).not.toThrow();
  expect(changes).toEqual([NO_QUOTA, undefined]);
  expect(log.lines.map(({ level }) => level)).toEqual(['error', 'info']);
  expect(clock.pendingTimers).toBe(0);
});

test('closes when a try gets past the account, though its own settings are refused', async () => {
  breaker.onCallEnded(NO_QUOTA);
  probe = () => Promise.resolve(endCall('ai-refused-session', { param: 'session.x' }));

  await clock.advanceAsync(PROBE_EVERY_MS);

  expect(breaker.reason).toBeUndefined();
});

test.each<[string, () => Promise<EndCall | undefined>]>([
  ['cannot be made', () => Promise.resolve(endCall('ai-unavailable'))],
  ['fails', () => Promise.reject(new Error('broken'))],
  ['still finds no model', () => Promise.resolve(endCall('ai-refused-session', { errorCode: 'model_not_found' }))],
])('stays open when a try %s', async (_what, result) => {
  breaker.onCallEnded(NO_QUOTA);
  probe = result;

  await clock.advanceAsync(PROBE_EVERY_MS);

  expect(breaker.reason).toBe(NO_QUOTA);
  expect(clock.pendingTimers).toBe(1);
});

test('makes one try at a time, and gives up one that never ends', async () => {
  breaker.onCallEnded(NO_QUOTA);
  probe = () => deferred<EndCall | undefined>().promise;

  await clock.advanceAsync(PROBE_EVERY_MS + PROBE_LIMIT_MS);
  expect(triedAtMs).toHaveLength(1);
  probe = () => Promise.resolve(undefined);
  await clock.advanceAsync(2 * PROBE_EVERY_MS);

  expect(triedAtMs).toHaveLength(2);
  expect(breaker.reason).toBeUndefined();
});

test('is opened once by many calls', () => {
  breaker.onCallEnded(NO_QUOTA);
  breaker.onCallEnded(endCall('ai-unauthorized', { errorCode: 'invalid_api_key' }));

  expect(breaker.reason).toBe(NO_QUOTA);
  expect(clock.pendingTimers).toBe(1);
});

test('goes on with its waits when the account fails again soon after a try went well', async () => {
  breaker.onCallEnded(NO_QUOTA);
  probe = () => Promise.resolve(undefined);
  await clock.advanceAsync(PROBE_EVERY_MS);

  breaker.onCallEnded(NO_QUOTA);
  expect(refusal().retryAfterSeconds).toBe(60);
  await clock.advanceAsync(2 * PROBE_EVERY_MS + PROBE_CAP_MS + 1);
  breaker.onCallEnded(NO_QUOTA);

  expect(refusal().retryAfterSeconds).toBe(30);
});

test('closed for good, tries nothing and leaves no timer', async () => {
  const answer = deferred<EndCall | undefined>();
  probe = () => answer.promise;
  breaker.onCallEnded(NO_QUOTA);
  await clock.advanceAsync(PROBE_EVERY_MS);

  breaker.close();
  breaker.close();
  answer.resolve(NO_QUOTA);
  await settle();
  breaker.onCallEnded(NO_QUOTA);

  expect(clock.pendingTimers).toBe(0);
  expect(triedAtMs).toHaveLength(1);
});

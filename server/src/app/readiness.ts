// Whether new calls can be placed and their records be kept, for GET /ready.

import type { AiBreaker } from '../calls/admission/ai-breaker';
import type { CallService } from '../calls/call-service';
import type { Overload } from '../calls/admission/overload';
import type { Clock } from '../calls/ports';
import { firstWithin } from '../calls/wait';
import type { Readiness, ReadinessCheck } from '../http/routes/ready';
import type { Records } from './records';

// Whoever asks gives up soon as well.
const PING_LIMIT_MS = 2_000;

// A locked database is back sooner; longer than this it is down.
const FAILING_AFTER_MS = 5_000;

const MAX_WAITING_RECORDS = 10_000;

/** What is looked at. */
export type ReadinessParts = {
  readonly records: Pick<Records, 'store' | 'journal'>;
  readonly breaker: Pick<AiBreaker, 'reason'>;
  readonly calls: Pick<CallService, 'isDraining' | 'isFull'>;
  readonly maxConcurrentCalls: number;
  readonly overload: Pick<Overload, 'lagMs'> | undefined;
  readonly clock: Clock;
};

/** Looks at each part. */
export function readinessOf(parts: ReadinessParts): Readiness {
  const { records, breaker, calls, clock } = parts;
  return async () => [
    check('database', await databaseTrouble(records, clock)),
    check('records', recordsTrouble(records, clock)),
    check('ai', breaker.reason && `OpenAI refuses the account: ${breaker.reason.reason}`),
    check('capacity', capacityTrouble(parts)),
    check('overload', overloadTrouble(parts)),
    check('draining', calls.isDraining ? 'the server is stopping' : undefined),
  ];
}

function check(name: ReadinessCheck['name'], trouble: string | undefined): ReadinessCheck {
  return trouble === undefined ? { name, status: 'ok' } : { name, status: 'failing', reason: trouble };
}

async function databaseTrouble({ store }: ReadinessParts['records'], clock: Clock): Promise<string | undefined> {
  let trouble: string | undefined = 'the database does not answer';
  const answered = store.ping().then(
    () => (trouble = undefined),
    () => undefined,
  );
  await firstWithin(clock, PING_LIMIT_MS, [answered]);
  return trouble;
}

function recordsTrouble({ journal }: ReadinessParts['records'], clock: Clock): string | undefined {
  const { waiting, failingSinceMs } = journal.health;
  if (failingSinceMs !== undefined && clock.nowMs() - failingSinceMs > FAILING_AFTER_MS)
    return `${waiting} records wait for the database`;
  return waiting > MAX_WAITING_RECORDS ? `${waiting} records wait: the database is too slow` : undefined;
}

function capacityTrouble({ calls, maxConcurrentCalls }: ReadinessParts): string | undefined {
  return calls.isFull ? `all ${maxConcurrentCalls} concurrent calls are in use` : undefined;
}

function overloadTrouble({ overload }: ReadinessParts): string | undefined {
  const lagMs = overload?.lagMs;
  return lagMs === undefined ? undefined : `the event loop lags ${Math.round(lagMs)} ms`;
}

import { endCall } from '../../../src/calls/end-call';
import { CallLog } from '../../../src/observability/call-log';
import { aCall, aCharge, anEntry, aUsage } from '../../support/builders';
import { RecordingLogger } from '../../support/fakes';

const TIMINGS = { createdAtMs: 1_000, answeredAtMs: 3_000, endedAtMs: 45_240 };

let log: RecordingLogger;
let calls: CallLog;

beforeEach(() => {
  log = new RecordingLogger();
  calls = new CallLog(log);
});

test('a call that is over leaves a line with its seconds, its cost and its reason', () => {
  const verdict = endCall('callee-hung-up');
  const call = aCall({ status: 'completed', verdict, timings: TIMINGS, usage: aUsage({ costUsd: 0.1 + 0.2 }) });

  calls.onEntry(anEntry({ type: 'call.completed', data: { verdict } }), call);

  expect(log.at('info')).toMatchObject([
    {
      message: 'call.completed',
      fields: { durationSeconds: 42.2, aiCostUsd: 0.3, verdict: { reason: 'callee-hung-up' } },
    },
  ]);
});

test('one that nobody answered took no time; a price that is not known is not nothing', () => {
  const call = aCall({ status: 'busy', timings: { createdAtMs: 1, endedAtMs: 9 }, usage: aUsage({ costUsd: null }) });

  calls.onEntry(anEntry({ type: 'call.busy' }), call);

  expect(log.at('info')).toMatchObject([{ fields: { durationSeconds: 0, aiCostUsd: 'unknown' } }]);
});

test('what another line tells is there for those who want it all', () => {
  calls.onEntry(anEntry({ type: 'call.queued' }), aCall());
  calls.onEntry(anEntry({ type: 'usage.added', data: { charge: aCharge() } }), aCall());
  calls.onEntry(anEntry({ type: 'call.ringing' }), aCall());

  expect(log.at('info').map(({ message }) => message)).toEqual(['call.ringing']);
  expect(log.at('debug').map(({ message }) => message)).toEqual(['call.queued', 'usage.added']);
});

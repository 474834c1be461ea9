// What a user's endpoint is told of a call.

import { statusCallback } from '../../../src/callbacks/status-callback';
import type { Call } from '../../../src/calls/call';
import { CALL_STATUSES, type CallStatus } from '../../../src/calls/call-state';
import { endCall } from '../../../src/calls/end-call';
import { aCall, aCallId, anEntry, aUsage } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';

const AT_MS = ManualClock.START_MS;
const AT = new Date(AT_MS).toISOString();
const URL = 'https://example.com/hook';

function told(status: CallStatus, changes: Partial<Call> = {}): Record<string, unknown> {
  const call = aCall({ status, statusCallbackUrl: URL, ...changes });
  const callback = statusCallback(anEntry({ type: `call.${status}` }), call);
  return JSON.parse(callback!.body) as Record<string, unknown>;
}

test('tells on its way what happened, to which call, and when', () => {
  expect(told('ringing', { metadata: { order: '17' } })).toEqual({
    event: 'call.ringing',
    at: AT,
    callId: aCallId(),
    status: 'ringing',
    to: '+12025550123',
    from: '+12025550100',
    metadata: { order: '17' },
    timings: { createdAt: AT, initiatedAt: null, ringingAt: null, answeredAt: null, endedAt: null },
    verdict: null,
    durationSeconds: null,
    usage: null,
    cost: null,
  });
});

test('tells at the end how it ended, how long it was and what it has cost', () => {
  const usage = aUsage({ responses: 2, costUsd: 0.03 });
  const timings = { createdAtMs: AT_MS, answeredAtMs: AT_MS + 5_000, endedAtMs: AT_MS + 17_250 };

  const body = told('completed', { usage, timings, carrierCostUsd: 0.01, verdict: endCall('callee-hung-up') });

  expect(body).toMatchObject({
    status: 'completed',
    verdict: JSON.parse(JSON.stringify(endCall('callee-hung-up'))),
    durationSeconds: 12.3,
    usage: { responses: 2 },
    cost: { aiUsd: 0.03, carrierUsd: 0.01 },
  });
});

test('says null where the end came without an answer, or a price is not known', () => {
  const body = told('busy', { usage: aUsage({ costUsd: null }), verdict: endCall('callee-busy') });

  expect(body).toMatchObject({ durationSeconds: null, cost: { aiUsd: null, carrierUsd: null } });
});

test('does not say what the call is about', () => {
  expect(JSON.stringify(told('ringing', { instructions: 'canary', greeting: 'canary' }))).not.toContain('canary');
});

test('goes to the endpoint of the call, under an id of its own for each status', () => {
  const callbacks = CALL_STATUSES.map((status) =>
    statusCallback(anEntry({ type: `call.${status}` }), aCall({ status, statusCallbackUrl: URL })),
  );

  expect(callbacks[0]).toMatchObject({ callId: aCallId(), url: URL, createdAtMs: AT_MS });
  expect(new Set(callbacks.map((callback) => callback?.callbackId)).size).toBe(CALL_STATUSES.length);
});

test('has the same id when one status is noted twice: to the receiver it is a repeat', () => {
  const note = () => statusCallback(anEntry(), aCall({ statusCallbackUrl: URL }));

  expect(note()?.callbackId).toBe(note()?.callbackId);
});

test('is not made for calls that asked for nothing, nor for entries that are no status', () => {
  const call = aCall({ statusCallbackUrl: URL });

  expect(statusCallback(anEntry({ type: 'call.ringing' }), aCall())).toBeUndefined();
  expect(statusCallback(anEntry({ type: 'turn.finished' }), call)).toBeUndefined();
  expect(statusCallback(anEntry({ type: 'leg.down' }), call)).toBeUndefined();
});

// What our call id and the leg look like on their way through Telnyx, and what is not one of ours.

import fc from 'fast-check';
import { fromClientState, toClientState } from '../../../src/carriers/telnyx/client-state';
import { aCallId } from '../../support/builders';

const aTransferAttempt = fc.integer({ min: 1, max: 999_999 });

test('the leg of a transfer comes back with its call and its attempt', () => {
  fc.assert(
    fc.property(fc.uuid(), aTransferAttempt, (callId, transferAttempt) => {
      const state = toClientState(callId, transferAttempt);

      expect(fromClientState(state)).toEqual({ callId, leg: 'transfer', transferAttempt });
    }),
  );
});

test('the leg of the callee comes back with its call', () => {
  fc.assert(
    fc.property(fc.uuid(), (callId) => {
      expect(fromClientState(toClientState(callId))).toEqual({ callId, leg: 'callee' });
    }),
  );
});

test('the leg of a transfer says so in plain words behind the call id', () => {
  const clientState = Buffer.from(`${aCallId()}/transfer/3`).toString('base64');

  expect(toClientState(aCallId(), 3)).toBe(clientState);
});

test('a bare call id is the leg of the callee', () => {
  const clientState = Buffer.from(aCallId()).toString('base64');

  expect(fromClientState(clientState)).toEqual({ callId: aCallId(), leg: 'callee' });
  expect(toClientState(aCallId())).toBe(clientState);
});

test.each([undefined, 1, 23])('is standard base64 with padding, all that Telnyx takes: attempt %j', (attempt) => {
  expect(toClientState(aCallId(), attempt)).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  expect(toClientState(aCallId(), attempt).length % 4).toBe(0);
});

test.each([
  undefined,
  null,
  '',
  'not base64!',
  Buffer.from('hello').toString('base64'),
  Buffer.from(`${aCallId()} `).toString('base64'),
  Buffer.from(`x${aCallId()}`).toString('base64'),
  Buffer.from(`${aCallId()}\n`).toString('base64'),
  Buffer.from(`${aCallId()}/`).toString('base64'),
  Buffer.from(`${aCallId()}/elsewhere`).toString('base64'),
  Buffer.from(`${aCallId()}/transfer`).toString('base64'),
  Buffer.from(`${aCallId()}/transfer/`).toString('base64'),
  Buffer.from(`${aCallId()}/transfer/transfer`).toString('base64'),
  Buffer.from(`${aCallId()}/transfer/1/2`).toString('base64'),
  Buffer.from(`${aCallId()}/transfer/-1`).toString('base64'),
  Buffer.from(`${aCallId()}/transfer/1\n`).toString('base64'),
  Buffer.from('/transfer/1').toString('base64'),
  aCallId(),
])('%j is not one of ours', (clientState) => {
  expect(fromClientState(clientState)).toBeUndefined();
});

test('no text whatever makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(() => fromClientState(text)).not.toThrow();
    }),
  );
});

import fc from 'fast-check';
import { fromClientState, toClientState } from '../../../src/carriers/telnyx/client-state';
import { aCallId } from '../../support/builders';

const aLeg = fc.constantFrom('callee', 'transfer');

test('call id and leg come back as they went', () => {
  fc.assert(
    fc.property(fc.uuid(), aLeg, (callId, leg) => {
      expect(fromClientState(toClientState(callId, leg))).toEqual({ callId, leg });
    }),
  );
});

test('a bare call id is the leg of the callee', () => {
  const clientState = Buffer.from(aCallId()).toString('base64');

  expect(fromClientState(clientState)).toEqual({ callId: aCallId(), leg: 'callee' });
  expect(toClientState(aCallId())).toBe(clientState);
});

test.each(['callee', 'transfer'] as const)('is standard base64 with padding, all that Telnyx takes: %s', (leg) => {
  expect(toClientState(aCallId(), leg)).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  expect(toClientState(aCallId(), leg).length % 4).toBe(0);
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
  Buffer.from(`${aCallId()}/transfer/transfer`).toString('base64'),
  Buffer.from(`${aCallId()}/transfer\n`).toString('base64'),
  Buffer.from('/transfer').toString('base64'),
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

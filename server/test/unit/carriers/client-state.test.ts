import fc from 'fast-check';
import { fromClientState, toClientState } from '../../../src/carriers/telnyx/client-state';
import { aCallId } from '../../support/builders';

test('a call id comes back as it went', () => {
  fc.assert(
    fc.property(fc.uuid(), (callId) => {
      expect(fromClientState(toClientState(callId))).toBe(callId);
    }),
  );
});

test('is standard base64 with padding, which is all that Telnyx takes', () => {
  expect(toClientState(aCallId())).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  expect(toClientState(aCallId()).length % 4).toBe(0);
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

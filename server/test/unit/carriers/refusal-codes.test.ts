import { findRefusal } from '../../../src/carriers/telnyx/refusal-codes';

test.each([
  ['Dialed number is not included in whitelisted countries D13', 'D13', /country/],
  ['D51: caller id is not verified', 'D51', /caller id/i],
  ['Call rejected (D1).', 'D1', /channel/],
  ['error=D60;x', 'D60', /verif/i],
  ['P05 too many calls per second', 'P05', /per second/],
  ['TM1', 'TM1', /rate/],
  ['No route PE3', 'PE3', /documentation/],
  ['Something new: D99', 'D99', /documentation/],
])('%j is %s', (text, code, cure) => {
  expect(findRefusal(text)).toEqual({ code, cure: expect.stringMatching(cure) });
});

test.each(['', 'no code here', 'D', 'D130', 'XD13', 'ID13', 'PE7', 'd13', 'D13a', '12D13'])(
  '%j has no code',
  (text) => {
    expect(findRefusal(text)).toBeUndefined();
  },
);

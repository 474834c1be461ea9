import fc from 'fast-check';
import { createDestinationPolicy, type DestinationPolicy, isSipUri } from '../../../src/http/destination';
import { ProblemError } from '../../../src/http/problem';

const FROM = '+12025550100';
const US = '+12025550123';
const GERMANY = '+4915112345678';
const BAHAMAS = '+12423227000';

/** The policy of these countries; without any, of the country of the caller id. */
function policyFor(allowedCountries?: readonly string[]): DestinationPolicy {
  return createDestinationPolicy({ allowedCountries, fromNumber: FROM });
}

function refusal(check: () => void): ProblemError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ProblemError);
    return error as ProblemError;
  }
}

test('calls go to the country of the caller id unless countries are set', () => {
  const policy = policyFor();

  expect(refusal(() => policy.check(US, FROM))).toBeUndefined();
  expect(refusal(() => policy.check(GERMANY, FROM))).toMatchObject({
    code: 'DESTINATION_NOT_ALLOWED',
    errors: [{ field: 'to', message: expect.stringContaining('ALLOWED_COUNTRIES') }],
    facts: { setting: 'ALLOWED_COUNTRIES' },
  });
});

test('countries that are set are the only ones', () => {
  const policy = policyFor(['DE']);

  expect(refusal(() => policy.check(GERMANY, FROM))).toBeUndefined();
  expect(refusal(() => policy.check(US, FROM))?.code).toBe('DESTINATION_NOT_ALLOWED');
});

test('another country behind the same prefix is another country', () => {
  const policy = policyFor(['US']);

  expect(refusal(() => policy.check(BAHAMAS, FROM))?.code).toBe('DESTINATION_NOT_ALLOWED');
});

test('a caller id of no country allows no destination', () => {
  const policy = createDestinationPolicy({ fromNumber: '+88213300000' });

  expect(refusal(() => policy.check(US, FROM))?.errors[0]?.message).toContain('none');
});

test.each([
  ['a premium-rate number', '+19005550123'],
  ['a satellite phone', '+88213300000'],
])('%s is refused as such in every country, so that nobody looks for the cure in the settings', (_what, to) => {
  for (const countries of [undefined, ['US'], ['DE'], ['US', 'DE']]) {
    expect(refusal(() => policyFor(countries).check(to, FROM))).toMatchObject({
      code: 'PREMIUM_DESTINATION',
      errors: [{ field: 'to', message: expect.stringContaining('never called') }],
    });
  }
});

test.each([
  ['a trunk prefix behind the country code', '+4402079460123', 'GB'],
  ['the country code of North America twice', '+112025550123', 'US'],
  ['a mobile number of Argentina as it is dialled there', '+54111523456789', 'AR'],
])('%s is another spelling of a number, and no way past lists and limits', (_how, to, country) => {
  expect(refusal(() => policyFor([country]).check(to, FROM))).toMatchObject({
    code: 'VALIDATION_FAILED',
    errors: [{ field: 'to', message: expect.stringContaining('E.164') }],
  });
});

test.each([
  ['+390612345678', 'IT'],
  ['+5491123456789', 'AR'],
  ['+442079460123', 'GB'],
])('a zero or a mobile digit that belongs to the number %s is no trunk prefix', (to, country) => {
  expect(refusal(() => policyFor([country]).check(to, FROM))).toBeUndefined();
});

test('the number that calls is not called, however the settings spell it', () => {
  const policy = createDestinationPolicy({ fromNumber: '+1 (202) 555-0100' });

  expect(refusal(() => policy.check(FROM, '+1 (202) 555-0100'))).toMatchObject({ code: 'VALIDATION_FAILED' });
});

describe('somebody on the do-not-call list', () => {
  const policy = createDestinationPolicy({ fromNumber: FROM, doNotCall: { isOnList: (number) => number === US } });
  const onList = { code: 'DO_NOT_CALL', errors: [{ field: 'to', message: 'is on the do-not-call list' }] };

  test('is not called', () => {
    expect(refusal(() => policy.check(US, FROM))).toMatchObject(onList);
    expect(refusal(() => policy.check('+12025550124', FROM))).toBeUndefined();
  });

  test('gets no call that is transferred either', () => {
    expect(refusal(() => policy.checkTransfer(US, FROM, 'to'))).toMatchObject(onList);
  });

  test.each(['+112025550123', '+1012025550123'])('is not called by another spelling of the number: %s', (to) => {
    expect(refusal(() => policy.check(to, FROM))?.code).toBe('VALIDATION_FAILED');
  });
});

test.each([
  ['+10005550123', FROM, 'to'],
  [US, '+10005550123', 'from'],
  [FROM, FROM, 'to'],
])('a call to %s from %s is refused by its field %s', (to, from, field) => {
  const policy = policyFor(['US']);

  expect(refusal(() => policy.check(to, from))).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ field }] });
});

describe('a transfer', () => {
  const policy = createDestinationPolicy({
    allowedCountries: ['US'],
    fromNumber: FROM,
    sipDomains: ['pbx.example.com', '192.0.2.7'],
  });
  const transfer = (to: string): ProblemError | undefined =>
    refusal(() => policy.checkTransfer(to, FROM, 'transferTargets.3.to'));

  test.each([
    US,
    'sip:desk@pbx.example.com',
    'sips:desk-1.a_b+c~*@PBX.example.com',
    'sip:desk@pbx.example.com:5061',
    'sip:100@192.0.2.7;transport=tcp',
  ])('to %s goes through', (to) => {
    expect(transfer(to)).toBeUndefined();
  });

  test.each([
    [GERMANY, 'DESTINATION_NOT_ALLOWED', 'ALLOWED_COUNTRIES'],
    ['+19005550123', 'PREMIUM_DESTINATION', 'never called'],
    ['+881612345678', 'PREMIUM_DESTINATION', 'satellite'],
    ['+10005550123', 'VALIDATION_FAILED', 'exists'],
    [FROM, 'VALIDATION_FAILED', 'calls'],
    ['sip:desk@example.com', 'DESTINATION_NOT_ALLOWED', 'TRANSFER_SIP_DOMAINS'],
    ['sip:desk@pbx.example.com.evil.example', 'DESTINATION_NOT_ALLOWED', 'TRANSFER_SIP_DOMAINS'],
    ['sip:desk@xpbx.example.com', 'DESTINATION_NOT_ALLOWED', 'TRANSFER_SIP_DOMAINS'],
    ['sip:desk@pbx.example.com.', 'DESTINATION_NOT_ALLOWED', 'TRANSFER_SIP_DOMAINS'],
  ])('to %s is refused by its field, and the cure is named', (to, code, cure) => {
    expect(transfer(to)).toMatchObject({
      code,
      errors: [{ field: 'transferTargets.3.to', message: expect.stringContaining(cure) }],
    });
  });

  test.each([
    ['+19005550123', 'PREMIUM_DESTINATION'],
    ['19005550123', 'PREMIUM_DESTINATION'],
    ['9005550123', 'PREMIUM_DESTINATION'],
    ['+881612345678', 'PREMIUM_DESTINATION'],
    ['011881612345678', 'PREMIUM_DESTINATION'],
    ['+12025550166', 'DO_NOT_CALL'],
    ['12025550166', 'DO_NOT_CALL'],
    ['2025550166', 'DO_NOT_CALL'],
  ])('to the number %s at a SIP host that may be called is refused all the same', (user, code) => {
    const listed = createDestinationPolicy({
      fromNumber: FROM,
      sipDomains: ['pbx.example.com'],
      doNotCall: { isOnList: (number) => number === '+12025550166' },
    });
    const to = `sip:${user}@pbx.example.com`;

    expect(refusal(() => listed.checkTransfer(to, FROM, 'to'))).toMatchObject({ code, errors: [{ field: 'to' }] });
    expect(listed.whyNotTo(to, FROM)).toBe(code);
    expect(listed.whyNotTo('sip:2025550167@pbx.example.com', FROM)).toBeUndefined();
    expect(listed.whyNotTo('sip:100@pbx.example.com', FROM)).toBeUndefined();
  });

  test('to any SIP address is refused while no host is set', () => {
    const closed = policyFor(['US']);

    expect(refusal(() => closed.checkTransfer('sip:desk@pbx.example.com', FROM, 'to'))?.errors).toEqual([
      { field: 'to', message: expect.stringContaining('TRANSFER_SIP_DOMAINS (now: none)') },
    ]);
  });

  test.each([
    'sip:pbx.example.com',
    'sip:desk@',
    'sip:@pbx.example.com',
    'SIP desk@pbx.example.com',
    'sip:desk:secret@pbx.example.com',
    'sip:desk@evil.example@pbx.example.com',
    'sip:desk@pbx.example.com;maddr=192.0.2.66',
    'sip:desk@pbx.example.com?Route=sip:evil.example',
    'sip:desk@pbx.example.com;transport=tcp;maddr=evil.example',
    'sip:desk@pbx.example.com\n',
    'tel:+12025550123',
    'https://desk@pbx.example.com',
  ])('to %j: that is no SIP address that could be checked', (to) => {
    expect(isSipUri(to)).toBe(false);
  });

  test('to a SIP address never goes to another host than those that are set, whatever is written', () => {
    const part = fc.constantFrom(
      'pbx.example.com',
      'evil.example',
      '@',
      '.',
      'x',
      ':5061',
      ';transport=tcp',
      ';maddr=',
    );
    const tail = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        tail.map((text) => `sip:desk@${text}`),
        (to) => {
          fc.pre(isSipUri(to));
          const [, afterAt = ''] = to.split('@');

          expect(transfer(to) === undefined).toBe(/^pbx\.example\.com(?::|;|$)/.test(afterAt));
        },
      ),
      { numRuns: 500, examples: [['sip:desk@pbx.example.com'], ['sip:desk@evil.example']] },
    );
  });
});

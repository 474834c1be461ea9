import fc from 'fast-check';
import { createDestinationPolicy, isSipUri } from '../../../src/http/destination';
import { ProblemError } from '../../../src/http/problem';

const FROM = '+12025550100';
const US = '+12025550123';
const GERMANY = '+4915112345678';
const BAHAMAS = '+12423227000';

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
  const policy = createDestinationPolicy(undefined, FROM);

  expect(refusal(() => policy.check(US, FROM))).toBeUndefined();
  expect(refusal(() => policy.check(GERMANY, FROM))).toMatchObject({
    code: 'DESTINATION_NOT_ALLOWED',
    errors: [{ field: 'to', message: expect.stringContaining('ALLOWED_COUNTRIES') }],
  });
});

test('countries that are set are the only ones', () => {
  const policy = createDestinationPolicy(['DE'], FROM);

  expect(refusal(() => policy.check(GERMANY, FROM))).toBeUndefined();
  expect(refusal(() => policy.check(US, FROM))?.code).toBe('DESTINATION_NOT_ALLOWED');
});

test('another country behind the same prefix is another country', () => {
  const policy = createDestinationPolicy(['US'], FROM);

  expect(refusal(() => policy.check(BAHAMAS, FROM))?.code).toBe('DESTINATION_NOT_ALLOWED');
});

test('a caller id of no country allows no destination', () => {
  const policy = createDestinationPolicy(undefined, '+88213300000');

  expect(refusal(() => policy.check(US, FROM))?.errors[0]?.message).toContain('none');
});

test.each([
  ['a satellite phone', '+88213300000'],
  ['an international freephone number', '+80012345678'],
])('%s belongs to no country and is not called', (_what, to) => {
  const policy = createDestinationPolicy(['US'], FROM);

  expect(refusal(() => policy.check(to, FROM))?.code).toBe('DESTINATION_NOT_ALLOWED');
});

test.each([
  ['premium-rate', '+19005550123', 'US'],
  ['shared-cost', '+491803123456', 'DE'],
  ['premium-rate', '+449098790000', 'GB'],
])('a %s number is not called although its country is allowed', (_kind, to, country) => {
  const policy = createDestinationPolicy([country], FROM);

  expect(refusal(() => policy.check(to, FROM))).toMatchObject({ code: 'DESTINATION_NOT_ALLOWED' });
});

test('a personal number, which costs what its owner likes, is not called', () => {
  const policy = createDestinationPolicy(['GB'], FROM);

  expect(refusal(() => policy.check('+447012345678', FROM))).toMatchObject({ code: 'DESTINATION_NOT_ALLOWED' });
});

test.each([
  ['+10005550123', FROM, 'to'],
  [US, '+10005550123', 'from'],
  [FROM, FROM, 'to'],
])('a call to %s from %s is refused by its field %s', (to, from, field) => {
  const policy = createDestinationPolicy(['US'], FROM);

  expect(refusal(() => policy.check(to, from))).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ field }] });
});

describe('a transfer', () => {
  const policy = createDestinationPolicy(['US'], FROM, ['pbx.example.com', '192.0.2.7']);
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
    ['+19005550123', 'DESTINATION_NOT_ALLOWED', 'Premium'],
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

  test('to any SIP address is refused while no host is set', () => {
    const closed = createDestinationPolicy(['US'], FROM);

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

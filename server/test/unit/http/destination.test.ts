import { createDestinationPolicy } from '../../../src/http/destination';
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

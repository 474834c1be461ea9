import { getCountries } from 'libphonenumber-js/max';
import { createDestinationPolicy } from '../../../src/http/destination';
import type { ProblemError } from '../../../src/http/problem';
import { createCallSchema } from '../../../src/http/schemas';

const FROM = '+12025550100';

/** Whoever allows every country there is. */
const GENEROUS = createDestinationPolicy({ allowedCountries: getCountries(), fromNumber: FROM });

/** What the policy has against a call, in either place of a request. */
function refusalOf(to: string, policy = GENEROUS): ProblemError | undefined {
  const refusals = [() => policy.check(to, FROM), () => policy.checkTransfer(to, FROM, 'to')].map((check) => {
    try {
      check();
      return undefined;
    } catch (error) {
      return error as ProblemError;
    }
  });
  expect(refusals[0]).toEqual(refusals[1]);
  return refusals[0];
}

test.each([
  ['premium-rate in North America', '+19005550123'],
  ['premium-rate behind an ordinary area code', '+12029761234'],
  ['premium-rate behind an area code of Canada', '+14169761234'],
  ['a personal number of North America', '+15005550123'],
  ['another one of them', '+15332345678'],
  ['a number of a carrier of its own', '+17002345678'],
  ['a number of no place in Canada', '+16002345678'],
  ['directory assistance', '+12025551212'],
  ['premium-rate in Great Britain', '+449098790000'],
  ['a personal number that looks like a mobile one', '+447012345678'],
  ['shared cost in Germany', '+491803123456'],
  ['mass calls in Germany', '+491371123456'],
  ['premium-rate in France', '+33899123456'],
  ['a satellite in Australia', '+61147112345'],
  ['a satellite in Australia that no metadata knows', '+61145123456'],
  ['a satellite among the mobile numbers of China', '+8613491234567'],
  ['another one', '+8617401234567'],
  ['a satellite among the mobile numbers of Indonesia', '+62868123456789'],
  ['a satellite among the mobile numbers of Russia', '+79541234567'],
  ['Inmarsat', '+870301234567'],
  ['Inmarsat by the code of an ocean', '+871612345678'],
  ['Iridium', '+881612345678'],
  ['Globalstar', '+881812345678'],
  ['Thuraya', '+882161234567'],
  ['a network on ships', '+88213300000'],
  ['an international network', '+883510012345678'],
  ['a company number of Japan that charges the caller', '+81570123456'],
  ['a company number of Portugal that charges the caller', '+351707123456'],
  ['international premium-rate', '+979123456789'],
  ['international shared cost', '+80812345678'],
  ['international freephone', '+80012345678'],
  ['an international personal number', '+878101234567890'],
  ['disaster relief', '+88812345678901'],
  ['an international trial', '+991001234567'],
])('%s is never called, whatever countries are allowed: %s', (_what, to) => {
  const refusal = refusalOf(to);

  expect(refusal).toMatchObject({ code: 'PREMIUM_DESTINATION', errors: [{ field: 'to' }] });
  expect(refusal?.errors[0]?.message).toMatch(/^is .+: such numbers are never called$/);
  expect(JSON.stringify(refusal)).not.toContain(to);
});

test.each([
  ['the Dominican Republic', '+18095550123'],
  ['Jamaica', '+18762345678'],
  ['the Bahamas', '+12423227000'],
  ['Jersey', '+447797712345'],
  ['the Isle of Man', '+447624123456'],
])('%s looks like the country whose code it shares, and is none of it', (_where, to) => {
  const policy = createDestinationPolicy({ allowedCountries: ['US', 'CA', 'GB'], fromNumber: FROM });

  expect(refusalOf(to, policy)?.code).toBe('DESTINATION_NOT_ALLOWED');
});

test.each([
  ['premium-rate behind a trunk zero', '+4409098790000'],
  ['premium-rate behind the country code twice', '+119005550123'],
])('%s is refused all the same: %s', (_how, to) => {
  expect(refusalOf(to)).toBeDefined();
});

test.each([
  ['a landline', '+12025550123'],
  ['a mobile phone in Germany', '+4915112345678'],
  ['a mobile phone in Great Britain', '+447400123456'],
  ['a mobile phone in Australia', '+61412345678'],
  ['a mobile phone in China', '+8613512345678'],
  ['a freephone number', '+18005550123'],
  ['a company or an office in Great Britain (0300)', '+443001234567'],
  ['a company in Great Britain (0333)', '+443331234567'],
  ['a company in Great Britain (0345)', '+443451234567'],
  ['a company in Switzerland', '+41581234567'],
  ['a company in the Netherlands', '+31881234567'],
  ['an area code that begins like a personal one', '+15052345678'],
  ['an exchange that begins like premium-rate', '+12029751234'],
  ['a number that has 976 in its end', '+12025559760'],
])('%s is called: %s', (_what, to) => {
  expect(refusalOf(to)).toBeUndefined();
});

test.each([
  '911',
  '112',
  '+911',
  '+112',
  '999',
  '+18',
  '411',
  '*67+12025550123',
  '+1202555',
  '0012025550123',
  '01112025550123',
  '+0012025550123',
  '00881612345678',
  'tel:+12025550123',
  'sip:+19005550123@gateway.example',
  '+1 202 555 0123',
  '+12025550123,,9',
  '+12025550123;ext=9',
  '+12025550123\n',
  '+1２025550123',
  '+881612345678901',
])('%j is refused: a short code, another way to write a number, or no number', (to) => {
  const { success } = createCallSchema.safeParse({ to });

  expect(success && refusalOf(to) === undefined).toBe(false);
});

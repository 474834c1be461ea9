// Which numbers may be called: real ones, in the countries that the operator allows. Toll fraud is the threat.

import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { ProblemError } from './problem';

/** Decides about destinations. */
export type DestinationPolicy = {
  /** @throws ProblemError that names the field and the setting */
  readonly check: (to: string, from: string) => void;
};

// Numbers of these kinds charge the caller, and fraudsters share the income.
const PREMIUM_TYPES = new Set(['PREMIUM_RATE', 'SHARED_COST', 'PERSONAL_NUMBER', 'UAN', 'PAGER']);

/**
 * The policy for the given countries.
 * @param allowedCountries two-letter codes; undefined means the country of `fromNumber`
 */
export function createDestinationPolicy(
  allowedCountries: readonly string[] | undefined,
  fromNumber: string,
): DestinationPolicy {
  const home = parsePhoneNumberFromString(fromNumber)?.country;
  const allowed = new Set<string>(allowedCountries ?? (home ? [home] : []));
  return {
    check(to, from) {
      assertReal('from', from);
      const { country, type } = assertReal('to', to);
      if (to === from) throw invalid('to', 'must not be the number that calls');
      if (country === undefined || !allowed.has(country)) {
        throw notAllowed(
          `The country of this number is not in ALLOWED_COUNTRIES (now: ${[...allowed].join(', ') || 'none'}).`,
        );
      }
      if (type && PREMIUM_TYPES.has(type))
        throw notAllowed('Premium-rate, shared-cost, personal and pager numbers are never called.');
    },
  };
}

type RealNumber = { readonly country: CountryCode | undefined; readonly type: string | undefined };

function assertReal(field: string, number: string): RealNumber {
  const parsed = parsePhoneNumberFromString(number);
  if (!parsed?.isValid()) throw invalid(field, 'is not a number that exists in its country');
  return { country: parsed.country, type: parsed.getType() };
}

function invalid(field: string, message: string): ProblemError {
  return new ProblemError('VALIDATION_FAILED', [{ field, message }]);
}

function notAllowed(message: string): ProblemError {
  return new ProblemError('DESTINATION_NOT_ALLOWED', [{ field: 'to', message }]);
}

// Which numbers may be called: real ones, in the countries that the operator allows; and whom a callee may be
// transferred to. Toll fraud is the threat.

import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { ProblemError } from './problem';

/** Decides about destinations. */
export type DestinationPolicy = {
  /** @throws ProblemError that names the field and the setting */
  readonly check: (to: string, from: string) => void;
  /**
   * The same for the party of a transfer, which may also be a SIP address; `field` is where it stands in the request.
   * @throws ProblemError that names the field and the setting
   */
  readonly checkTransfer: (to: string, from: string, field: string) => void;
};

// No parameters but the transport: others, such as maddr, send the call to another host than the one that is checked.
const SIP_URI = /^sips?:[\w.+~*-]{1,64}@([a-z0-9.-]{1,253})(?::\d{1,5})?(?:;transport=(?:udp|tcp|tls))?$/i;

/** Tells whether `to` has the form of a SIP address: sip:name@host. */
export function isSipUri(to: string): boolean {
  return SIP_URI.test(to);
}

// Numbers of these kinds charge the caller, and fraudsters share the income.
const PREMIUM_TYPES = new Set(['PREMIUM_RATE', 'SHARED_COST', 'PERSONAL_NUMBER', 'UAN', 'PAGER']);

/**
 * The policy for the given countries.
 * @param allowedCountries two-letter codes; undefined means the country of `fromNumber`
 * @param sipDomains hosts to which callees may be transferred, in small letters
 */
export function createDestinationPolicy(
  allowedCountries: readonly string[] | undefined,
  fromNumber: string,
  sipDomains: readonly string[] = [],
): DestinationPolicy {
  const home = parsePhoneNumberFromString(fromNumber)?.country;
  const allowed = new Set<string>(allowedCountries ?? (home ? [home] : []));

  const assertAllowed = (to: string, from: string, field: string): void => {
    const { country, type } = assertReal(field, to);
    if (to === from) throw invalid(field, 'must not be the number that calls');
    if (country === undefined || !allowed.has(country)) {
      const now = [...allowed].join(', ') || 'none';
      throw notAllowed(field, `The country of this number is not in ALLOWED_COUNTRIES (now: ${now}).`);
    }
    if (type && PREMIUM_TYPES.has(type)) {
      throw notAllowed(field, 'Premium-rate, shared-cost, personal and pager numbers are never called.');
    }
  };

  return {
    check(to, from) {
      assertReal('from', from);
      assertAllowed(to, from, 'to');
    },
    checkTransfer(to, from, field) {
      const host = SIP_URI.exec(to)?.[1]?.toLowerCase();
      if (host === undefined) return assertAllowed(to, from, field);
      if (!sipDomains.includes(host)) {
        const now = sipDomains.join(', ') || 'none';
        throw notAllowed(field, `The host of this SIP address is not in TRANSFER_SIP_DOMAINS (now: ${now}).`);
      }
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

function notAllowed(field: string, message: string): ProblemError {
  return new ProblemError('DESTINATION_NOT_ALLOWED', [{ field, message }]);
}

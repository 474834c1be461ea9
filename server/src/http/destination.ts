// Which numbers may be called: real ones, in the countries that the operator allows, of people who do not mind; and whom
// a callee may be transferred to. Toll fraud is the threat.

import { type CountryCode, type NumberType, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { whyNeverCalled } from './never-called';
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
  /** The code of what `checkTransfer` throws; undefined when it throws nothing. */
  readonly whyNotTo: (to: string, from: string) => string | undefined;
};

/** People who do not want to be called. */
export type DoNotCallList = {
  /** Whether this number, in E.164 form, is on the list. */
  readonly isOnList: (number: string) => boolean;
};

/** What destinations are held against. */
export type DestinationRules = {
  /** Two-letter codes; undefined means the country of `fromNumber`. */
  readonly allowedCountries?: readonly string[] | undefined;
  readonly fromNumber: string;
  /** Hosts to which callees may be transferred, in small letters. */
  readonly sipDomains?: readonly string[] | undefined;
  readonly doNotCall?: DoNotCallList | undefined;
};

// No parameters but the transport: others, such as maddr, send the call to another host than the one that is checked.
const SIP_URI = /^sips?:([\w.+~*-]{1,64})@([a-z0-9.-]{1,253})(?::\d{1,5})?(?:;transport=(?:udp|tcp|tls))?$/i;

// Whoever has the host may pass such a call on to the phone network.
const PHONE_USER = /^\+?(\d{7,15})$/;

/** Tells whether `to` has the form of a SIP address: sip:name@host. */
export function isSipUri(to: string): boolean {
  return SIP_URI.test(to);
}

/** The policy of these rules. */
export function createDestinationPolicy(rules: DestinationRules): DestinationPolicy {
  const { fromNumber, sipDomains = [], doNotCall } = rules;
  const home = parsePhoneNumberFromString(fromNumber)?.country;
  const allowed = new Set<string>(rules.allowedCountries ?? (home ? [home] : []));

  const assertAllowed = (to: string, from: string, field: string): void => {
    // Before anything else: a country that is not allowed is a matter of settings, and this is not.
    assertMayEverBeCalled(field, to);
    const { number, country, kind } = assertReal(field, to);
    // Another spelling of a number would be another number to the do-not-call list and to the calls counted per hour.
    if (number !== to) throw invalid(field, 'must be in E.164 form, with no trunk prefix behind the country code');
    assertMayEverBeCalled(field, to, kind);
    if (to === parsePhoneNumberFromString(from)?.number) throw invalid(field, 'must not be the number that calls');
    if (country === undefined || !allowed.has(country)) {
      const now = [...allowed].join(', ') || 'none';
      const message = `The country of this number is not in ALLOWED_COUNTRIES (now: ${now}).`;
      throw notAllowed(field, message, 'ALLOWED_COUNTRIES');
    }
    assertNotOnList(to, field);
  };
  const assertNotOnList = (number: string, field: string): void => {
    if (doNotCall?.isOnList(number))
      throw new ProblemError('DO_NOT_CALL', [{ field, message: 'is on the do-not-call list' }]);
  };
  const checkTransfer: DestinationPolicy['checkTransfer'] = (to, from, field) => {
    const [, user = '', host] = SIP_URI.exec(to) ?? [];
    if (host === undefined) return assertAllowed(to, from, field);
    if (!sipDomains.includes(host.toLowerCase())) {
      const now = sipDomains.join(', ') || 'none';
      const message = `The host of this SIP address is not in TRANSFER_SIP_DOMAINS (now: ${now}).`;
      throw notAllowed(field, message, 'TRANSFER_SIP_DOMAINS');
    }
    for (const number of numbersOf(user, home)) {
      assertMayEverBeCalled(field, number, parsePhoneNumberFromString(number)?.getType());
      assertNotOnList(number, field);
    }
  };

  return {
    check(to, from) {
      assertReal('from', from);
      assertAllowed(to, from, 'to');
    },
    checkTransfer,
    whyNotTo(to, from) {
      try {
        checkTransfer(to, from, 'to');
        return undefined;
      } catch (error) {
        return error instanceof ProblemError ? error.code : 'INTERNAL_ERROR';
      }
    },
  };
}

/** What a SIP name may be on the phone network: as it stands, and as it is dialled at home. */
function numbersOf(user: string, home: CountryCode | undefined): readonly string[] {
  const digits = PHONE_USER.exec(user)?.[1];
  if (digits === undefined) return [];
  const national = user.startsWith('+') ? undefined : parsePhoneNumberFromString(digits, home)?.number;
  return [`+${digits}`, ...(national === undefined ? [] : [national])];
}

type RealNumber = {
  /** In E.164 form. */
  readonly number: string;
  readonly country: CountryCode | undefined;
  readonly kind: NumberType;
};

function assertReal(field: string, number: string): RealNumber {
  const parsed = parsePhoneNumberFromString(number);
  if (!parsed?.isValid()) throw invalid(field, 'is not a number that exists in its country');
  return { number: parsed.number, country: parsed.country, kind: parsed.getType() };
}

function assertMayEverBeCalled(field: string, number: string, kind?: NumberType): void {
  const what = whyNeverCalled(number, kind);
  if (what === undefined) return;
  throw new ProblemError('PREMIUM_DESTINATION', [{ field, message: `is ${what}: such numbers are never called` }]);
}

function invalid(field: string, message: string): ProblemError {
  return new ProblemError('VALIDATION_FAILED', [{ field, message }]);
}

function notAllowed(field: string, message: string, setting: string): ProblemError {
  return new ProblemError('DESTINATION_NOT_ALLOWED', [{ field, message }], { setting });
}

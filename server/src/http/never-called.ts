// Numbers that charge whoever calls them, and so are never called, whatever the settings say: fraudsters have them called
// and share the income. By the kind that the numbering plans give them, and by ranges that those plans do not mark.

import type { NumberType } from 'libphonenumber-js/max';

type Range = { readonly digits: RegExp; readonly what: string };

const SATELLITE = 'a satellite number';
const PERSONAL = 'a personal number, which costs what its owner likes';

// Not UAN: those for companies cost in most countries what any number of the country costs.
const KINDS: Partial<Record<NonNullable<NumberType>, string>> = {
  PREMIUM_RATE: 'a premium-rate number',
  SHARED_COST: 'a shared-cost number',
  PERSONAL_NUMBER: PERSONAL,
  PAGER: 'a pager',
};

/** Codes of no country (ITU-T E.164, list of assigned codes): whether or not a number of them exists at this moment. */
const GLOBAL_CODES: readonly Range[] = [
  { digits: /^\+800/, what: 'an international freephone number, which is not for calls from here' },
  { digits: /^\+808/, what: 'an international shared-cost number' },
  // 870 is Inmarsat of today; 871 to 874 were its oceans, and are still sold as routes.
  { digits: /^\+87[0-4]/, what: SATELLITE },
  // Kept for ships, as 870 was.
  { digits: /^\+87[5-7]/, what: SATELLITE },
  { digits: /^\+878/, what: PERSONAL },
  // Iridium, Globalstar and what is left of others.
  { digits: /^\+881/, what: SATELLITE },
  // Thuraya, ships, aeroplanes, and networks that route numbers for a share.
  { digits: /^\+88[23]/, what: 'a number of an international network' },
  { digits: /^\+888/, what: 'a number for disaster relief' },
  { digits: /^\+979/, what: 'an international premium-rate number' },
  { digits: /^\+991/, what: 'a number of an international trial' },
];

/** Ranges in the plans of countries. Those that a plan marks by their kind are mostly caught by that already. */
const NATIONAL_RANGES: readonly Range[] = [
  // North America: 976 is premium-rate in every area, though it looks like a local exchange.
  { digits: /^\+1\d{3}976\d{4}$/, what: 'a premium-rate number (976)' },
  { digits: /^\+1900/, what: 'a premium-rate number (900)' },
  { digits: /^\+1(?:500|52\d|533|544|566|577|588|622)/, what: 'a personal number of North America' },
  { digits: /^\+1700/, what: 'a number of a carrier of its own (700)' },
  // Canada's code for what is in no place: satellites, ships and camps.
  { digits: /^\+1600/, what: 'a number of no place in Canada (600), satellites among them' },
  { digits: /^\+1\d{3}5551212$/, what: 'directory assistance, which charges for each call' },
  // Australia: 0145 and 0147 are satellites, which metadata takes for mobile or internet phones.
  { digits: /^\+6114/, what: SATELLITE },
  // Great Britain: 070 looks like a mobile number.
  { digits: /^\+4470/, what: PERSONAL },
  // Germany: votes by telephone.
  { digits: /^\+49137/, what: 'a number for mass calls (0137)' },
  // Japan: Navi Dial, and Portugal: unique numbers, both outside what other calls cost.
  { digits: /^\+81570/, what: 'a number for companies that charges the caller (0570)' },
  { digits: /^\+35170[78]/, what: 'a number for companies that charges the caller (707, 708)' },
  // China: Globalstar, Tiantong and Inmarsat among the mobile prefixes.
  { digits: /^\+86(?:1349|174[09])/, what: SATELLITE },
  // Indonesia: Byru, and Russia: Globalstar, again among the mobile prefixes.
  { digits: /^\+62868/, what: SATELLITE },
  { digits: /^\+7954/, what: SATELLITE },
];

const RANGES = [...GLOBAL_CODES, ...NATIONAL_RANGES];

/**
 * What makes a number one that is never called; undefined for all others.
 * @param kind what its numbering plan says of it, where that is known
 */
export function whyNeverCalled(number: string, kind?: NumberType): string | undefined {
  return RANGES.find(({ digits }) => digits.test(number))?.what ?? (kind && KINDS[kind]);
}

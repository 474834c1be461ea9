// Telnyx's D-codes: why an outbound call was refused, with the cure in the words of the portal.
// Source: Telnyx SIP response code documentation; the codes come as text inside an error's detail.

/** Meaning and cure by refusal code. */
const REFUSALS: Readonly<Record<string, string>> = {
  D1: 'The account has no free channel: wait, or raise the concurrent call limit of the account.',
  D2: 'The outbound voice profile has no free channel: raise its concurrent call limit.',
  D3: 'The connection has no free channel: raise its channel limit.',
  D7: 'The connection has no outbound voice profile: attach one to the Call Control application.',
  D11: 'The destination is not a valid number.',
  D13: 'The country of the destination is not allowed: add it to the outbound voice profile (default: US and CA only).',
  D14: 'The destination is not a valid number.',
  D15: 'The outbound voice profile is disabled: enable it.',
  D16: 'The connection is disabled: enable the Call Control application.',
  D17: 'The Telnyx account is disabled: see the portal.',
  D24: 'The rate per minute is above the maximum of the outbound voice profile.',
  D35: 'The caller id is not valid: use a number of your account in TELNYX_FROM_NUMBER.',
  D36: 'The caller id belongs to another account: use a number of your own.',
  D37: 'Emergency numbers cannot be called.',
  D38: 'The connection has no outbound voice profile: attach one to the Call Control application.',
  D39: 'The daily limit for international calls is spent: raise it in the portal.',
  D41: 'The destination is blocked as a fraud risk.',
  D44: 'TELNYX_CONNECTION_ID names no connection of this account.',
  D46: 'The caller id is on a do-not-originate list: use another number.',
  D50: 'The destination is not a valid number.',
  D51: 'The caller id is neither a Telnyx number of yours nor a verified one: buy or verify it.',
  D53: 'Caller id and destination are the same number.',
  D54: 'The caller id is blocked for its reputation: use another number.',
  D58: 'The destination is restricted: ask Telnyx support.',
  D60: 'The account level allows calls to verified numbers only: verify the number or upgrade the account.',
  D63: 'The number is being ported: wait until that is done.',
  D64: 'The number waits for its regulatory papers: see the portal.',
  P05: 'Too many calls per second: lower the rate or ask Telnyx for more.',
  TM1: 'Telnyx has no rate for this destination.',
  TV1: 'The carrier behind Telnyx failed: try again.',
};

/** A refusal as found in an error text. */
export type Refusal = { readonly code: string; readonly cure: string };

/** Finds the refusal code in Telnyx's error text. */
export function findRefusal(text: string): Refusal | undefined {
  const code = /\b(D\d{1,2}|TM1|TV1|PE[1-6]|P05)\b/.exec(text)?.[1];
  if (code === undefined) return undefined;
  return { code, cure: REFUSALS[code] ?? 'See the Telnyx documentation of SIP response codes.' };
}

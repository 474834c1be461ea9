// What a simulated account has beside its calls: money, the Call Control application, its outbound voice profile, and
// numbers. A test changes them in place. They are only shown: calls are placed whatever they say.

/** The wire objects of one account, as the API shows them. */
export type AccountHoldings = {
  balance: { available_credit: string; balance: string; credit_limit: string; currency: string };
  application: {
    active: boolean;
    webhook_api_version: string;
    webhook_event_url: string;
    call_cost_in_webhooks: boolean;
    outbound: { channel_limit: number | null; outbound_voice_profile_id: string | null };
  };
  profile: {
    enabled: boolean;
    whitelisted_destinations: string[];
    concurrent_call_limit: number | null;
    daily_spend_limit: string;
    daily_spend_limit_enabled: boolean;
  };
  /** Numbers of the account. */
  numbers: { phone_number: string; status: string; connection_id: string | null }[];
  /** Numbers of other companies that were proven to be the account's. */
  verifiedNumbers: string[];
  /** By how much the Date headers of all answers are off, milliseconds. */
  dateOffsetMs: number;
};

/** Id of the outbound voice profile. */
export const PROFILE_ID = '2025550199202555019';

/** An account with which calls can be placed. */
export function soundHoldings(fromNumbers: readonly string[], connectionId: string): AccountHoldings {
  return {
    balance: { available_credit: '100.00', balance: '100.00', credit_limit: '0.00', currency: 'USD' },
    application: {
      active: true,
      webhook_api_version: '2',
      webhook_event_url: 'https://example.com/webhooks',
      call_cost_in_webhooks: true,
      outbound: { channel_limit: null, outbound_voice_profile_id: PROFILE_ID },
    },
    profile: {
      enabled: true,
      whitelisted_destinations: ['US', 'CA'],
      concurrent_call_limit: null,
      daily_spend_limit: '100.00',
      daily_spend_limit_enabled: false,
    },
    numbers: fromNumbers.map((number) => ({
      phone_number: number,
      status: 'active',
      connection_id: connectionId,
    })),
    verifiedNumbers: [],
    dateOffsetMs: 0,
  };
}

// What the Telnyx account has of all that a call needs: money, the application, its outbound profile, the number. Reads
// only. Each answer is read leniently, as fields that are missing say nothing about the rest.

import Telnyx from 'telnyx';
import { z } from 'zod';
import { CarrierError } from '../../calls/errors';
import { httpFetch } from './http-fetch';
import { translated } from './telnyx-errors';

const ANSWER_TIMEOUT_MS = 4_500;

/** The version of webhooks that we can read. */
export const WEBHOOK_API_VERSION = '2';

// Null and what is odd are as good as missing: a field of no use must not hide the others.
const flag = z.boolean().nullish().catch(undefined);
const text = z.string().nullish().catch(undefined);
const count = z.number().nullish().catch(undefined);
const amount = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .transform(Number)
  .nullish()
  .catch(undefined);

const balanceSchema = z.object({ available_credit: amount, currency: text });

const applicationSchema = z.object({
  active: flag,
  webhook_api_version: text,
  webhook_event_url: text,
  call_cost_in_webhooks: flag,
  outbound: z.object({ channel_limit: count, outbound_voice_profile_id: text }).nullish().catch(undefined),
});

const profileSchema = z.object({
  enabled: flag,
  whitelisted_destinations: z.array(z.string()).nullish().catch(undefined),
  concurrent_call_limit: count,
  daily_spend_limit: text,
  daily_spend_limit_enabled: flag,
});

const numberSchema = z.object({ phone_number: z.string(), status: text, connection_id: text });

/** What the account may spend; undefined for what Telnyx does not say. */
export type AccountBalance = { readonly available: number | undefined; readonly currency: string | undefined };

/** The application through which calls are placed. */
export type AccountApplication = {
  readonly isActive: boolean | undefined;
  readonly webhookApiVersion: string | undefined;
  readonly hasWebhookUrl: boolean;
  readonly reportsCost: boolean;
  readonly channelLimit: number | undefined;
  readonly profileId: string | undefined;
};

/** The outbound voice profile: which calls the account lets out. */
export type AccountProfile = {
  readonly isEnabled: boolean | undefined;
  /** Two-letter codes. */
  readonly destinations: readonly string[] | undefined;
  readonly concurrentCallLimit: number | undefined;
  /** US dollars a day, as Telnyx writes it; undefined without a limit. */
  readonly dailySpendLimit: string | undefined;
};

/** What the number that calls is to the account. */
export type AccountNumber =
  | { readonly kind: 'owned'; readonly status: string | undefined; readonly connectionId: string | undefined }
  /** Of another company, and proven to be the account's. */
  | { readonly kind: 'verified' }
  | { readonly kind: 'unknown' };

/** Where and as whom to ask. */
export type TelnyxAccountSettings = { readonly apiKey: string; readonly baseUrl: string };

/** Reads the account of a key. Everything rejects with a CarrierError. */
export class TelnyxAccount {
  readonly #client: Telnyx;
  readonly #onAnswer: (headers: Headers) => void;

  /** @param onAnswer is shown the headers of every answer that there is, refusals included */
  constructor({ apiKey, baseUrl }: TelnyxAccountSettings, onAnswer: (headers: Headers) => void) {
    this.#onAnswer = onAnswer;
    const options = { timeout: ANSWER_TIMEOUT_MS, maxRetries: 0, logLevel: 'off' } as const;
    this.#client = new Telnyx({ apiKey, baseURL: baseUrl, ...options, fetch: (...given) => this.#fetch(...given) });
  }

  async balance(): Promise<AccountBalance> {
    const { data } = await translated('balance', this.#client.balance.retrieve());
    const { available_credit: available, currency } = balanceSchema.parse(data ?? {});
    return { available: available ?? undefined, currency: currency ?? undefined };
  }

  async application(id: string): Promise<AccountApplication> {
    const answer = await translated('application', this.#client.callControlApplications.retrieve(id));
    const { outbound, ...application } = applicationSchema.parse(answer.data ?? {});
    return {
      isActive: application.active ?? undefined,
      webhookApiVersion: application.webhook_api_version ?? undefined,
      hasWebhookUrl: Boolean(application.webhook_event_url),
      reportsCost: application.call_cost_in_webhooks === true,
      channelLimit: outbound?.channel_limit ?? undefined,
      profileId: outbound?.outbound_voice_profile_id ?? undefined,
    };
  }

  async profile(id: string): Promise<AccountProfile> {
    const answer = await translated('profile', this.#client.outboundVoiceProfiles.retrieve(id));
    const profile = profileSchema.parse(answer.data ?? {});
    const isLimited = profile.daily_spend_limit_enabled === true;
    return {
      isEnabled: profile.enabled ?? undefined,
      destinations: profile.whitelisted_destinations ?? undefined,
      concurrentCallLimit: profile.concurrent_call_limit ?? undefined,
      dailySpendLimit: isLimited ? (profile.daily_spend_limit ?? undefined) : undefined,
    };
  }

  async number(phoneNumber: string): Promise<AccountNumber> {
    const filter = { phone_number: phoneNumber };
    const page = await translated('numbers', this.#client.phoneNumbers.list({ filter }));
    const found = z.array(numberSchema).catch([]).parse(page.data);
    const owned = found.find((each) => each.phone_number === phoneNumber);
    if (owned)
      return { kind: 'owned', status: owned.status ?? undefined, connectionId: owned.connection_id ?? undefined };
    return (await this.#isVerified(phoneNumber)) ? { kind: 'verified' } : { kind: 'unknown' };
  }

  async #isVerified(phoneNumber: string): Promise<boolean> {
    try {
      const { data } = await translated('verified number', this.#client.verifiedNumbers.retrieve(phoneNumber));
      return Boolean(data?.verified_at);
    } catch (error) {
      if (error instanceof CarrierError && error.httpStatus === 404) return false;
      throw error;
    }
  }

  async #fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const response = await httpFetch(input, init);
    this.#onAnswer(response.headers);
    return response;
  }
}

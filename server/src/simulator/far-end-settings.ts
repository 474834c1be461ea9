// The settings that point a server at a simulated phone network and a simulated AI, and with which it proves who it is.

import type { SimulatedOpenai } from './simulated-openai/simulated-openai';
import type { SimulatedTelnyx } from './simulated-telnyx/simulated-telnyx';

/** Environment variables of a server, by name. */
export type FarEndSettings = {
  readonly TELNYX_API_KEY: string;
  readonly TELNYX_PUBLIC_KEY: string;
  readonly TELNYX_CONNECTION_ID: string;
  readonly TELNYX_FROM_NUMBER: string;
  readonly TELNYX_BASE_URL: string;
  readonly OPENAI_API_KEY: string;
  readonly OPENAI_BASE_URL: string;
};

/** What a server has to be told of these two. */
export function farEndSettings(telnyx: SimulatedTelnyx, openai: SimulatedOpenai): FarEndSettings {
  return {
    TELNYX_API_KEY: telnyx.apiKey,
    TELNYX_PUBLIC_KEY: telnyx.publicKey,
    TELNYX_CONNECTION_ID: telnyx.connectionId,
    TELNYX_FROM_NUMBER: telnyx.fromNumber,
    TELNYX_BASE_URL: telnyx.apiBaseUrl,
    OPENAI_API_KEY: openai.apiKey,
    OPENAI_BASE_URL: openai.apiBaseUrl,
  };
}

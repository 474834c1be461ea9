// What makes this server the one that it is: whoever has the same keys may know.

import type { Config } from '../config/config';
import { IdentityProof } from '../lib/identity-proof';

/** The proof of all servers that work with these two accounts. */
export function identityOf({ telnyx, openai }: Pick<Config, 'telnyx' | 'openai'>): IdentityProof {
  return new IdentityProof([telnyx.apiKey, openai.apiKey]);
}

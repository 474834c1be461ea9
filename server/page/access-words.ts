// What is said at the sign-in, by what has happened: no key yet, a wrong one, or one that was good until now.

import type { ApiError } from './api.ts';

/** Where the key comes from that was refused. A kept one was accepted before. */
export type KeyOrigin = 'none' | 'typed' | 'kept';

const NOTICES: Readonly<Record<KeyOrigin, string>> = {
  none: 'This server asks for one of its API keys.',
  typed: 'This key is not one of the server’s. Sign in with another one.',
  kept: 'The key is not accepted any more. Sign in again.',
};

// What the server takes as a key; the browser itself would refuse to send much of the rest.
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** Said while the server, or what is before it, has no answer. */
export const NO_ANSWER_NOTICE = 'The server does not answer. Trying again…';

/** Why this can be no key at all; undefined when it may be one. */
export function keyTrouble(key: string): string | undefined {
  if (VISIBLE_ASCII.test(key)) return undefined;
  return 'A key has English letters, digits and signs only, without blanks. Was something else copied along?';
}

/** Why somebody is not let in. */
export function refusalNotice({ status, message }: ApiError, origin: KeyOrigin): string {
  return status === 401 ? NOTICES[origin] : message;
}

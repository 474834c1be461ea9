// What is said at the sign-in: it depends on what has happened.

import { keyTrouble, refusalNotice } from '../../../page/access-words.ts';
import { ApiError } from '../../../page/api.ts';

const REFUSED = new ApiError('Send a key.', 401, 'UNAUTHORIZED');

test.each(['schlüssel', 'two words', 'tab\tin it', 'emoji-🔑', 'nul\u0000'])(
  'a key that no header can carry is refused before it is sent: %j',
  (key) => expect(keyTrouble(key)).toContain('letters, digits and signs'),
);

test('any visible ASCII may be a key', () => {
  expect(keyTrouble(String.fromCharCode(...Array.from({ length: 94 }, (_, at) => 0x21 + at)))).toBeUndefined();
});

test('who has given no key is asked for one, a wrong one is told so, one that was good has changed', () => {
  const notices = (['none', 'typed', 'kept'] as const).map((origin) => refusalNotice(REFUSED, origin));

  expect(notices).toEqual([
    'This server asks for one of its API keys.',
    'This key is not one of the server’s. Sign in with another one.',
    'The key is not accepted any more. Sign in again.',
  ]);
});

test('a server that answers its own machine only says so itself', () => {
  const error = new ApiError('Set API_KEYS to use it from elsewhere.', 403, 'LOOPBACK_ONLY');

  expect(refusalNotice(error, 'typed')).toBe('Set API_KEYS to use it from elsewhere.');
});

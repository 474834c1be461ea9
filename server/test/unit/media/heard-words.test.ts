// Which words were said when only a part of the sound was, and which are left to be said.

import { restOfWords } from '../../../src/media/heard-words';

test.each([
  ['one two three four', '', 'one two three four'],
  ['one two three four', 'one two', 'three four'],
  ['one two three four', ' one two ', 'three four'],
  ['one two three four', 'one tw', 'two three four'],
  ['one two three four', 'one two three four', ''],
  ['one two three four', 'One, two, and more than that', ''],
  ['お元気ですか', 'お元', '気ですか'],
])('of "%s", after "%s", "%s" is left', (words, said, rest) => {
  expect(restOfWords(words, said)).toBe(rest);
});

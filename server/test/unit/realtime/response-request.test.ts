// The bodies of response.create: what each kind of speech is asked for with.

import type { SpeechContent } from '../../../src/calls/speech';
import { responseBody } from '../../../src/realtime/response-request';

const CONTENTS: SpeechContent[] = [
  { kind: 'words', words: 'Hello.' },
  { kind: 'directive', directive: 'Say who you are.' },
  { kind: 'answer' },
];

test('fixed words are asked for exactly, quoted so that none of them is taken for an instruction', () => {
  const words = 'Say "stop".\nThen {go}.';

  const { instructions } = responseBody({ content: { kind: 'words', words } }, 'Be kind.');

  expect(instructions).toMatch(/exactly/);
  expect(JSON.parse(instructions!.slice(instructions!.indexOf('"')))).toBe(words);
});

test('fixed words come without the conversation, without the instructions and without tools', () => {
  const body = responseBody({ content: CONTENTS[0]!, mayUseTools: true }, 'Be kind.');

  expect(body).toMatchObject({ input: [], tool_choice: 'none' });
  expect(body.instructions).not.toContain('Be kind.');
});

test('a directive comes after the instructions of the session, which it would replace otherwise', () => {
  const body = responseBody({ content: CONTENTS[1]!, mayUseTools: true }, 'Be kind.');

  expect(body).toEqual({ instructions: 'Be kind.\n\nSay who you are.' });
});

test('an answer is a plain response', () => {
  expect(responseBody({ content: CONTENTS[2]!, mayUseTools: true }, 'Be kind.')).toEqual({});
});

test.each(CONTENTS)('tools are not for a $kind that does not allow them', (content) => {
  expect(responseBody({ content }, 'Be kind.')).toMatchObject({ tool_choice: 'none' });
});

test.each(CONTENTS)('a $kind is spoken within the session, not beside it', (content) => {
  const body = responseBody({ content, mayUseTools: true }, 'Be kind.');

  expect(body).not.toHaveProperty('conversation');
  expect(body).not.toHaveProperty('output_modalities');
});

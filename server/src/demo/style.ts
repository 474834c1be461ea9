// Colours for a terminal, and none where nobody would see them.

import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const HAS_COLOUR = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

/** The text in the given style, or plain when the output is not a terminal. */
export function styled(style: Style, text: string): string {
  return HAS_COLOUR ? styleText(style, text) : text;
}

/** Breaks a text into lines of at most `width` characters, at spaces. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

// The colours of the page, light and dark: every text can be read on everything that it stands on (WCAG AA).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const AA = 4.5;

const css = readFileSync(join(__dirname, '../../../page/page.css'), 'utf8');

/** The colours of each `:root` in turn: light first, dark after. */
const schemes = [...css.matchAll(/:root \{([^}]+)\}/g)].map(([, body = '']) =>
  Object.fromEntries([...body.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, name, color]) => [name, color])),
);

const PAIRS = ['ink', 'soft', 'callee', 'ai', 'danger', 'good'].flatMap((text) =>
  ['paper', 'sheet'].map((ground) => [text, ground] as const),
);

const ON_TINTS = [
  ['ink', 'callee-wash'],
  ['callee', 'callee-wash'],
  ['ink', 'ai-wash'],
  ['ai', 'ai-wash'],
  ['on-color', 'danger'],
  ['sheet', 'ink'],
  ['sheet', 'soft'],
] as const;

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

test('there is a scheme for light and one for dark', () => {
  expect(schemes).toHaveLength(2);
  expect(Object.keys(schemes[0] ?? {})).toEqual(Object.keys(schemes[1] ?? {}));
});

test.each([...PAIRS, ...ON_TINTS])('%s can be read on %s', (text, ground) => {
  for (const scheme of schemes) expect(contrast(scheme[text], scheme[ground])).toBeGreaterThanOrEqual(AA);
});

test('no colour is set but by its name, so that dark mode forgets none', () => {
  const rules = css.slice(css.indexOf('* {'));

  expect(rules.match(/#[0-9a-f]{3,8}\b/gi)).toBeNull();
});

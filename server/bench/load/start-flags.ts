// The flags that Node gets from `npm start`: whatever is measured runs with the same.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE_FILE = join(__dirname, '../../../package.json');

/** The flags with which `npm start` runs the server. */
export function startFlags(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as {
    readonly scripts: { readonly start: string };
  };
  return scripts.start.split(' ').filter((word) => word.startsWith('--'));
}

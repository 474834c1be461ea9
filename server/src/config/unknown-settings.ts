// Names that look like settings and are none: whoever has written PORTS or OPENAI_API_KY believes that it has an effect.

import { SETTING_NAMES } from './config';

/** A name that no setting has, with the setting that may have been meant. */
export type UnknownSetting = { readonly name: string; readonly nearest: string | undefined };

/** Where settings come from. */
export type SettingSources = {
  /** The names in the env file. */
  readonly fileNames: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
};

const TOOL_NAME = /^TOOL_/;

// For Node, for what is in the process with us, and for compose.yaml, which reads the same file.
const OF_OTHERS = /^(NODE_\w+|OTEL_\w+|TZ|NO_COLOR|FORCE_COLOR|(HTTP|HTTPS|NO|ALL)_PROXY|POSTGRES_PASSWORD)$/i;

const MAX_DISTANCE = 2;
// HOME is no HOST with two typing errors.
const LETTERS_PER_ERROR = 4;

/** What of the file is no setting, and what of the environment is almost one. */
export function unknownSettings({ fileNames, environment }: SettingSources): UnknownSetting[] {
  const inFile = new Set(fileNames);
  const names = new Set([...fileNames, ...Object.keys(environment)]);
  return [...names].flatMap((name) => {
    if (SETTING_NAMES.includes(name) || OF_OTHERS.test(name)) return [];
    const nearest = nearestSetting(name);
    const isStray = inFile.has(name) && !TOOL_NAME.test(name);
    return nearest === undefined && !isStray ? [] : [{ name, nearest }];
  });
}

function nearestSetting(name: string): string | undefined {
  const near = SETTING_NAMES.map((setting) => ({ setting, errors: distance(name.toUpperCase(), setting) }))
    .filter(({ setting, errors }) => errors <= Math.min(MAX_DISTANCE, setting.length / LETTERS_PER_ERROR))
    .sort((a, b) => a.errors - b.errors);
  return near[0]?.setting;
}

/** How many letters have to be put in, taken out or changed to make one name of the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of from.split('').entries()) {
    const next = [index + 1];
    for (const [column, other] of to.split('').entries()) {
      const [above = 0, diagonal = 0, left = 0] = [row[column + 1], row[column], next[column]];
      next.push(Math.min(above + 1, left + 1, diagonal + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

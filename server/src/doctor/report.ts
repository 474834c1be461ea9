// The lines of the terminal and the JSON for machines. Whatever a check has found, no secret is in them.

import { styleText } from 'node:util';
import type { Finding } from './finding';

/** A finding with the check that has it. */
export type CheckFinding = Finding & { readonly check: string };

type State = Finding['state'];

const COLOURS: Readonly<Record<State, 'green' | 'yellow' | 'red' | 'dim'>> = {
  ok: 'green',
  warn: 'yellow',
  fail: 'red',
  skipped: 'dim',
};

const STATE_WIDTH = 9;
const NAME_WIDTH = 22;

// Shorter ones are in ordinary words, too; no key is.
const MIN_SECRET = 8;

/** Puts findings into words. */
export class Report {
  readonly #hasColour: boolean;
  readonly #secrets: readonly string[];
  readonly #findings: CheckFinding[] = [];

  constructor(options: { readonly hasColour: boolean; readonly secrets: readonly string[] }) {
    this.#hasColour = options.hasColour;
    // The longest first: what is part of another one must not leave its rest.
    this.#secrets = options.secrets.filter(({ length }) => length >= MIN_SECRET).sort((a, b) => b.length - a.length);
  }

  /** True when something does not work. */
  get hasFailed(): boolean {
    return this.#findings.some(({ state }) => state === 'fail');
  }

  /** Takes a finding in and returns its lines. */
  add(check: string, finding: Finding): string {
    const safe = this.#withoutSecrets({ check, ...finding });
    this.#findings.push(safe);
    const { state, found } = safe;
    const line = `${this.#styled(state, state.padEnd(STATE_WIDTH))}${check.padEnd(NAME_WIDTH)}${found}`;
    return 'cure' in safe ? `${line}\n${' '.repeat(STATE_WIDTH + NAME_WIDTH)}-> ${safe.cure}` : line;
  }

  /** How many there are of each. */
  summary(): string {
    const count = (state: State): number => this.#findings.filter((each) => each.state === state).length;
    const counts = `${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed, ${count('skipped')} skipped.`;
    return `${counts} ${this.hasFailed ? 'Calls will not work yet.' : 'Calls can be placed.'}`;
  }

  /** Everything, for machines. */
  json(): string {
    return JSON.stringify({ isGood: !this.hasFailed, findings: this.#findings }, undefined, 2);
  }

  #styled(state: State, text: string): string {
    // Whether there is a terminal was asked before: this one may be captured.
    return this.#hasColour ? styleText(COLOURS[state], text, { validateStream: false }) : text;
  }

  #withoutSecrets(finding: CheckFinding): CheckFinding {
    const clean = (text: string): string =>
      this.#secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
    const safe = { ...finding, found: clean(finding.found) };
    return 'cure' in safe ? { ...safe, cure: clean(safe.cure) } : safe;
  }
}

const SECRET_NAME = /KEY|SECRET|PASSWORD|TOKEN|^TOOL_|DATABASE_URL/;

// Named as if they were.
const NO_SECRETS = new Set(['TELNYX_PUBLIC_KEY', 'TOOL_SECRET_HOSTS', 'CALLS_PER_KEY_PER_DAY']);

/** The values of an environment that nobody is to see, and their parts. */
export function secretsOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => {
    if (!SECRET_NAME.test(name) || NO_SECRETS.has(name)) return credentialsOf(value);
    const parts = value.split(',').flatMap((part) => [part.trim(), part.trim().replace(/^[a-z][a-z0-9_-]*:/, '')]);
    return [value.trim(), ...parts, ...credentialsOf(value)];
  });
}

/** The password of a URL, as it stands there and as it is meant. */
function credentialsOf(value: string): string[] {
  const password = URL.canParse(value) ? new URL(value).password : '';
  return password === '' ? [] : [password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign of its own: as it stands is all there is.
    return text;
  }
}

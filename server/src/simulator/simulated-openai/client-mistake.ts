/**
 * A client event that the server refuses: what is thrown while handling it, and how a failed schema check becomes the
 * one `error` that the real server would send.
 */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** The refusal of one client event; becomes an `error` event that names the client's event id. */
export class ClientMistake extends Error {
  readonly type = 'invalid_request_error';
  readonly code: string | null;
  readonly param: string | null;

  constructor(code: string | null, message: string, param: string | null = null) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.param = param;
  }
}

/** Turns the issues of a failed parse of `raw` into the first mistake that the server would report. */
export function mistakeFromIssues(issues: readonly Issue[], raw: unknown): ClientMistake {
  const flat = issues.flatMap((issue) => flatten(issue, []));
  const first = flat.find(({ issue }) => issue.code === 'unrecognized_keys') ?? flat[0];
  if (first === undefined) return new ClientMistake('invalid_event', 'The event could not be understood.');
  return mistakeFromIssue(first.issue, first.path, raw);
}

type Located = { readonly issue: Issue; readonly path: readonly PropertyKey[] };

/** Descends into a union's branches: the one that failed deepest is the one the client meant. */
function flatten(issue: Issue, prefix: readonly PropertyKey[]): Located[] {
  const path = [...prefix, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ issue, path }];
  const meant = issue.errors.find((branch) => branch.some((inner) => inner.path.length > 0));
  // No branch fits at all: an enumeration, when there is one, names the supported values.
  const closest = meant ?? issue.errors.find((branch) => branch[0]?.code === 'invalid_value') ?? issue.errors[0] ?? [];
  return closest.flatMap((inner) => flatten(inner, path));
}

function mistakeFromIssue(issue: Issue, path: readonly PropertyKey[], raw: unknown): ClientMistake {
  if (issue.code === 'unrecognized_keys') {
    const param = formatPath([...path, issue.keys[0] ?? '']);
    return new ClientMistake('unknown_parameter', `Unknown parameter: '${param}'.`, param);
  }
  const param = formatPath(path);
  const value = valueAt(raw, path);
  if (value === undefined) {
    return new ClientMistake('missing_required_parameter', `Missing required parameter: '${param}'.`, param);
  }
  if (issue.code === 'invalid_type') return new ClientMistake('invalid_type', typeMessage(issue, value, param), param);
  return new ClientMistake('invalid_value', `Invalid value: ${quote(value)}. ${hint(issue)}`, param);
}

function typeMessage(issue: Issue & { code: 'invalid_type' }, value: unknown, param: string): string {
  const expected = issue.expected === 'int' ? 'an integer' : `a value of type ${issue.expected}`;
  return `Invalid type for '${param}': expected ${expected}, but got ${describe(value)} instead.`;
}

function hint(issue: Issue): string {
  if (issue.code === 'invalid_value') return `Supported values are: ${issue.values.map(quote).join(', ')}.`;
  if (issue.code === 'invalid_union' && 'options' in issue && issue.options !== undefined) {
    return `Supported values are: ${issue.options.map(quote).join(', ')}.`;
  }
  return `${issue.message}.`;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a decimal number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return `'${text.slice(0, 60)}'`;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

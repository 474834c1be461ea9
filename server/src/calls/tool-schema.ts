// What a tool of a user may be, in zod, for the API and the tools file alike: every message names the cure. And what
// becomes of its JSON Schema, which somebody else wrote and which must not take long to check against.

import { z } from 'zod';
import { hasNoCredentials } from '../lib/url-guard';
import { BUILT_IN_TOOLS, type HttpToolDefinition, TOOL_METHODS } from './behaviour';

/** Most tools that one call, or the tools file, may bring. */
export const MAX_TOOLS = 32;

const MAX_DESCRIPTION = 1_024;
const MAX_PARAMETERS_BYTES = 8 * 1024;
const MAX_URL = 2_000;
const MAX_HEADERS = 20;
const MAX_HEADER_VALUE = 2_000;
const MAX_FILLER = 300;
const MIN_TIMEOUT_MS = 100;
const MAX_TIMEOUT_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 10_000;

// 8 KB of references to references can stand for more than can ever be checked.
const MAX_SCHEMA_NODES = 1_000;

// What is nested without end would exhaust whoever looks into it, and no tool needs arguments like that.
const MAX_DEPTH = 40;

// A database may end a text at this character.
const NO_ZERO = /^[^\0]*$/;

const PLACEHOLDER = /\$\{([^}]*)\}/g;
const SECRET_NAME = /^TOOL_[A-Z0-9_]+$/;

/** Belong to the connection or are computed from the request. */
const REFUSED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const BUILT_IN_NAMES: ReadonlySet<string> = new Set(BUILT_IN_TOOLS);

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'names may have letters, digits and hyphens, at most 100')
  .refine((name) => !REFUSED_HEADERS.has(name.toLowerCase()), 'must not name a header of the connection: leave it out');

const headerValue = z
  .string('values must be strings')
  .max(MAX_HEADER_VALUE, `values may have ${MAX_HEADER_VALUE} characters`)
  .regex(/^[\x20-\x7e]*$/, 'values may have visible ASCII characters and spaces')
  .refine(
    (value) => placeholdersIn(value).every((name) => SECRET_NAME.test(name)),
    'may only use variables that start with TOOL_, such as ${TOOL_API_KEY}',
  );

const parametersSchema = z
  .record(z.string(), z.unknown(), 'must be a JSON Schema object')
  .superRefine((parameters, context) => {
    const problem = parametersProblem(parameters);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

/** A tool of a user, with defaults filled in. */
export const httpToolSchema: z.ZodType<HttpToolDefinition> = z.strictObject(
  {
    name: anyText()
      .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'may have 64 letters, digits, hyphens and underscores')
      .refine((name) => !BUILT_IN_NAMES.has(name), 'is the name of a built-in tool: choose another one'),
    description: nonEmptyText(MAX_DESCRIPTION),
    parameters: parametersSchema.default(() => ({ type: 'object', properties: {} })),
    url: anyText()
      .max(MAX_URL, `may have ${MAX_URL} characters`)
      .refine(isHttpUrl, 'must be an http or https URL')
      .refine(hasNoCredentials, 'must not contain a user or password: put them in a header')
      .refine((url) => placeholdersIn(url).length === 0, 'must not contain ${...}: secrets belong in a header'),
    method: z.enum(TOOL_METHODS, `must be one of ${TOOL_METHODS.join(', ')}`).default('POST'),
    headers: z
      .record(headerName, headerValue, 'must be an object of strings')
      .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, `may have ${MAX_HEADERS} headers`)
      .default(() => ({})),
    timeoutMs: z
      .int('must be a whole number of milliseconds')
      .min(MIN_TIMEOUT_MS, `must be at least ${MIN_TIMEOUT_MS}`)
      .max(MAX_TIMEOUT_MS, `must be at most ${MAX_TIMEOUT_MS}`)
      .default(DEFAULT_TIMEOUT_MS),
    filler: nonEmptyText(MAX_FILLER).optional(),
    whileRunning: z.enum(['talk', 'wait'], 'must be talk or wait').default('talk'),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'must be a JSON object' : undefined) },
);

/** The names of the secrets that a tool's headers refer to, each once. */
export function secretNames({ headers }: Pick<HttpToolDefinition, 'headers'>): string[] {
  return [...new Set(Object.values(headers).flatMap(placeholdersIn))];
}

/** `text` with each placeholder replaced by what `valueOf` has for its name. */
export function fillPlaceholders(text: string, valueOf: (name: string) => string): string {
  return text.replace(PLACEHOLDER, (_, name: string) => valueOf(name));
}

/**
 * Makes a check of a JSON Schema, whose top level takes no names that it does not know unless it says otherwise.
 * Patterns are not checked: some take forever on the right text, and the text may come from the callee. The model is
 * told of them all the same. @throws Error for what cannot be checked
 */
export function compileParameters(parameters: Readonly<Record<string, unknown>>): z.ZodType {
  const plain = new SchemaWriter(parameters).write();
  // A registry of its own: ids in the schema of one tool must not meet those of another.
  const check = z.fromJSONSchema(plain, { registry: z.registry() });
  const names = knownNames(plain);
  if (names === undefined) return check;
  // Not left to `check`: beside anyOf and the like it lets pass what one of the two does not mind.
  return check.superRefine((args, context) => {
    for (const name of Object.keys(args as object).filter((key) => !names.has(key))) {
      context.addIssue({ code: 'custom', path: [name], message: 'is not a parameter of this tool: leave it out' });
    }
  });
}

/** A JSON Schema as the model is told of it: that there are no names but those it knows is said. */
export function closedParameters(parameters: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const saysSo = OPENING.some((name) => parameters[name] !== undefined);
  if (saysSo) return parameters;
  const isComposed = COMPOSING.some((name) => parameters[name] !== undefined);
  return { ...parameters, [isComposed ? 'unevaluatedProperties' : 'additionalProperties']: false };
}

function parametersProblem(parameters: Readonly<Record<string, unknown>>): string | undefined {
  // First: to write it as text goes as deep as it does.
  if (isTooDeep(parameters)) return `may be nested ${MAX_DEPTH} levels deep: make it flatter`;
  if (Buffer.byteLength(JSON.stringify(parameters)) > MAX_PARAMETERS_BYTES) {
    return `may have ${MAX_PARAMETERS_BYTES} bytes: shorten the descriptions`;
  }
  if (parameters['type'] !== 'object') return 'must have "type": "object"';
  try {
    compileParameters(parameters);
    return undefined;
  } catch (error) {
    const cause = error instanceof SchemaError ? error.message : 'it uses something that cannot be checked';
    return `must be a JSON Schema of simple types, properties, items, enum and anyOf: ${cause}`;
  }
}

function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}

function isHttpUrl(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

function anyText(): z.ZodString {
  return z.string({ error: (issue) => (issue.input === undefined ? 'is required' : 'must be a string') });
}

function nonEmptyText(maxLength: number): z.ZodString {
  return anyText()
    .max(maxLength, `may have ${maxLength} characters`)
    .regex(/\S/, 'must not be empty')
    .regex(NO_ZERO, 'must not contain a zero character');
}

type Schema = Record<string, unknown>;

/** What is wrong with a JSON Schema, in words for its author. */
class SchemaError extends Error {}

/** Members of a schema that are schemas, by how they hold them. */
const SCHEMA_MEMBERS: ReadonlySet<string> = new Set([
  'additionalItems',
  'additionalProperties',
  'contains',
  'items',
  'not',
  'propertyNames',
]);
const SCHEMA_LISTS: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'items', 'oneOf', 'prefixItems']);
/** Not needed once the references are written out, or not checked. */
const LEFT_OUT: ReadonlySet<string> = new Set(['$defs', '$id', '$ref', 'definitions', 'pattern', 'patternProperties']);

/** Members that say which other names an object may have. */
const OPENING = ['additionalProperties', 'patternProperties'] as const;
/** Members by which a schema has more properties than those beside them. */
const COMPOSING = ['$ref', 'allOf', 'anyOf', 'oneOf'] as const;

/** The names that the top level takes; undefined if others may come as well, because the schema says so. */
function knownNames(plain: Schema): ReadonlySet<string> | undefined {
  // "additionalProperties" knows only the properties beside it.
  const names = plain['additionalProperties'] === false ? propertiesOf(plain) : namesIn(plain);
  return names && new Set(names);
}

/** The properties of a schema and of those that it is composed of; undefined if one of them takes others as well. */
function namesIn(schema: unknown): readonly string[] | undefined {
  if (!isSchema(schema)) return [];
  if ((schema['additionalProperties'] ?? false) !== false) return undefined;
  const names = propertiesOf(schema);
  for (const part of COMPOSING.flatMap((name) => schema[name] ?? [])) {
    const more = namesIn(part);
    if (more === undefined) return undefined;
    names.push(...more);
  }
  return names;
}

function propertiesOf({ properties }: Schema): string[] {
  return isSchema(properties) ? Object.keys(properties) : [];
}

/** Writes a JSON Schema anew, with its references written out and without its patterns. */
class SchemaWriter {
  readonly #root: Schema;
  #nodes = 0;
  #depth = 0;

  constructor(root: Schema) {
    this.#root = root;
  }

  write(): Schema {
    return this.#object(this.#root);
  }

  #any(value: unknown): Schema | boolean {
    return typeof value === 'boolean' ? value : this.#object(value);
  }

  #object(value: unknown): Schema {
    this.#nodes += 1;
    if (this.#nodes > MAX_SCHEMA_NODES) throw new SchemaError('it is too large with its references written out');
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) {
      throw new SchemaError(`it refers to itself, or is nested more than ${MAX_DEPTH} levels deep`);
    }
    if (!isSchema(value)) throw new SchemaError('a schema in it is no object');
    const referred = value['$ref'] === undefined ? {} : this.#object(this.#find(value['$ref']));
    const members = Object.entries(value).filter(([name]) => !LEFT_OUT.has(name));
    const written = members.map(([name, member]): [string, unknown] => [name, this.#member(name, member)]);
    // Names that only a pattern knows would count as unknown.
    const opened = value['patternProperties'] === undefined ? {} : { additionalProperties: true };
    this.#depth -= 1;
    return { ...referred, ...Object.fromEntries(written), ...opened };
  }

  #member(name: string, member: unknown): unknown {
    if (name === 'properties') return this.#properties(member);
    if ((name === 'required' || name === 'enum') && !Array.isArray(member)) {
      throw new SchemaError(`"${name}" must be a list`);
    }
    if (SCHEMA_LISTS.has(name) && Array.isArray(member)) return member.map((entry) => this.#any(entry));
    return SCHEMA_MEMBERS.has(name) ? this.#any(member) : member;
  }

  #properties(member: unknown): Schema {
    if (!isSchema(member)) throw new SchemaError('"properties" must be an object');
    return Object.fromEntries(Object.entries(member).map(([name, property]) => [name, this.#any(property)]));
  }

  #find(reference: unknown): unknown {
    if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) {
      throw new SchemaError('a "$ref" must point into the schema itself, such as #/$defs/address');
    }
    const steps = reference.split('/').slice(1);
    return steps.reduce<unknown>((place, step) => memberOf(place, step), this.#root);
  }
}

function memberOf(place: unknown, step: string): unknown {
  const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
  if (typeof place === 'object' && place !== null && Object.hasOwn(place, name)) return (place as Schema)[name];
  throw new SchemaError('a "$ref" points to nothing');
}

function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth += 1) {
    level = level.flatMap((part): unknown[] => (typeof part === 'object' && part !== null ? Object.values(part) : []));
  }
  return level.length > 0;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

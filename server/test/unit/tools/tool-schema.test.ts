// What the API and the tools file take for a tool.

import type { HttpToolDefinition } from '../../../src/calls/behaviour';
import {
  closedParameters,
  compileParameters,
  fillPlaceholders,
  httpToolSchema,
  secretNames,
} from '../../../src/calls/tool-schema';

const TOOL = { name: 'find_order', description: 'Finds an order.', url: 'https://example.com/orders' };

/** The messages, as `field: message`. */
function problems(changes: object): string[] {
  const result = httpToolSchema.safeParse({ ...TOOL, ...changes });
  if (result.success) return [];
  return result.error.issues.map((issue) => {
    const message = issue.code === 'invalid_key' ? issue.issues[0]!.message : issue.message;
    return `${issue.path.join('.')}: ${message}`;
  });
}

function tool(changes: object = {}): HttpToolDefinition {
  return httpToolSchema.parse({ ...TOOL, ...changes });
}

function parameters(properties: object, more: object = {}) {
  return { parameters: { type: 'object', properties, ...more } };
}

test('fills in what is not said', () => {
  expect(tool()).toEqual({
    ...TOOL,
    parameters: { type: 'object', properties: {} },
    method: 'POST',
    headers: {},
    timeoutMs: 10_000,
    whileRunning: 'talk',
  });
});

test('takes a tool that says everything', () => {
  const whole = {
    ...TOOL,
    ...parameters({ id: { type: 'string', minLength: 2 } }, { required: ['id'], additionalProperties: false }),
    method: 'GET',
    headers: { Authorization: 'Bearer ${TOOL_ORDERS_KEY}', 'X-Shop': '7' },
    timeoutMs: 30_000,
    filler: 'Let me check.',
    whileRunning: 'wait',
  };

  expect(httpToolSchema.parse(whole)).toEqual(whole);
});

test.each([
  [{ name: undefined }, 'name: is required'],
  [{ name: 'find order' }, 'name: may have 64 letters'],
  [{ name: 'x'.repeat(65) }, 'name: may have 64 letters'],
  [{ name: 'end_call' }, 'name: is the name of a built-in tool'],
  [{ description: ' ' }, 'description: must not be empty'],
  [{ description: 'x'.repeat(1_025) }, 'description: may have 1024 characters'],
  [{ url: 'ftp://example.com' }, 'url: must be an http or https URL'],
  [{ url: 'example.com' }, 'url: must be an http or https URL'],
  [{ url: 'https://user:pass@example.com' }, 'url: must not contain a user or password'],
  [{ url: 'https://example.com/${TOOL_KEY}' }, 'url: must not contain ${...}'],
  [{ url: `https://example.com/${'x'.repeat(2_000)}` }, 'url: may have 2000 characters'],
  [{ method: 'HEAD' }, 'method: must be one of GET, POST'],
  [{ timeoutMs: 99 }, 'timeoutMs: must be at least 100'],
  [{ timeoutMs: 30_001 }, 'timeoutMs: must be at most 30000'],
  [{ timeoutMs: 1_000.5 }, 'timeoutMs: must be a whole number'],
  [{ filler: 'x'.repeat(301) }, 'filler: may have 300 characters'],
  [{ whileRunning: 'hang' }, 'whileRunning: must be talk or wait'],
  [{ headers: [] }, 'headers: must be an object of strings'],
  [{ headers: { a: 1 } }, 'headers.a: values must be strings'],
  [{ headers: { 'a b': 'x' } }, 'headers.a b: names may have'],
  [{ headers: { a: 'x\r\nb: y' } }, 'headers.a: values may have visible ASCII'],
  [{ headers: { Host: 'x' } }, 'headers.Host: must not name a header of the connection'],
  [{ headers: { 'Content-Length': '1' } }, 'headers.Content-Length: must not name a header'],
  [{ headers: { 'TRANSFER-ENCODING': 'chunked' } }, 'headers.TRANSFER-ENCODING: must not name a header'],
  [{ parameters: 'none' }, 'parameters: must be a JSON Schema object'],
  [{ parameters: { type: 'string' } }, 'parameters: must have "type": "object"'],
  [parameters({ a: { type: 'text' } }), 'parameters: must be a JSON Schema of simple types'],
  [parameters({ a: 'string' }), 'a schema in it is no object'],
  [parameters({}, { required: 'a' }), '"required" must be a list'],
  [parameters({ a: { $ref: 'https://example.com/a.json' } }), 'must point into the schema itself'],
  [parameters({ a: { $ref: '#/$defs/a' } }), 'a "$ref" points to nothing'],
  [parameters({ a: { $ref: '#' } }), 'it refers to itself'],
  [parameters({ a: { description: 'x'.repeat(9_000) } }), 'parameters: may have 8192 bytes'],
])('refuses %j and names the cure', (changes, message) => {
  expect(problems(changes)).toEqual([expect.stringContaining(message)]);
});

test('takes no field that it does not know', () => {
  expect(httpToolSchema.safeParse({ ...TOOL, timeout: 5 }).error?.issues).toMatchObject([
    { code: 'unrecognized_keys', keys: ['timeout'] },
  ]);
});

test('allows 20 headers', () => {
  const headers = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, 'y']));

  expect(problems({ headers })).toEqual(['headers: may have 20 headers']);
});

test.each(['${OPENAI_API_KEY}', '${DATABASE_URL}', '${tool_key}', '${TOOL_}', '${}', '${ TOOL_A}', '${TOOL_A}${PATH}'])(
  'a header cannot read %s',
  (value) => {
    expect(problems({ headers: { a: value } })).toEqual([
      'headers.a: may only use variables that start with TOOL_, such as ${TOOL_API_KEY}',
    ]);
  },
);

test('names the secrets of the headers, each once', () => {
  const headers = { a: '${TOOL_A}:${TOOL_B2}', b: 'Bearer ${TOOL_A}', c: '$TOOL_C {TOOL_D}' };

  expect(secretNames(tool({ headers }))).toEqual(['TOOL_A', 'TOOL_B2']);
});

test('fills in a secret to the letter, and looks for no placeholders in it', () => {
  expect(fillPlaceholders('Bearer ${TOOL_A}!', () => "$&${TOOL_B}$'")).toBe("Bearer $&${TOOL_B}$'!");
});

test('arguments are checked through references', () => {
  const { parameters: schema } = tool(
    parameters(
      { to: { $ref: '#/$defs/address', description: 'Where to.' } },
      { $defs: { address: { type: 'object', properties: { zip: { type: 'string' } }, required: ['zip'] } } },
    ),
  );
  const check = compileParameters(schema);

  expect(check.safeParse({ to: { zip: '02134' } }).success).toBe(true);
  expect(check.safeParse({ to: {} }).error?.issues).toMatchObject([{ path: ['to', 'zip'] }]);
});

test('a pattern that would take forever is not run', () => {
  const { parameters: schema } = tool(parameters({ a: { type: 'string', pattern: '^(a+)+$' } }));
  const startedAtMs = performance.now();

  const result = compileParameters(schema).safeParse({ a: `${'a'.repeat(40)}!` });

  expect(result.success).toBe(true);
  expect(performance.now() - startedAtMs).toBeLessThan(1_000);
});

test('a field may be named like a keyword', () => {
  const { parameters: schema } = tool(parameters({ pattern: { type: 'string' }, $ref: { type: 'integer' } }));

  expect(compileParameters(schema).safeParse({ pattern: 1, $ref: 'x' }).error?.issues).toHaveLength(2);
});

test('references that multiply are refused at once', () => {
  const definitions = Object.fromEntries(
    Array.from({ length: 15 }, (_, index) => {
      const next = { $ref: `#/$defs/d${index + 1}` };
      return [`d${index}`, { anyOf: [next, next] }];
    }),
  );
  const $defs = { ...definitions, d15: { type: 'string' } };

  expect(problems(parameters({ a: { $ref: '#/$defs/d0' } }, { $defs }))).toEqual([
    expect.stringContaining('too large'),
  ]);
});

/** A schema in a schema, and so on: the innermost one is on this level, where the outermost is the first. */
function nested(levels: number): Record<string, unknown> {
  let schema: object = {};
  for (let level = levels; level > 2; level -= 1) schema = { items: schema };
  return { type: 'object', not: schema };
}

test.each([
  ['schemas', nested(10_000)],
  ['a default', { type: 'object', properties: {}, default: nested(10_000) }],
  ['schemas, one too many', nested(41)],
])('refuses %s nested too deep', (_, deep) => {
  expect(problems({ parameters: deep })).toEqual(['parameters: may be nested 40 levels deep: make it flatter']);
});

test('takes 40 levels', () => {
  let schema: object = {};
  for (let level = 40; level > 3; level -= 1) schema = { items: schema };

  expect(problems(parameters({ a: schema }))).toEqual([]);
});

test('a schema nested ten thousand deep is an error that says so, not the end of the stack', () => {
  expect(() => compileParameters(nested(10_000))).toThrow('nested more than 40 levels deep');
});

test('references cannot lead deeper either', () => {
  const $defs = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [
      `d${index}`,
      index === 59 ? {} : { items: { $ref: `#/$defs/d${index + 1}` } },
    ]),
  );

  expect(problems(parameters({ a: { $ref: '#/$defs/d0' } }, { $defs }))).toEqual([
    expect.stringContaining('nested more than 40 levels deep'),
  ]);
});

const A = { type: 'object', properties: { a: {} } };
const B = { type: 'object', properties: { b: {} }, required: ['b'] };

test.each([
  ['properties', A, { a: 1 }],
  ['properties and a word that there are no others', { ...A, additionalProperties: false }, { a: 1 }],
  ['alternatives', { ...A, anyOf: [B, { type: 'object' }] }, { a: 1, b: 2 }],
  ['exclusive alternatives', { type: 'object', oneOf: [B, { ...A, required: ['a'] }] }, { a: 1 }],
  ['parts', { type: 'object', allOf: [A, { allOf: [B] }] }, { a: 1, b: 2 }],
  ['a reference', { type: 'object', $ref: '#/$defs/a', $defs: { a: A } }, { a: 1 }],
  [
    'closed properties beside alternatives',
    { ...A, anyOf: [{ type: 'object' }], additionalProperties: false },
    { a: 1 },
  ],
])('a schema of %s takes no names but its own', (_, schema, args) => {
  const check = compileParameters(schema);

  expect(check.safeParse(args).data).toEqual(args);
  expect(check.safeParse({ ...args, z: 1 }).error?.message).toContain('"z"');
});

test.each([
  ['additional properties', { ...A, additionalProperties: true }],
  ['additional properties of a kind', { ...A, additionalProperties: { type: 'integer' } }],
  ['properties by a pattern', { ...A, patternProperties: { '^z': {} }, additionalProperties: false }],
  ['an alternative with additional properties', { ...A, anyOf: [{ type: 'object', additionalProperties: true }] }],
])('a schema that allows %s takes them', (_, schema) => {
  expect(compileParameters(schema).safeParse({ a: 1, z: 2 }).data).toEqual({ a: 1, z: 2 });
});

test.each([5, null, [], 'text', true])('arguments cannot be %j', (args) => {
  expect(compileParameters(A).safeParse(args).success).toBe(false);
});

test('deeper objects are left as open as they are written', () => {
  const check = compileParameters({ type: 'object', properties: { a: A } });

  expect(check.safeParse({ a: { z: 1 } }).data).toEqual({ a: { z: 1 } });
});

test.each([
  [A, { ...A, additionalProperties: false }],
  [
    { ...A, anyOf: [B] },
    { ...A, anyOf: [B], unevaluatedProperties: false },
  ],
  [
    { ...A, additionalProperties: true },
    { ...A, additionalProperties: true },
  ],
  [
    { ...A, patternProperties: { '^z': {} } },
    { ...A, patternProperties: { '^z': {} } },
  ],
])('of %j, the model is told %j', (schema, told) => {
  expect(closedParameters(schema)).toEqual(told);
});

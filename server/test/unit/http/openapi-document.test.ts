// The OpenAPI document as a program would read it: whole, without contradictions, and as strict as the server.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { transferDestination } from '../../../src/http/fields';
import { API_VERSION, openApiDocument } from '../../../src/http/openapi/document';
import { OPERATIONS } from '../../../src/http/openapi/operations';
import { answerSchemas, REQUEST_SCHEMAS } from '../../../src/http/openapi/schemas-by-name';
import { createCallSchema, listCallsSchema } from '../../../src/http/schemas';
import { isNonce } from '../../../src/lib/identity-proof';
import { expectDescribed, expectSchema } from '../../support/described';

type Part = Readonly<Record<string, unknown>>;

const document = JSON.parse(JSON.stringify(openApiDocument())) as Part;
const schemas = part(document, 'components', 'schemas');

/** What stands at a place of a document. */
function part(from: Part, ...names: readonly string[]): Part {
  return names.reduce((place, name) => {
    if (typeof place[name] !== 'object' || place[name] === null) throw new Error(`There is no ${names.join('/')}.`);
    return place[name] as Part;
  }, from);
}

function partsOf(from: Part): Part[] {
  return Object.keys(from).map((name) => part(from, name));
}

function partsWithin(value: unknown): Part[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Part, ...Object.values(value).flatMap(partsWithin)];
}

function references(): string[] {
  return partsWithin(document).flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));
}

function operations(): Part[] {
  const items = [...partsOf(part(document, 'paths')), ...partsOf(part(document, 'webhooks'))];
  return items.flatMap(partsOf);
}

function parametersOf(
  operation: Part,
): readonly { readonly name: string; readonly in: string; readonly schema: Part }[] {
  return (operation['parameters'] ?? []) as ReturnType<typeof parametersOf>;
}

function fieldOf(schema: string, name: string): Part {
  return part(schemas, schema, 'properties', name);
}

/** The expression by which a program would check a text. */
function patternOf({ pattern }: Part): RegExp {
  return new RegExp(typeof pattern === 'string' ? pattern : 'there is none');
}

function accepts(schema: z.ZodType, value: unknown): boolean {
  return schema.safeParse(value).success;
}

/** The schemas of a union by the word that tells them apart. */
function choicesOf(union: Part): Readonly<Record<string, Part>> {
  const { propertyName, mapping } = part(union, 'discriminator') as { propertyName: string; mapping: Part };
  const choices = Object.entries(mapping).map(([word, place]) => {
    const choice = part(document, ...String(place).split('/').slice(1));
    expect({ place, const: part(choice, 'properties', propertyName)['const'] }).toEqual({ place, const: word });
    return [word, choice] as const;
  });
  expect(union['oneOf']).toEqual(Object.values(mapping).map(($ref) => ({ $ref })));
  return Object.fromEntries(choices);
}

test.each([
  ['TimelineEntry', 'call.completed'],
  ['Event', 'usage.added'],
])('a program can tell the kinds of a %s apart', (name, kind) => {
  const choices = choicesOf(part(schemas, name));

  expect(Object.keys(choices).length).toBeGreaterThan(30);
  expect(choices).toHaveProperty([kind]);
});

test('a program can tell the kinds of turn detection apart', () => {
  for (const schema of ['CreateCall', 'Behaviour']) {
    expect(Object.keys(choicesOf(fieldOf(schema, 'turnDetection')))).toEqual(['server-vad', 'semantic-vad']);
  }
});

test('the place in a timeline is a number', () => {
  const [after] = parametersOf(part(document, 'paths', '/api/ai-calls/{callId}/events', 'get')).filter(
    ({ name }) => name === 'after',
  );

  expect(after!.schema).toEqual({ type: 'integer', minimum: 0, examples: [17] });
});

test('a range outside the file is answered with the size of it', () => {
  const answer = part(document, 'paths', '/api/ai-calls/{callId}/recording', 'get', 'responses', '416');

  expect(part(answer, 'headers')).toHaveProperty('Content-Range');
});

test('every reference leads somewhere', () => {
  expect(references().length).toBeGreaterThan(100);
  for (const reference of references()) {
    expect(reference).toMatch(/^#\//);
    expect(part(document, ...reference.split('/').slice(1))).toBeDefined();
  }
});

test('names no schema that nothing refers to', () => {
  const known = new Set(references());

  expect(Object.keys(schemas).filter((name) => !known.has(`#/components/schemas/${name}`))).toEqual([]);
});

test('each operation has an id of its own that is a verb and what it is done to', () => {
  const ids = operations().map(({ operationId }) => operationId);

  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) {
    expect(id).toMatch(
      /^(create|list|get|hangUp|interrupt|say|instruct|send|transfer|watch|prove|show|receive)[A-Z][A-Za-z]+$/,
    );
  }
});

test('each operation has a tag that is explained, a short summary and an answer that is none of an error', () => {
  const explained = partsOf(part(document, 'tags')).map(({ name }) => name);

  for (const operation of operations()) {
    expect(explained).toEqual(expect.arrayContaining(operation['tags'] as string[]));
    expect(operation['summary']).toMatch(/^.{5,50}$/);
    expect(Object.keys(part(operation, 'responses')).some((status) => status.startsWith('2'))).toBe(true);
  }
});

test('every name in a path is a parameter, and no parameter is there twice', () => {
  for (const [path, item] of Object.entries(part(document, 'paths'))) {
    for (const parameters of partsOf(item as Part).map(parametersOf)) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
    }
  }
});

test('everything that can be sent is explained', () => {
  const fields = Object.keys(REQUEST_SCHEMAS).flatMap((name) => partsOf(part(schemas, name, 'properties')));
  const parameters = operations()
    .flatMap((operation) => parametersOf(operation))
    .filter((parameter) => parameter.in !== 'path');

  expect(fields.length).toBeGreaterThan(30);
  for (const explained of [...fields, ...parameters]) expect(explained).toHaveProperty('description');
});

test('an example is accepted by the schema that it is an example of', () => {
  const examples = OPERATIONS.flatMap(({ body, examples: given = {} }) =>
    Object.values(given).map((value) => ({ body: body as keyof typeof REQUEST_SCHEMAS, value })),
  );

  expect(examples.length).toBeGreaterThan(5);
  for (const { body, value } of examples) {
    expect(REQUEST_SCHEMAS[body].safeParse(value)).toMatchObject({ success: true });
  }
});

test('every body that can be sent has an example', () => {
  for (const { operationId, body, examples } of OPERATIONS.filter((operation) => operation.body !== undefined)) {
    expect({ operationId, body, examples: Object.keys(examples ?? {}).length }).not.toMatchObject({ examples: 0 });
  }
});

test('every example of a problem is a problem', () => {
  const { Problem } = answerSchemas();

  const examples = partsOf(part(document, 'components', 'examples'));

  expect(examples.length).toBeGreaterThan(20);
  for (const { value } of examples) expect(Problem.safeParse(value)).toMatchObject({ success: true });
});

test('tells the limits by which requests are refused', () => {
  expect(schemas['CreateCall']).toMatchObject({ required: ['to'], additionalProperties: false });
  expect(fieldOf('CreateCall', 'to')).toMatchObject({ pattern: expect.stringContaining('\\d') });
  expect(fieldOf('CreateCall', 'maxDurationSeconds')).toMatchObject({ minimum: 10, maximum: 14_340, default: 900 });
  expect(fieldOf('CreateCall', 'instructions')).toMatchObject({ maxLength: 16_000, default: expect.any(String) });
  expect(fieldOf('CreateCall', 'opening')).toMatchObject({ enum: ['greet', 'wait-for-hello', 'silent'] });
  expect(fieldOf('CreateCall', 'tools')).toMatchObject({ maxItems: 32, items: { $ref: '#/components/schemas/Tool' } });
  expect(fieldOf('Tool', 'timeoutMs')).toMatchObject({ minimum: 100, maximum: 30_000, default: 10_000 });
});

test('limits that code checks are those that the document tells', () => {
  const pattern = patternOf(fieldOf('Transfer', 'to'));
  const numbers = [
    '+12025550177',
    'sip:desk@pbx.example.com',
    'SIPS:a@b',
    '12025550177',
    'tel:+12025550177',
    'sip:desk',
  ];
  expect(numbers.map((to) => pattern.test(to))).toEqual(numbers.map((to) => accepts(transferDestination, to)));

  const { maxProperties } = fieldOf('CreateCall', 'metadata') as { maxProperties?: number };
  const metadata = (size: number): unknown =>
    Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, 'v']));
  const call = (fields: object): boolean => accepts(createCallSchema, { to: '+12025550123', ...fields });
  expect(call({ metadata: metadata(maxProperties!) })).toBe(true);
  expect(call({ metadata: metadata(maxProperties! + 1) })).toBe(false);

  expect(fieldOf('CreateCall', 'builtInTools')).toMatchObject({ uniqueItems: true });
  expect(call({ builtInTools: ['end_call', 'end_call'] })).toBe(false);

  const urls = ['https://example.com/a', 'http://example.com', 'ftp://example.com', 'example.com'];
  const callback = patternOf(fieldOf('CreateCall', 'statusCallbackUrl'));
  expect(urls.map((url) => callback.test(url))).toEqual(urls.map((url) => call({ statusCallbackUrl: url })));

  const { maxProperties: maxHeaders } = fieldOf('Tool', 'headers') as { maxProperties?: number };
  const tool = (size: number): object => ({
    tools: [{ name: 'a', description: 'b', url: 'https://example.com', headers: metadata(size) }],
  });
  expect(call(tool(maxHeaders!))).toBe(true);
  expect(call(tool(maxHeaders! + 1))).toBe(false);
});

test('the words of a query can be sent as they are told', () => {
  const parameters = parametersOf(part(document, 'paths', '/api/ai-calls/status', 'get'));
  const of = (name: string): Part => parameters.find((parameter) => parameter.name === name)!.schema;
  const [status, to] = ['status', 'to'].map((name) => (of(name)['examples'] as string[])[0]);
  const most = of('limit')['maximum'] as number;

  expect(accepts(listCallsSchema, { status, to, limit: String(most) })).toBe(true);
  expect(accepts(listCallsSchema, { limit: String(most + 1) })).toBe(false);
  for (const number of ['12025550123', '+0123456789', to!]) {
    expect(patternOf(of('to')).test(number)).toBe(accepts(listCallsSchema, { to: number }));
  }
});

test('a nonce has the form that the document tells', () => {
  const [nonce] = parametersOf(part(document, 'paths', '/.well-known/ai-calls', 'get'));
  const [example] = nonce!.schema['examples'] as string[];

  expect(isNonce(example)).toBe(true);
  for (const text of [example!, 'short', 'a'.repeat(64), 'a'.repeat(65), 'with a space in it', 'ä'.repeat(20)]) {
    expect(patternOf(nonce!.schema).test(text)).toBe(isNonce(text));
  }
});

test('a field that nobody describes would be seen', () => {
  expect(() => expectSchema('Health', { status: 'ok', uptimeSeconds: 1 })).not.toThrow();
  expect(() => expectSchema('Health', { status: 'ok', uptimeSeconds: 1, more: 1 })).toThrow('more');
  expect(() => expectDescribed('getHealth', { status: 404, type: 'application/json' })).toThrow();
  expect(() => expectDescribed('getHealth', { status: 200, type: 'text/plain' })).toThrow();
});

test('says nothing of this machine or its settings', () => {
  const text = JSON.stringify(document);

  expect(text).not.toContain(process.cwd());
  expect(text).not.toMatch(/localhost|127\.0\.0\.1/);
});

test('has the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../../../package.json'), 'utf8')) as {
    readonly version: string;
  };

  expect(API_VERSION).toBe(version);
});

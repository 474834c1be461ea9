// JSON Schemas out of the zod schemas that validate requests and hold answers.

import { z } from 'zod';

/** A JSON Schema, draft 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Schemas by name. */
export type NamedSchemas = Readonly<Record<string, z.ZodType>>;

/** `request`: what may be sent. `answer`: what comes back, to which later versions may add fields. */
export type Direction = 'request' | 'answer';

/** What to add to a schema, wherever it stands. */
export type Additions = ReadonlyMap<z.core.$ZodType, JsonSchema>;

// Whoever reads the document knows these forms by their names; the expressions for them fill a page.
const KNOWN_FORMATS = new Set<unknown>(['date', 'date-time', 'uuid']);

/** Where schemas with a name stand in the document. */
export function reference(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

/** JSON Schemas that refer to each other by their names. */
export function jsonSchemas(
  named: NamedSchemas,
  direction: Direction,
  additions: Additions = new Map(),
): Readonly<Record<string, JsonSchema>> {
  const registry = z.registry<{ readonly id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    uri: (id) => reference(id).$ref,
    io: direction === 'request' ? 'input' : 'output',
    override: ({ zodSchema, jsonSchema }) => {
      tidy(jsonSchema, direction);
      Object.assign(jsonSchema, discriminatorOf(zodSchema, registry));
      Object.assign(jsonSchema, additions.get(zodSchema));
    },
  });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutOwnName(schema)]));
}

/** How the kinds of a union are told apart, where each has a name of its own. */
function discriminatorOf(schema: z.core.$ZodType, names: z.core.$ZodRegistry<{ readonly id: string }>): JsonSchema {
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return {};
  const { discriminator: propertyName, options } = schema.def;
  const entries = options.map((option) => {
    const [word] = option._zod.propValues?.[propertyName] ?? [];
    return [String(word), reference(names.get(option)?.id ?? '').$ref] as const;
  });
  return { discriminator: { propertyName, mapping: Object.fromEntries(entries) } };
}

function withoutOwnName({ $id: _id, $schema: _schema, ...schema }: z.core.JSONSchema.BaseSchema): JsonSchema {
  return schema;
}

function tidy(schema: z.core.JSONSchema.BaseSchema, direction: Direction): void {
  if (KNOWN_FORMATS.has(schema.format)) delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (direction === 'answer' && schema.additionalProperties === false) delete schema.additionalProperties;
}

// Values that nobody means well with, JSON that holds them, and changes of sound JSON that put them into it.

import fc from 'fast-check';

/** Stands in each text that is sent and may come back in none. */
export const CANARY = 'zq7canary';

/** JSON as it stands, which no value of JavaScript can stand for: `1e999`, keys that come twice, depth. */
export class RawJson {
  constructor(readonly text: string) {}
}

/** What is rendered as JSON. */
export type Json =
  null | boolean | number | string | RawJson | readonly Json[] | { readonly [name: string]: Json | undefined };

const DEEP = 10_000;

const LONG = 70_000;

/** Names that every object has without anybody having put them there. */
export const INHERITED_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];

const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  `a\0b`,
  '\ud800',
  'x\udc00y',
  '\ufeff',
  '\u202etxet',
  '\u2028\u2029',
  '👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  `e${'\u0301'.repeat(2_000)}`,
  '\r\nX-Injected: 1',
  '\u001b[31m',
  'NaN',
  'Infinity',
  '-0',
  '0x10',
  '1e309',
  '99999999999999999999',
  '%00',
  '%ff%fe',
  '../../../../etc/passwd',
  '${TOOL_SECRET}',
  "'; drop table calls; --",
  '<script>alert(1)</script>',
  '{"a":',
  'data: x\n\nevent: y',
  '+12025550199',
  ...INHERITED_NAMES,
];

/** Text of every odd kind, long ones too; with the canary in it. */
export function oddText(): fc.Arbitrary<string> {
  return fc
    .oneof(
      { weight: 4, arbitrary: fc.constantFrom(...ODD_TEXTS) },
      { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
      { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
      { weight: 1, arbitrary: fc.constant('x'.repeat(LONG)) },
    )
    .map((text) => text + CANARY);
}

/** The text as UTF-8 can carry it, percent-encoded. */
export function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text.slice(0, 2_000)).toString());
}

const ODD_NUMBERS: readonly Json[] = [
  0,
  -1,
  1.5,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  new RawJson('1e999'),
  new RawJson('-1e999'),
  new RawJson('-0'),
  new RawJson('123456789012345678901234567890'),
];

const ODD_SHAPES: readonly Json[] = [
  null,
  true,
  false,
  [],
  {},
  [[[]]],
  [null],
  new RawJson('['.repeat(DEEP) + ']'.repeat(DEEP)),
  new RawJson(`${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`),
  new RawJson('{"a":1,"a":{"b":2}}'),
  new RawJson('{"__proto__":{"polluted":true}}'),
  new RawJson('{"constructor":{"prototype":{"polluted":true}}}'),
  new RawJson('"\\ud800"'),
  new RawJson('{"length":4294967295}'),
  Array.from({ length: 2_000 }, () => 0),
];

/** A value of every odd kind, for any place in JSON. */
function oddValue(): fc.Arbitrary<Json> {
  return fc.oneof(
    { weight: 4, arbitrary: oddText() },
    { weight: 3, arbitrary: fc.constantFrom(...ODD_NUMBERS) },
    { weight: 4, arbitrary: fc.constantFrom(...ODD_SHAPES) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
    { weight: 1, arbitrary: fc.double() },
  );
}

type Edit = {
  readonly at: number;
  readonly kind: 'drop' | 'replace' | 'add';
  readonly name: string;
  readonly by: Json;
};

const edits = fc.array(
  fc.record<Edit>({
    at: fc.nat(10_000),
    kind: fc.constantFrom('drop', 'replace', 'replace', 'replace', 'add'),
    name: fc.constantFrom(...INHERITED_NAMES, 'a', '', '\0', '\ud800'),
    by: oddValue(),
  }),
  { minLength: 0, maxLength: 3 },
);

/** The given JSON with up to three places of it dropped, replaced or added to. */
export function mutated(sound: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc.tuple(sound, edits).map(([value, all]) => all.reduce(edited, value));
}

/** JSON text of a value; or what only looks like it. */
export function jsonText(value: fc.Arbitrary<Json>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 12, arbitrary: value.map(rendered) },
    { weight: 1, arbitrary: fc.tuple(value, fc.double({ min: 0, max: 1, noNaN: true })).map(cutOff) },
    { weight: 1, arbitrary: oddText() },
    { weight: 1, arbitrary: value.map((sound) => `\ufeff${rendered(sound)}`) },
    { weight: 1, arbitrary: value.map((sound) => `${rendered(sound)}${rendered(sound)}`) },
  );
}

/** The JSON of a value. */
export function rendered(value: Json): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map((each: Json) => rendered(each)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).flatMap(([name, each]) =>
    each === undefined ? [] : [`${JSON.stringify(name)}:${rendered(each)}`],
  );
  return `{${fields.join(',')}}`;
}

function cutOff([value, share]: [Json, number]): string {
  const text = rendered(value);
  return text.slice(0, Math.floor(text.length * share));
}

/** Does the edit at that place, counted in the order in which the JSON is read. */
function edited(value: Json, edit: Edit): Json {
  return visit(value, { left: edit.at % countOf(value) }, edit) ?? null;
}

function countOf(value: Json): number {
  return 1 + partsOf(value).reduce((sum, [, part]) => sum + countOf(part), 0);
}

function partsOf(value: Json): [string, Json][] {
  if (typeof value !== 'object' || value === null || value instanceof RawJson) return [];
  return Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
}

function visit(value: Json, place: { left: number }, edit: Edit): Json | undefined {
  if (place.left === 0) {
    place.left = -1;
    return applied(value, edit);
  }
  place.left -= 1;
  const parts = partsOf(value);
  if (parts.length === 0) return value;
  const changed = parts.flatMap(([name, part]): [string, Json][] => {
    const next = place.left < 0 ? part : visit(part, place, edit);
    return next === undefined ? [] : [[name, next]];
  });
  return Array.isArray(value) ? changed.map(([, part]) => part) : Object.fromEntries(changed);
}

function applied(value: Json, { kind, name, by }: Edit): Json | undefined {
  if (kind === 'drop') return undefined;
  if (kind === 'replace' || typeof value !== 'object' || value === null || value instanceof RawJson) return by;
  return Array.isArray(value) ? [...(value as Json[]), by] : Object.fromEntries([...partsOf(value), [name, by]]);
}

// What entries are made of, checked on its way into columns; and what has no column, packed as JSON.

type Fields = Readonly<Record<string, unknown>>;

/** Fields without a column: those around the object that the table is about, and more of that object's own. */
export type Extra = { readonly around?: Fields; readonly more?: Fields };

/** Tells whether it is an object with named fields. */
export function isPlain(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Tells whether it is a text, which may be empty. */
export function hasText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Tells whether it is a number that a column can hold, or not there. */
export function isFiniteOrAbsent(value: unknown): value is number | undefined {
  return value === undefined || Number.isFinite(value);
}

/** Tells whether it is a number that a column can hold, or known to be unknown. */
export function isFiniteOrNull(value: unknown): value is number | null {
  return value === null || Number.isFinite(value);
}

/** The fields as JSON; null when there are none. */
export function packed({ around = {}, more = {} }: Extra): string | null {
  if (Object.keys(around).length + Object.keys(more).length === 0) return null;
  return JSON.stringify({ around, more });
}

/** The fields of such a JSON. */
export function unpacked(extra: string | null): Extra {
  return extra === null ? {} : (JSON.parse(extra) as Extra);
}

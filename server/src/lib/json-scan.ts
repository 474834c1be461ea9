// Reads single fields out of compact JSON text without parsing it, for the two messages that make up nearly all of the
// traffic. A field is found by its name wherever it is nested: only for messages whose names are unique and whose
// strings hold no quotation marks. Whatever does not look like that is undefined, and left to JSON.parse.

const MAX_DIGITS = 15;
const WHOLE_NUMBER = /^(-?\d+)[,}]/;

/** True when the text could hold a quotation mark within a string, so that scanning it could be wrong. */
export function hasEscapes(text: string): boolean {
  return text.includes('\\');
}

/** The string behind `prefix`, for example `"name":"`, at or after `from`. */
export function scanString(text: string, prefix: string, from = 0): string | undefined {
  const at = text.indexOf(prefix, from);
  const end = at < 0 ? -1 : text.indexOf('"', at + prefix.length);
  return end < 0 ? undefined : text.slice(at + prefix.length, end);
}

/** The whole number behind `prefix`, for example `"name":`. */
export function scanInteger(text: string, prefix: string): number | undefined {
  const at = text.indexOf(prefix);
  if (at < 0) return undefined;
  const digits = WHOLE_NUMBER.exec(text.slice(at + prefix.length, at + prefix.length + MAX_DIGITS))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

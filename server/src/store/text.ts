// Text as every engine can hold it.

// PostgreSQL refuses NUL, SQLite's driver cuts the text off there, and half a surrogate pair is no character anywhere.
const UNSTORABLE = /\0|\p{Surrogate}/gu;

/** The text with what cannot be stored replaced by the sign for it. JSON needs none of this: it escapes them itself. */
export function storable(text: string): string {
  return text.replace(UNSTORABLE, '\uFFFD');
}

/** The row with all its texts like that. */
export function storableRow<Row extends object>(row: Row): Row {
  const columns = Object.entries(row).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'string' ? storable(value) : value,
  ]);
  return Object.fromEntries(columns) as Row;
}

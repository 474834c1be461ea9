// Tables as CSV by RFC 4180, safe to open in a spreadsheet.

/** What a cell may hold. */
export type Cell = string | number;

// A spreadsheet takes a cell that begins with one of these for a formula, and runs it.
const FORMULA_START = /^[=+\-@\t\r]/;

// Figures and phone numbers are none: they stay as they are, so that programs read back what was written.
const PLAIN_NUMBER = /^[+-]?\d+(\.\d+)?$/;

/** A table with a line of names on top. */
export function csvTable<C extends string>(columns: readonly C[], rows: readonly Readonly<Record<C, Cell>>[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(cell: Cell): string {
  if (typeof cell === 'number') return decimal(cell);
  const safe = FORMULA_START.test(cell) && !PLAIN_NUMBER.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Never 6e-8: not everybody reads that as a number. */
function decimal(number: number): string {
  const text = String(number);
  return text.includes('e') ? number.toFixed(10).replace(/\.?0+$/, '') : text;
}

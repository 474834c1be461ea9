// Figures as a text table.

/** Returns rows under a header, columns aligned: the first to the left, the others to the right. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) => pad(cells[column] ?? '', column === 0 ? width : -width))
      .join('  ')
      .trimEnd();

  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line), ''].join('\n');
}

/** To the right where `width` is negative. */
function pad(text: string, width: number): string {
  return width < 0 ? text.padStart(-width) : text.padEnd(width);
}

/** A number with so many digits; a dash for what was not measured, `lost` for what never came. */
export function fixed(value: number | null | undefined, digits: number): string {
  if (value === Infinity) return 'lost';

  return value === null || value === undefined ? '-' : value.toFixed(digits);
}

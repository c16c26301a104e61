/** Text for people: colours, sizes, counts, aligned columns, and names made safe to print. */

/** Colours, or nothing where colours are off. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  type(text: string): string;
}

function painter(on: boolean, open: number, close: number): (text: string) => string {
  return on ? text => `\u001b[${open}m${text}\u001b[${close}m` : text => text;
}

export function makeStyle(colour: boolean): Style {
  return {
    bold: painter(colour, 1, 22),
    dim: painter(colour, 2, 22),
    good: painter(colour, 32, 39),
    bad: painter(colour, 31, 39),
    type: painter(colour, 36, 39),
  };
}

/**
 * Whether to colour a stream. FORCE_COLOR decides first (0 and false: off), as in Node itself; then NO_COLOR, if it is not
 * empty (no-color.org); then whether the stream is a terminal that can.
 */
export function wantsColour(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  const force = environment.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (environment.NO_COLOR) return false;
  return isTerminal && environment.TERM !== 'dumb';
}

/** Characters that could move the cursor, change the terminal's state, reorder text or end the line. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Names come from files: whatever could steer a terminal, or break a line, is shown as its code. */
export function visible(text: string): string {
  return text.replace(UNSAFE, character => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Three significant digits: 999 B, 1.5 KiB, 20.3 MiB. */
export function humanBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // 1023.5 would round to "1024 KiB": it belongs to the next unit.
  while (value >= (unit === 0 ? 1024 : 1023.5) && unit < BINARY_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${BINARY_UNITS[unit]}`;
}

/** 1 tensor, 2 tensors, 12,345 tensors. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** [2,3]; [] is a scalar. No spaces, so that it stays one field. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(',')}]`;
}

/** Columns padded to equal width, two spaces between; `right` lists the columns aligned to the right. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows.map(row =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}

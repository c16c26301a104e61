/** Text for people: colours, sizes, counts, aligned columns. */
import { randomUUID } from 'node:crypto';
import { padded, visibleLines, widthOf } from './printable.js';

/** Colours, or nothing where colours are off; for `Output`, which paints them. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  type(text: string): string;
}

/** What stands for an escape sequence until it is printed. No text that comes from a file can hold it. */
const MARK = randomUUID();
const MARKS = new RegExp(`${MARK}(\\d+)m`);

function painter(on: boolean, open: number, close: number): (text: string) => string {
  return on ? text => `${MARK}${open}m${text}${MARK}${close}m` : text => text;
}

/**
 * The one way to a terminal: the escape sequences of styles, and nothing else that a terminal would obey but line feeds
 * and tabs.
 */
export function painted(text: string): string {
  return text
    .split(MARKS)
    .map((part, i) => (i % 2 === 0 ? visibleLines(part) : `\u001b[${part}m`))
    .join('');
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
 * Whether to colour a stream. FORCE_COLOR decides first (0 and false: off), as in Node itself; then NO_COLOR, if it is
 * not empty (no-color.org); then whether the stream is a terminal that can.
 */
export function wantsColour(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  const force = environment.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (environment.NO_COLOR) return false;
  return isTerminal && environment.TERM !== 'dumb';
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

/**
 * Columns of visible text padded to equal width, two spaces between; `right` lists the columns aligned to the right.
 */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
    });
  }
  return rows.map(row =>
    row
      .map((cell, i) => padded(cell, widths[i]!, right.includes(i)))
      .join('  ')
      .trimEnd(),
  );
}

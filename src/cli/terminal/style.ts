/** Text for people: colours, sizes, counts, aligned columns. */
import { randomUUID } from 'node:crypto';
import { padded, visibleLines, widthOf } from './printable.js';

/** Marks text with colours, or does nothing if colours are off. `Output` turns the marks into escape sequences. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  type(text: string): string;
}

/** Stands for an escape sequence until it is printed. It is random, so no text from a file can contain it. */
const MARK = randomUUID();
const MARKS = new RegExp(`${MARK}(\\d+)m`);

function painter(on: boolean, open: number, close: number): (text: string) => string {
  return on ? text => `${MARK}${open}m${text}${MARK}${close}m` : text => text;
}

/**
 * The only way to a terminal. Lets through the escape sequences of styles, line feeds and tabs; everything else that
 * would control a terminal is shown as a code.
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
 * not empty (no-color.org); then whether the stream is a terminal that can show colours.
 */
export function wantsColour(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  const force = environment.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (environment.NO_COLOR) return false;
  return isTerminal && environment.TERM !== 'dumb';
}

const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** At most three significant digits: 999 B, 1.50 KiB, 20.3 MiB. */
export function humanBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // From 1023.5 on a value would round to "1024 KiB", so it takes the next unit.
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
 * Pads columns of visible text to equal width, with two spaces between. `right` lists the columns that are aligned
 * right.
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

/** Values of a tensor as text: one line per row of the last axis, with brackets as in numpy. */

import type { JsonValues } from './json-values.js';
import { visible } from './printable.js';

/** How many characters of a string are shown. The object graph of a large model is one string of many kilobytes. */
const STRING_CHARACTERS = 200;

function shortened(text: string): string {
  if (text.length <= STRING_CHARACTERS) return text;
  // Does not cut a character in two.
  const begin = text.slice(0, STRING_CHARACTERS).replace(/[\ud800-\udbff]$/, '');
  return `${begin}… (${text.length} characters)`;
}

/** Seven significant digits are nearly always enough to tell a float32 from its neighbours. */
function element(value: Exclude<JsonValues, JsonValues[]>): string {
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(7)));
  if (typeof value !== 'object') return String(value);
  if ('utf8' in value) return visible(JSON.stringify(shortened(value.utf8)));
  if ('base64' in value) return `base64:${shortened(value.base64)}`;
  return `${element(value.re)} + ${element(value.im)}i`;
}

export function valueLines(values: JsonValues, indent = ''): string[] {
  if (!Array.isArray(values)) return [`${indent}${element(values)}`];
  if (!values.some(Array.isArray)) {
    return [`${indent}[${values.map(value => element(value as Exclude<JsonValues, JsonValues[]>)).join(', ')}]`];
  }
  const inner = values.flatMap(value => valueLines(value, `${indent} `));
  // The opening bracket replaces a space of the first line's indentation; the closing one follows the last line.
  inner[0] = `${indent}[${inner[0]!.slice(indent.length + 1)}`;
  inner[inner.length - 1] += ']';
  return inner;
}

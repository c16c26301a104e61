/** Values of a tensor as JSON: nested arrays, with strings for what JSON numbers cannot express. */
import { TextDecoder } from 'node:util';
import type { NumericArray, StoredDType } from '../../format/dtypes.js';
import type { NumberFormat } from './numbers.js';
import type { Statistics } from './statistics.js';

/** Text if the bytes are UTF-8, otherwise base64, so that nothing is lost. */
type JsonString = { utf8: string } | { base64: string };

/** Numbers beyond JSON are strings: 64-bit integers in decimal, "NaN", "Infinity", "-Infinity". Complex is {re, im}. */
type JsonNumber = number | string;
export type JsonElement = JsonNumber | boolean | JsonString | { re: JsonNumber; im: JsonNumber };
export type JsonValues = JsonElement | JsonValues[];

function jsonNumber(value: number | bigint): JsonNumber {
  return typeof value === 'bigint' || !Number.isFinite(value) ? String(value) : value;
}

export function jsonString(bytes: Uint8Array): JsonString {
  try {
    return { utf8: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') };
  }
}

/** Elements from stored units. A complex element is two units; the last pair must be complete. */
export function jsonElements(units: NumericArray, dtype: StoredDType, format: NumberFormat): JsonElement[] {
  const values = Array.from(units as ArrayLike<number | bigint>, unit =>
    format.table === null ? jsonNumber(unit) : jsonNumber(format.table[Number(unit)]!),
  );
  if (dtype === 'bool') return values.map(value => value === 1);
  if (format.parts === 1) return values;
  return Array.from({ length: values.length / 2 }, (_, i) => ({ re: values[2 * i]!, im: values[2 * i + 1]! }));
}

interface JsonStatistics {
  min: JsonNumber | null;
  max: JsonNumber | null;
  mean: JsonNumber | null;
  std: JsonNumber | null;
  nan: number;
  inf: number;
}

export function jsonStatistics(statistics: Statistics): JsonStatistics {
  const { min, max, mean, std, nan, inf } = statistics;
  const number = (value: number | bigint | null): JsonNumber | null => (value === null ? null : jsonNumber(value));
  return { min: number(min), max: number(max), mean: number(mean), std: number(std), nan, inf };
}

/**
 * The first elements of a row-major tensor as nested arrays. Rows for which there are no elements are left out, so the
 * result is as short as `elements`. Empty arrays are limited too, since a shape such as [1000000000, 0] would otherwise
 * make a billion of them.
 */
export function nest(elements: readonly JsonElement[], shape: readonly number[], limit: number): JsonValues {
  let taken = 0;
  let empties = 0;
  const isEmpty = shape.includes(0);
  const build = (axis: number): JsonValues => {
    if (axis === shape.length) return elements[taken++]!;
    const rows: JsonValues[] = [];
    if (shape[axis] === 0) empties++;
    for (let i = 0; i < shape[axis]!; i++) {
      if (isEmpty ? empties >= limit : taken >= elements.length) break;
      rows.push(build(axis + 1));
    }
    return rows;
  };
  return build(0);
}

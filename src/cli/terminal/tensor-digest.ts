/** Takes statistics and first elements of a tensor in one pass, without keeping it in memory (except strings). */

import type { NumericArray, NumericArrayConstructor } from '../../format/dtypes.js';
import { sizeOf } from '../../format/shape.js';
import type { CheckpointReader } from '../../index.js';
import { isBytes } from '../../realms.js';
import { type JsonElement, type JsonValues, jsonElements, jsonString, nest } from './json-values.js';
import { type NumberFormat, numberFormat, unitBlocks } from './numbers.js';
import { Accumulator, type Statistics } from './statistics.js';

/** A checkpoint, or something else that has tensors. */
export type TensorSource = Pick<CheckpointReader, 'prefix' | 'numShards' | 'names' | 'has' | 'entry' | 'close'> & {
  read(name: string): ReturnType<CheckpointReader['read']>;
  pieces(name: string): ReturnType<CheckpointReader['pieces']>;
};

export interface TensorDigest {
  /** Null for strings, variants and complex numbers, which have no order. */
  statistics: Statistics | null;
  values: JsonValues;
  /** Elements that `values` leaves out. */
  omitted: number;
}

/** Rejects with ERR_CHECKSUM and similar errors before it returns anything: a digest is made of verified bytes only. */
export async function digest(reader: TensorSource, name: string, limit: number): Promise<TensorDigest> {
  const { dtype, shape } = reader.entry(name);
  const count = sizeOf(shape);
  const format = numberFormat(dtype);
  let statistics: Statistics | null = null;
  let elements: JsonElement[];
  if (format) {
    const firsts = new FirstUnits(format, Math.min(limit, count));
    const accumulator = format.parts === 1 ? new Accumulator() : null;
    for await (const units of unitBlocks(reader.pieces(name), format)) {
      accumulator?.add(units, format.table);
      firsts.add(units);
    }
    statistics = accumulator?.result() ?? null;
    elements = jsonElements(firsts.units, dtype, format);
  } else {
    const { data } = await reader.read(name);
    // The elements of a variant are not separated: its stored bytes stand for all of them.
    if (isBytes(data)) return { statistics, values: base64(data), omitted: 0 };
    elements = (data as readonly Uint8Array[]).slice(0, limit).map(jsonString);
  }
  if (shape.length === 0 && elements.length === 0) return { statistics, values: [], omitted: count };
  return { statistics, values: nest(elements, shape, limit), omitted: count - elements.length };
}

function base64(data: Uint8Array): { base64: string } {
  return { base64: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') };
}

/** Keeps the first elements of a stream. */
class FirstUnits {
  readonly units: NumericArray;
  #filled = 0;

  constructor(format: NumberFormat, elements: number) {
    const array: NumericArrayConstructor = format.array;
    this.units = new array(elements * format.parts);
  }

  add(units: NumericArray): void {
    const room = this.units.length - this.#filled;
    for (let i = 0; i < Math.min(room, units.length); i++) this.units[this.#filled++] = units[i]!;
  }
}

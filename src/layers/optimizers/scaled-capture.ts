/**
 * Slots whose value in Keras's form is a multiple of the optimizer's own. They are multiplied when they are read, piece
 * by piece: at the call of a save it would take time and memory for all of them at once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type CopyBudget, captureTensor } from '../../bundle/tf-staging.js';
import type { TensorValue } from '../../format/dtypes.js';
import { type Capture, captureOf } from '../../graph/attribute.js';
import type { Tensor } from '../../tfjs-core.js';

/** float32 numbers that are multiplied in one turn of the event loop; that takes less than a millisecond. */
const PIECE_LENGTH = 512 * 1024;

/** `value`: a slot, or the value of one that does not exist yet. `label` is for messages. */
export function captureScaled(
  value: Tensor | TensorValue,
  scale: number,
  label: string,
  budget: CopyBudget | undefined,
): Capture {
  const held = 'dataSync' in value ? captureTensor(value, label, budget) : captureValue(value, budget);
  // With a float32 factor, as TensorFlow multiplies.
  const factor = Math.fround(scale);
  if (factor === 1) return held;
  return { own: 'given', data: () => products(held, factor), release: () => held.release() };
}

/** The slot that is made of the value will hold its array, so others may then change it. */
function captureValue({ data }: TensorValue, budget: CopyBudget | undefined): Capture {
  const values = data as Float32Array;
  if (budget && !budget.take(values.byteLength)) return captureOf(() => values);
  const copy = values.slice();
  return captureOf(() => copy, 'kept');
}

/** In memory that nobody else has. */
function products(held: Capture, factor: number): Float32Array | AsyncGenerator<Uint8Array> {
  const values = held.data() as Float32Array | AsyncIterable<Uint8Array>;
  const isOurs = held.own === 'given';
  if (Symbol.asyncIterator in values) return piecewise(values, isOurs, factor);
  if (values.length <= PIECE_LENGTH) return multiplied(values, isOurs, factor);
  return piecewise(cut(values), isOurs, factor);
}

async function* piecewise(
  pieces: AsyncIterable<Uint8Array>,
  isOurs: boolean,
  factor: number,
): AsyncGenerator<Uint8Array> {
  for await (const { buffer, byteOffset, byteLength } of pieces) {
    const product = multiplied(new Float32Array(buffer, byteOffset, byteLength / 4), isOurs, factor);
    yield new Uint8Array(product.buffer, product.byteOffset, product.byteLength);
  }
}

async function* cut(values: Float32Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < values.length; at += PIECE_LENGTH) {
    if (at > 0) await nextTurn();
    const { buffer, byteOffset, byteLength } = values.subarray(at, at + PIECE_LENGTH);
    yield new Uint8Array(buffer, byteOffset, byteLength);
  }
}

function multiplied(values: Float32Array, isOurs: boolean, factor: number): Float32Array {
  const product = isOurs ? values : new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) product[i] = values[i]! * factor;
  return product;
}

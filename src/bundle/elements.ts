/**
 * Checks the data that callers give. A string is text or bytes; text is stored as UTF-8, as Python stores a `str`
 * (tensorflow/python/framework/constant_op.py). Only bytes are stored.
 */
import { TextEncoder } from 'node:util';
import { TensorBundleError } from '../errors.js';
import type { NumericArray, StoredType, TensorData } from '../format/dtypes.js';
import { type EncodedStrings, encodeTexts } from '../format/strings.js';
import { isWellFormed } from '../format/utf8-order.js';
import { classOf, isArrayOf, isBytes } from '../realms.js';
import { elementCount } from './shapes.js';

/** Data as callers give them. In a string tensor, all or some elements may be text. */
export type GivenData = TensorData | readonly (string | Uint8Array)[];

/**
 * The bytes of each element of a string tensor, row-major; for a variant, its stored bytes. Bytes that were given are
 * not copied, and an array that holds only bytes is returned as it is. Throws ERR_DTYPE or ERR_SHAPE.
 */
export function elementsOf(
  name: string,
  dtype: StoredType,
  shape: readonly number[],
  data: unknown,
): Uint8Array | readonly Uint8Array[] {
  if (dtype.name === 'variant') {
    if (isBytes(data)) return data;
    throw new TensorBundleError(
      'ERR_DTYPE',
      `tensor '${name}': the data of a variant must be its stored bytes, a Uint8Array`,
      {
        tensor: name,
      },
    );
  }
  if (!Array.isArray(data) || !isText(data)) {
    throw new TensorBundleError(
      'ERR_DTYPE',
      `tensor '${name}': give an array with one string or Uint8Array per element`,
      { tensor: name },
    );
  }
  const expected = elementCount(name, shape);
  if (data.length !== expected) {
    throw new TensorBundleError(
      'ERR_SHAPE',
      `tensor '${name}': shape [${shape}] needs ${expected} strings, but there are ${data.length}`,
      {
        tensor: name,
        expected,
        found: data.length,
      },
    );
  }
  const bytes = data.every(element => typeof element !== 'string')
    ? data
    : data.map((element, i) => (typeof element === 'string' ? encodeText(name, element, i) : element));
  return bytes as readonly Uint8Array[];
}

/** The stored form of a string tensor that was given as text only; null for all other data, right or wrong. */
export function textsOf(
  name: string,
  dtype: StoredType,
  shape: readonly number[],
  data: unknown,
): EncodedStrings | null {
  if (dtype.name !== 'string' || !Array.isArray(data) || data.length !== elementCount(name, shape)) return null;
  for (let i = 0; i < data.length; i++) if (typeof data[i] !== 'string') return null;
  return encodeTexts(data, position => refuseText(name, position));
}

/** Numbers as a view of the right type and length. Throws ERR_DTYPE or ERR_SHAPE. */
export function viewOf(name: string, dtype: StoredType, shape: readonly number[], data: unknown): ArrayBufferView {
  if (!isArrayOf<NumericArray>(dtype.array.name, data)) {
    throw new TensorBundleError(
      'ERR_DTYPE',
      `tensor '${name}': the data of ${dtype.name} must be a ${dtype.array.name}`,
      {
        tensor: name,
        expected: dtype.array.name,
        found: classOf(data),
      },
    );
  }
  const expected = elementCount(name, shape) * (dtype.bytes / dtype.array.BYTES_PER_ELEMENT);
  if (data.length !== expected) {
    throw new TensorBundleError(
      'ERR_SHAPE',
      `tensor '${name}': shape [${shape}] needs ${expected} values, but the data has ${data.length}`,
      {
        tensor: name,
        expected,
        found: data.length,
      },
    );
  }
  return data;
}

/** A loop, because `every` would skip the holes of an array. */
function isText(data: readonly unknown[]): boolean {
  for (let i = 0; i < data.length; i++) if (typeof data[i] !== 'string' && !isBytes(data[i])) return false;
  return true;
}

/** UTF-8 of one element. Throws ERR_DTYPE for half of a surrogate pair, which would be read back as different text. */
export function encodeText(name: string, text: string, position: number): Uint8Array {
  return isWellFormed(text) ? new TextEncoder().encode(text) : refuseText(name, position);
}

function refuseText(name: string, position: number): never {
  throw new TensorBundleError(
    'ERR_DTYPE',
    `tensor '${name}': element ${position} has half of a surrogate pair, which UTF-8 cannot hold; ` +
      'repair the text (text.toWellFormed()), or give bytes',
    { tensor: name, found: position },
  );
}

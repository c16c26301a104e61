/**
 * What a caller may give as a tensor, and its check. Each source becomes an `Item` that can get the bytes when their
 * turn comes.
 */

import { invalidArgument } from '../errors.js';
import type { DType, DTypeInfo } from '../format/dtypes.js';
import { isBytes } from '../realms.js';
import { elementsOf, type GivenData, textsOf, viewOf } from './elements.js';
import { bytesOf, type Content, checkName, dtypeOf, type Item } from './item.js';
import { sharedShape } from './shapes.js';
import type { TfTensorLike } from './tf-engine.js';
import { readStrings, stageTensor } from './tf-staging.js';

/**
 * A tensor whose data is in memory. It is checked at once whether `data` fits `dtype` and `shape`. A TensorValue is
 * such a tensor.
 */
interface GivenTensor {
  /** Type of the elements. */
  dtype: DType;
  shape: readonly number[];
  /** As in TensorValue. The elements of a string tensor may also be text, which is stored as UTF-8. */
  data: GivenData;
}

/**
 * A tensor whose data is asked for once, inside `finish()`: strings and variants first (their size is not known
 * before), the others in the order of the file.
 */
export interface LazyTensor {
  dtype: DType;
  shape: readonly number[];
  /**
   * The whole value, or its stored bytes (little-endian, row-major) in pieces. A piece must not be changed after it was
   * handed over. For a string tensor each piece is one element, as bytes or as text. An abort does not wait for a
   * source that never settles.
   */
  data: () => GivenData | Promise<GivenData> | AsyncIterable<Uint8Array | string>;
}

export type TensorSource = GivenTensor | LazyTensor | TfTensorLike;

/**
 * Throws ERR_BAD_NAME, ERR_DTYPE or ERR_SHAPE, or ERR_INVALID_ARGUMENT for something that is not a source, with the
 * tensor's name.
 */
export function itemOf(name: string, source: TensorSource, shard: number | undefined): Item & { dtype: DTypeInfo } {
  if (source === null || typeof source !== 'object') {
    throw invalidArgument(`tensor '${name}': give { dtype, shape, data } or a tf.Tensor`, { tensor: name });
  }
  checkName(name);
  const dtype = dtypeOf(name, source.dtype);
  const shape = sharedShape(name, source.shape);
  const fixed = bytesOf(name, dtype, shape);
  const content = contentOf(source, name, dtype, shape);
  // Texts have their stored form already.
  const bytes = fixed === null && content.kind === 'memory' ? content.view.byteLength : fixed;
  // One object, and not spread: such objects are slow to make, and slow to read in the loops of a save.
  return { name, dtype, shape, bytes, shard: checkShard(name, shard), content };
}

function contentOf(source: TensorSource, name: string, dtype: DTypeInfo, shape: readonly number[]): Content {
  if ('dataSync' in source) {
    return dtype.bytes === 0
      ? { kind: 'elements', elements: () => readStrings(source, name), foreign: true }
      : { kind: 'pull', pull: () => stageTensor(source, name), own: 'given' };
  }
  const data = source.data;
  if (typeof data === 'function') {
    return dtype.bytes === 0
      ? { kind: 'elements', elements: () => data(), foreign: true }
      : { kind: 'pull', pull: () => data(), foreign: true };
  }
  if (dtype.bytes === 0) {
    const texts = textsOf(name, dtype, shape, data);
    if (texts !== null) return { kind: 'memory', view: texts.bytes, crc: texts.crc, own: 'kept' };
    const elements = elementsOf(name, dtype, shape, data);
    const views = isBytes(elements) ? [elements] : elements;
    return { kind: 'elements', elements: () => elements, lengths: views.map(view => view.byteLength) };
  }
  return { kind: 'memory', view: viewOf(name, dtype, shape, data) };
}

function checkShard(name: string, shard: number | undefined): number | undefined {
  if (shard === undefined || (Number.isSafeInteger(shard) && shard >= 0 && shard < 99_999)) return shard;
  throw invalidArgument(`tensor '${name}': shard must be a whole number from 0`, {
    tensor: name,
    found: shard,
  });
}

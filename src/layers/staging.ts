/**
 * The bytes of a TensorFlow.js tensor, for saving, without leaking a tensor, blocking the event loop or doubling memory.
 * Works on any backend; uses the copy of tfjs-core next to this package, whose engine all copies share.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { OwnedPieces } from '../bundle/source.js';
import type { TensorData } from '../format/dtypes.js';
import { type Capture, type CaptureOptions, captureOf } from '../graph/attribute.js';
import { clone, engine, keep, reshape, slice, type Tensor, tidy } from '../tfjs-core.js';

/** `dataSync` copies and blocks; for this many bytes it takes about a millisecond. */
const PIECE_BYTES = 2 * 1024 * 1024;

/** Smaller tensors come whole: they are gathered, and their arrays are nothing to the garbage collector. */
const MIN_PIECE_BYTES = 64 * 1024;

/**
 * A clone shares the data and survives `Variable.assign`, every optimizer and the disposal of the original. Only what may be an
 * array of the user's is no snapshot by that; with `own` it is copied now.
 */
export function captureTensor(tensor: Tensor, { own = false }: CaptureOptions = {}): Capture {
  if (own && placeOf(tensor) === 'host') {
    const values = tensor.dataSync().slice() as Float32Array | Int32Array | Uint8Array;
    return captureOf(() => values);
  }
  const held = keep(clone(tensor));
  return { data: () => stage(held), release: () => held.dispose() };
}

function stage(tensor: Tensor): TensorData | AsyncIterable<Uint8Array> {
  const place = placeOf(tensor);
  const width = tensor.dtype === 'bool' ? 1 : 4;
  if (tensor.size * width < MIN_PIECE_BYTES) {
    const values = tensor.dataSync() as Float32Array | Int32Array | Uint8Array;
    return place === 'host' ? values.slice() : values;
  }
  if (place === 'host') return new OwnedPieces(copiedPieces(tensor));
  const pieces = slicedPieces(tensor, PIECE_BYTES / width);
  return place === 'tensorflow' ? new OwnedPieces(pieces) : pieces;
}

/**
 * 'host': the backend answers `dataSync` with an array it goes on using: tfjs-node until an operation has used the tensor,
 * and the cpu backend always. That may be an array of the user's, so it is copied and never handed out; and an operation
 * (slice) would make TensorFlow alias the user's array for good. 'tensorflow': tfjs-node's `dataSync` makes a copy for the
 * caller alone. 'unknown': another backend, which may keep what it gives out.
 */
function placeOf(tensor: Tensor): 'host' | 'tensorflow' | 'unknown' {
  const backend: unknown = engine().state.tensorInfo.get(tensor.dataId)?.backend;
  if (typeof backend !== 'object' || backend === null) return 'unknown';
  const { tensorMap, data } = backend as Partial<Record<'tensorMap' | 'data', WeakMap<object, { values?: unknown }>>>;
  if ((tensorMap ?? data)?.get(tensor.dataId)?.values != null) return 'host';
  return tensorMap === undefined ? 'unknown' : 'tensorflow';
}

/** Whether `dataSync` gives the array that the tensor lives in, so that whoever has it can change the tensor. */
export function isHandedOut(tensor: Tensor): boolean {
  const place = placeOf(tensor);
  if (place !== 'unknown') return place === 'host';
  // What an unknown backend keeps, it gives twice.
  const values = tensor.dataSync();
  return tensor.dataSync() === values;
}

async function* copiedPieces(tensor: Tensor): AsyncGenerator<Uint8Array> {
  const { buffer, byteOffset, byteLength } = tensor.dataSync();
  for (let begin = 0; begin < byteLength; begin += PIECE_BYTES) {
    yield new Uint8Array(buffer, byteOffset + begin, Math.min(PIECE_BYTES, byteLength - begin)).slice();
    await nextTurn();
  }
}

/** No `tidy` around `dataSync`: it walks every element of what it returns, looking for tensors (100 ms for 2 MiB). */
async function* slicedPieces(tensor: Tensor, elements: number): AsyncGenerator<Uint8Array> {
  const flat = tidy(() => keep(reshape(tensor, [tensor.size])));
  try {
    for (let begin = 0; begin < flat.size; begin += elements) {
      yield sliceBytes(flat, begin, Math.min(elements, flat.size - begin));
      await nextTurn();
    }
  } finally {
    flat.dispose();
  }
}

function sliceBytes(flat: Tensor, begin: number, elements: number): Uint8Array {
  const part = slice(flat, [begin], [elements]);
  try {
    const { buffer, byteOffset, byteLength } = part.dataSync();
    return new Uint8Array(buffer, byteOffset, byteLength);
  } finally {
    part.dispose();
  }
}

/**
 * The state of an iterator as it is stored: a JSON text, and beside it, one each, the tensors and bytes that the text speaks of by
 * number. JSON, since whoever looks into a checkpoint should be able to read it.
 */
import { engine, Tensor, tensor } from '@tensorflow/tfjs-core';
import { TensorBundleError } from '../errors.js';
import { type DType, dtypeInfo, type TensorData, type TensorValue } from '../format/dtypes.js';
import type { Capture, CaptureOptions } from '../graph/trackable.js';
import { captureTensor } from '../layers/staging.js';
import { isLiteral } from './element.js';

/** A tensor, or an array of bytes or numbers, as it will be stored. */
export interface StateTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  capture(options?: CaptureOptions): Capture;
}

/** In JSON a value that JSON lacks is an object with one of these names. */
const [TENSOR, ARRAY, NUMBER, BIGINT, UNDEFINED, OBJECT] = [
  '$tensor',
  '$array',
  '$number',
  '$bigint',
  '$none',
  '$object',
];
const KINDS = [TENSOR, ARRAY, NUMBER, BIGINT, UNDEFINED, OBJECT] as string[];

const ARRAYS = {
  Float32Array,
  Float64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  Uint16Array,
  Uint32Array,
  BigInt64Array,
};
const DTYPES: Record<keyof typeof ARRAYS, DType> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigInt64Array: 'int64',
};

/** Throws ERR_INVALID_ARGUMENT for an object of a class. */
export function encodeState(state: unknown): { text: string; tensors: StateTensor[] } {
  const tensors: StateTensor[] = [];
  const encode = (value: unknown): unknown => {
    if (value === undefined) return { [UNDEFINED!]: true };
    if (typeof value === 'bigint') return { [BIGINT!]: String(value) };
    if (typeof value === 'number')
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { [NUMBER!]: Object.is(value, -0) ? '-0' : String(value) };
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (value instanceof Tensor) return { [TENSOR!]: tensors.push(ofTensor(value)) - 1 };
    if (ArrayBuffer.isView(value)) return { [ARRAY!]: tensors.push(ofArray(value)) - 1 };
    if (Array.isArray(value)) return value.map(encode);
    if (!isLiteral(value)) throw unsaved(value);
    const entries = Object.entries(value).map(([name, item]) => [name, encode(item)] as const);
    // An element of the user's may have such a name.
    return entries.some(([name]) => KINDS.includes(name)) ? { [OBJECT!]: entries } : Object.fromEntries(entries);
  };
  return { text: JSON.stringify(encode(state)), tensors };
}

/** The text alone, where there may be tensors: what has none of them is as it was. Throws ERR_CORRUPT. */
export function parseState(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new TensorBundleError('ERR_CORRUPT', 'the state of an iterator in the checkpoint is no JSON', { cause });
  }
}

/** The tensors in it are new and the caller's. Throws ERR_CORRUPT for a number that no tensor has. */
export function decodeState(parsed: unknown, values: readonly TensorValue[]): unknown {
  const value = (index: unknown): TensorValue => {
    const found = typeof index === 'number' ? values[index] : undefined;
    if (found === undefined)
      throw new TensorBundleError('ERR_CORRUPT', `the state of an iterator lacks its value ${String(index)}`);
    return found;
  };
  const decode = (coded: unknown): unknown => {
    if (Array.isArray(coded)) return coded.map(decode);
    if (!isLiteral(coded)) return coded;
    if (UNDEFINED! in coded) return undefined;
    if (BIGINT! in coded) return BigInt(String(coded[BIGINT!]));
    if (NUMBER! in coded) return Number(coded[NUMBER!]);
    if (TENSOR! in coded) return toTensor(value(coded[TENSOR!]));
    if (ARRAY! in coded) return toArray(value(coded[ARRAY!]));
    const entries = OBJECT! in coded ? (coded[OBJECT!] as [string, unknown][]) : Object.entries(coded);
    return Object.fromEntries(entries.map(([name, item]) => [name, decode(item)]));
  };
  return decode(parsed);
}

function ofTensor(value: Tensor): StateTensor {
  if (value.dtype === 'complex64') throw unsaved(value);
  if (value.dtype !== 'string') {
    return {
      dtype: dtypeInfo(value.dtype).name,
      shape: [...value.shape],
      capture: options => captureTensor(value, options),
    };
  }
  // Not dataSync: it decodes, and what is no UTF-8 would be lost.
  const texts = engine().readSync(value.dataId) as unknown as Uint8Array[];
  return ofData(
    'string',
    value.shape,
    texts.map(text => text.slice()),
  );
}

function ofArray(view: ArrayBufferView): StateTensor {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (view instanceof Uint8Array) return ofData('string', [], [bytes.slice()]);
  const name = Object.keys(ARRAYS).find(one => view instanceof ARRAYS[one as keyof typeof ARRAYS]);
  if (name === undefined) throw unsaved(view);
  const copy = (view as Float32Array).slice();
  return ofData(DTYPES[name as keyof typeof ARRAYS], [copy.length], copy);
}

function ofData(dtype: DType, shape: readonly number[], data: TensorData): StateTensor {
  return { dtype, shape: [...shape], capture: () => ({ data: () => data, release: () => undefined }) };
}

function toTensor({ dtype, shape, data }: TensorValue): Tensor {
  const values = dtype === 'string' ? (data as Uint8Array[]) : (data as Float32Array);
  return tensor(values as Float32Array, [...shape], dtype as 'float32');
}

function toArray({ dtype, data }: TensorValue): unknown {
  return dtype === 'string' ? (data as Uint8Array[])[0] : data;
}

function unsaved(value: unknown): TensorBundleError {
  const what =
    value instanceof Tensor ? 'a tensor of complex numbers' : ((value as object)?.constructor?.name ?? typeof value);
  return new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    `an element of the dataset holds ${what}, which cannot be saved with its iterator; let elements be made of tensors, numbers, ` +
      'texts, typed arrays, and arrays and object literals of these',
    { found: what },
  );
}

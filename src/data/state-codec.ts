/**
 * The state of an iterator as it is stored: a JSON text, and beside it the tensors and bytes that the text refers to by
 * number. It is JSON so that people who look into a checkpoint can read it.
 */

import { TextDecoder } from 'node:util';
import { type CopyBudget, captureTensor } from '../bundle/tf-staging.js';
import { invalidArgument, TensorBundleError } from '../errors.js';
import { type DType, dtypeInfo, type TensorData, type TensorValue } from '../format/dtypes.js';
import { type Capture, captureOf } from '../graph/attribute.js';
import { classOf, copyOf, isArrayOf, isBytes, isLiteral } from '../realms.js';
import { engine, Tensor, tensor } from '../tfjs-core.js';
import { disposeElement } from './iteration/element.js';

/** A tensor, or an array of bytes or numbers, in the form in which it will be stored. */
interface EncodedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  capture(budget?: CopyBudget): Capture;
}

/** A value that JSON cannot express is an object with one of these names. */
const [TENSOR, ARRAY, NUMBER, BIGINT, UNDEFINED, OBJECT] = [
  '$tensor',
  '$array',
  '$number',
  '$bigint',
  '$none',
  '$object',
];
const VALUE_KINDS = [TENSOR, ARRAY, NUMBER, BIGINT, UNDEFINED, OBJECT] as string[];

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

const ARRAY_DTYPES: Record<keyof typeof ARRAYS, DType> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int8Array: 'int8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  Uint16Array: 'uint16',
  Uint32Array: 'uint32',
  BigInt64Array: 'int64',
};

/**
 * How many levels a user's object takes in the text if it has one of these names: it becomes an object with a list of
 * lists.
 */
const NAMED_LEVELS = 3;

/**
 * The most levels of nested lists and objects in the text; each stage of a dataset takes two. Limited because the walks
 * are recursive, one call per level.
 */
const MOST_LEVELS = 2048;

/** The most bytes of the text. It is parsed at once, and a JavaScript string can hold about twice as much. */
const MOST_STATE_BYTES = 256 * 1024 * 1024;
const MOST_DIGITS = 10_000;

/** Throws ERR_INVALID_ARGUMENT for an object of a class, and ERR_TOO_LARGE for a state that could not be read again. */
export function encodeState(state: unknown): { text: string; tensors: EncodedTensor[] } {
  const tensors: EncodedTensor[] = [];
  const encode = (value: unknown, level: number): unknown => {
    if (level > MOST_LEVELS)
      throw new TensorBundleError(
        'ERR_TOO_LARGE',
        `the state of an iterator may have at most ${MOST_LEVELS} levels; nest its elements, or the stages of ` +
          `its dataset, less deeply`,
        { expected: MOST_LEVELS },
      );
    if (value === undefined) return { [UNDEFINED!]: true };
    if (typeof value === 'bigint') return { [BIGINT!]: digitsOf(value) };
    if (typeof value === 'number')
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { [NUMBER!]: Object.is(value, -0) ? '-0' : String(value) };
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (value instanceof Tensor) return { [TENSOR!]: tensors.push(ofTensor(value)) - 1 };
    if (ArrayBuffer.isView(value)) return { [ARRAY!]: tensors.push(ofArray(value)) - 1 };
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const item of value) items.push(encode(item, level + 1));
      return items;
    }
    if (!isLiteral(value)) throw unsaved(value);
    const entries = Object.entries(value);
    // The user's elements may have such names.
    const isNamed = entries.some(([name]) => VALUE_KINDS.includes(name));
    for (const entry of entries) entry[1] = encode(entry[1], level + (isNamed ? NAMED_LEVELS : 1));
    return isNamed ? { [OBJECT!]: entries } : Object.fromEntries(entries);
  };
  return { text: textOf(encode(state, 0)), tensors };
}

/**
 * Parses only the text: tensors, arrays and values that JSON cannot express stay in their stored form. Throws
 * ERR_CORRUPT and ERR_TOO_LARGE.
 */
export function parseState(text: Uint8Array): unknown {
  if (text.length > MOST_STATE_BYTES)
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `the state of an iterator in the checkpoint has ${text.length} bytes; it may have at most ` +
        `${MOST_STATE_BYTES}`,
      { expected: MOST_STATE_BYTES, found: text.length },
    );
  // Checked before the text is parsed, because parsing a bracket takes a thousand times longer than a letter.
  if (levelsOf(text) > MOST_LEVELS + NAMED_LEVELS) throw corrupt(`is nested more than ${MOST_LEVELS} times`);
  try {
    return JSON.parse(new TextDecoder().decode(text)) as unknown;
  } catch (cause) {
    throw corrupt('is not JSON', cause);
  }
}

/**
 * The tensors in it are new and belong to the caller. Throws ERR_CORRUPT for anything that `encodeState` does not
 * write.
 */
export function decodeState(parsed: unknown, values: readonly TensorValue[]): unknown {
  const left: (TensorValue | null)[] = [...values];
  const made: Tensor[] = [];
  /** Each value only once: otherwise a text of a few bytes could ask for endless copies of a large value. */
  const value = (index: unknown): TensorValue => {
    const found = typeof index === 'number' ? left[index] : undefined;
    if (!found) throw corrupt(`refers to the value ${JSON.stringify(index)}, which is missing or was used before`);
    left[index as number] = null;
    return found;
  };
  const decode = (coded: unknown, level: number): unknown => {
    if (level > MOST_LEVELS) throw corrupt(`is nested more than ${MOST_LEVELS} times`);
    if (Array.isArray(coded)) {
      const items: unknown[] = [];
      for (const item of coded) items.push(decode(item, level + 1));
      return items;
    }
    if (!isLiteral(coded)) return coded;
    if (UNDEFINED! in coded) return undefined;
    if (BIGINT! in coded) return toBigint(coded[BIGINT!]);
    if (NUMBER! in coded) return toNumber(coded[NUMBER!]);
    if (TENSOR! in coded) {
      const tensor = toTensor(value(coded[TENSOR!]));
      made.push(tensor);
      return tensor;
    }
    if (ARRAY! in coded) return toArray(value(coded[ARRAY!]));
    const isNamed = OBJECT! in coded;
    const entries = isNamed ? toEntries(coded[OBJECT!]) : Object.entries(coded);
    for (const entry of entries) entry[1] = decode(entry[1], level + (isNamed ? NAMED_LEVELS : 1));
    return Object.fromEntries(entries);
  };
  try {
    return decode(parsed, 0);
  } catch (error) {
    disposeElement(made);
    throw error;
  }
}

function levelsOf(text: Uint8Array): number {
  const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [34, 92, 91, 93, 123, 125];
  let isInText = false;
  let level = 0;
  let most = 0;
  for (let i = 0; i < text.length; i++) {
    const byte = text[i];
    if (isInText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isInText = false;
    } else if (byte === QUOTE) isInText = true;
    else if (byte === OPEN || byte === OPEN_LIST) most = Math.max(most, ++level);
    else if (byte === CLOSE || byte === CLOSE_LIST) level--;
  }
  return most;
}

function textOf(encoded: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(encoded);
  } catch (cause) {
    throw tooMuch(cause);
  }
  if (text.length > MOST_STATE_BYTES || Buffer.byteLength(text) > MOST_STATE_BYTES) throw tooMuch(undefined);
  return text;
}

function tooMuch(cause: unknown): TensorBundleError {
  return new TensorBundleError(
    'ERR_TOO_LARGE',
    `the state of an iterator may have at most ${MOST_STATE_BYTES} bytes beside its tensors and arrays; let it ` +
      'hold fewer elements (shuffle, prefetch, batch), or make them tensors or typed arrays',
    { expected: MOST_STATE_BYTES, cause },
  );
}

function digitsOf(value: bigint): string {
  const digits = String(value);
  if (digits.length <= MOST_DIGITS) return digits;
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `a bigint in the state of an iterator may have at most ${MOST_DIGITS} digits`,
  );
}

function toBigint(digits: unknown): bigint {
  if (typeof digits === 'string' && digits.length <= MOST_DIGITS && /^-?\d+$/.test(digits)) return BigInt(digits);
  throw corrupt('has an invalid bigint');
}

function toNumber(name: unknown): number {
  if (['NaN', 'Infinity', '-Infinity', '-0'].includes(name as string)) return Number(name);
  throw corrupt('has an invalid number');
}

function toEntries(entries: unknown): [string, unknown][] {
  const isEntry = (entry: unknown): boolean =>
    Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string';
  if (Array.isArray(entries) && entries.every(isEntry)) return entries as [string, unknown][];
  throw corrupt('has an invalid object');
}

function corrupt(what: string, cause?: unknown): TensorBundleError {
  return new TensorBundleError('ERR_CORRUPT', `the state of an iterator in the checkpoint ${what}`, { cause });
}

function ofTensor(value: Tensor): EncodedTensor {
  if (value.dtype === 'complex64') throw unsaved(value);
  if (value.dtype !== 'string') {
    return {
      dtype: dtypeInfo(value.dtype).name,
      shape: [...value.shape],
      capture: budget => captureTensor(value, 'iterator state', budget),
    };
  }
  // Not dataSync, which decodes: bytes that are not UTF-8 would be lost.
  const texts = engine().readSync(value.dataId) as unknown as Uint8Array[];
  return ofData(
    'string',
    value.shape,
    texts.map(text => copyOf(text)),
  );
}

function ofArray(view: ArrayBufferView): EncodedTensor {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (isBytes(view)) return ofData('string', [], [bytes.slice()]);
  const name = Object.keys(ARRAYS).find(one => isArrayOf(one, view));
  if (name === undefined) throw unsaved(view);
  const copy = (view as Float32Array).slice();
  return ofData(ARRAY_DTYPES[name as keyof typeof ARRAYS], [copy.length], copy);
}

function ofData(dtype: DType, shape: readonly number[], data: TensorData): EncodedTensor {
  return { dtype, shape: [...shape], capture: () => captureOf(() => data) };
}

/** Only of types that tensors of TensorFlow.js have. */
function toTensor({ dtype, shape, data }: TensorValue): Tensor {
  if (!['float32', 'int32', 'bool', 'string'].includes(dtype)) throw corrupt(`has a tensor of ${dtype}`);
  const values = dtype === 'string' ? (data as Uint8Array[]) : (data as Float32Array);
  return tensor(values as Float32Array, [...shape], dtype as 'float32');
}

function toArray({ dtype, shape, data }: TensorValue): unknown {
  const isBytes = dtype === 'string' && shape.length === 0;
  if (!isBytes && !(shape.length === 1 && Object.values(ARRAY_DTYPES).includes(dtype)))
    throw corrupt(`has an array of ${dtype}`);
  return isBytes ? (data as Uint8Array[])[0] : data;
}

function unsaved(value: unknown): TensorBundleError {
  const what = value instanceof Tensor ? 'a tensor of complex numbers' : classOf(value);
  return invalidArgument(
    `an element of the dataset holds ${what}, which cannot be saved with its iterator; elements may consist of ` +
      'tensors, numbers, texts, typed arrays, and arrays and object literals of these',
    { found: what },
  );
}

/** A variable that TensorFlow.js does not hold: a step of 64 bits, the state of a generator. */

import { TensorBundleError } from '../errors.js';
import type { DType, TensorData, TensorValue } from '../format/dtypes.js';
import { copyOf, isBytes } from '../realms.js';
import { type Attribute, captureOf, VARIABLE_VALUE } from './attribute.js';
import { type Trackable, variableNode } from './trackable.js';

/** A tensor that a user-defined object reads and replaces as a whole. TensorFlow sees a variable. */
export interface TrackedValue<Data extends TensorData = TensorData> {
  /** Type of the elements. */
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** TensorFlow's name of the variable. Default `Variable`, as in Python. */
  readonly fullName?: string;
  /** Row-major, one element for each of `shape`. Called when a save begins; the array is copied. */
  read(): Data;
  /** `data` has this dtype and shape, and the callee may keep it. Must not throw. */
  assign(data: Data): void;
}

export function isTrackedValue(value: object): value is TrackedValue {
  const { dtype, shape, read, assign } = value as Partial<TrackedValue>;
  return (
    typeof dtype === 'string' && Array.isArray(shape) && typeof read === 'function' && typeof assign === 'function'
  );
}

/** `label` is what messages call it. */
export function valueTrackable<Data extends TensorData>(value: TrackedValue<Data>, label: string): Trackable {
  const attribute: Attribute = {
    name: VARIABLE_VALUE,
    fullName: value.fullName ?? 'Variable',
    label,
    dtype: value.dtype,
    shape: [...value.shape],
    capture: () => {
      const given = value.read() as unknown;
      // The writer checks the elements.
      if (!Array.isArray(given) && !ArrayBuffer.isView(given)) throw noArray(label, value.dtype, given);
      const data = copied(given as TensorData);
      return captureOf(() => data);
    },
    assign: ({ data }) => value.assign(data as Data),
    ...(value.dtype === 'int64' && { convert: toInt64 }),
  };
  return variableNode(attribute);
}

/** A copy, also of the elements of a string tensor. */
function copied(data: TensorData): TensorData {
  return ArrayBuffer.isView(data) ? copyOf(data) : data.map(element => (isBytes(element) ? copyOf(element) : element));
}

/** Integer types of which int64 can hold every value. */
const NARROWER: readonly DType[] = ['int8', 'int16', 'int32', 'uint8', 'uint16', 'uint32'];

/** Python may have saved a step as an int32 or a narrower type. */
function toInt64({ dtype, shape, data }: TensorValue): TensorValue | undefined {
  if (!NARROWER.includes(dtype)) return undefined;
  return { dtype: 'int64', shape, data: BigInt64Array.from(data as Int32Array, BigInt) };
}

function noArray(label: string, dtype: DType, found: unknown): TensorBundleError {
  return new TensorBundleError(
    'ERR_DTYPE',
    `read() of '${label}' returned a value of type ${typeof found}; it must return an array of ${dtype}, with one ` +
      'element for a scalar',
    { tensor: label, expected: dtype, found: typeof found },
  );
}

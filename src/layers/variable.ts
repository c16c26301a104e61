/** A tfjs variable as an attribute of the object graph: captured for a save, assigned by a restore. */

import { TensorBundleError } from '../errors.js';
import { type DType, dtypeInfo, type TensorValue } from '../format/dtypes.js';
import { type Attribute, type Trackable, VARIABLE_VALUE, variableNode } from '../graph/trackable.js';
import { tensor, tidy, Variable } from '../tfjs-core.js';
import { captureTensor } from './staging.js';
import type { AnyVariable } from './types.js';

/** The types a tfjs variable of numbers can have; complex64 has no layer that uses it. */
const NUMERIC: readonly string[] = ['float32', 'int32', 'bool'] satisfies DType[];

/** `fullName` is Keras's (`dense/kernel`), `label` tfjs's (`dense_Dense1/kernel`). */
export interface VariableNames {
  readonly fullName: string;
  readonly label: string;
  readonly refuse: Attribute['refuse'] | undefined;
}

/** An attribute that knows its tfjs variable, for copies from variable to variable. */
export interface VariableAttribute extends Attribute {
  readonly variable: AnyVariable;
}

/** Throws ERR_DTYPE, ERR_STATE if disposed. */
export function variableTrackable(variable: AnyVariable, { fullName, label, refuse }: VariableNames): Trackable {
  const value = liveValue(variable, label);
  if (!NUMERIC.includes(value.dtype)) {
    throw new TensorBundleError('ERR_DTYPE', `the variable ${label} is ${value.dtype}; only numbers can be saved`, {
      tensor: label,
      expected: NUMERIC,
      found: value.dtype,
    });
  }
  const dtype = dtypeInfo(value.dtype).name;
  const attribute: VariableAttribute = {
    variable,
    name: VARIABLE_VALUE,
    fullName,
    label,
    dtype,
    shape: [...value.shape],
    ...(refuse && { refuse }),
    ...(dtype === 'int32' && { convert: toInt32 }),
    capture: options => captureTensor(liveValue(variable, label), options),
    assign: ({ data, shape }) => {
      // Not LayerVariable.write: it applies the layer's constraint, and what is restored is what was saved.
      tidy(() => liveValue(variable, label).assign(tensor(data as Float32Array, [...shape], value.dtype)));
    },
  };
  return variableNode(attribute);
}

/** TensorFlow counts steps in int64, which TensorFlow.js does not have. */
function toInt32({ dtype, shape, data }: TensorValue): TensorValue | undefined {
  if (dtype !== 'int64') return undefined;
  const wide = data as BigInt64Array;
  if (!wide.every(value => BigInt.asIntN(32, value) === value)) return undefined;
  return { dtype: 'int32', shape, data: Int32Array.from(wide, Number) };
}

/** The variable behind an attribute that `variableTrackable` made; undefined for any other. */
export function variableOf(attribute: Attribute): AnyVariable | undefined {
  return (attribute as Partial<VariableAttribute>).variable;
}

/** The tf.Variable itself or inside; that one's type says Tensor. Throws ERR_STATE if it was disposed, as with its model. */
export function liveValue(variable: AnyVariable, label: string): Variable {
  try {
    if (!(variable instanceof Variable)) return variable.read() as Variable;
    variable.throwIfDisposed();
    return variable;
  } catch (cause) {
    throw new TensorBundleError('ERR_STATE', `the variable ${label} was disposed; use a model that is alive`, {
      tensor: label,
      cause,
    });
  }
}

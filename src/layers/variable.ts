/** A tfjs variable as an attribute of the object graph: captured for a save, assigned by a restore. */

import { captureTensor } from '../bundle/tf-staging.js';
import { TensorBundleError } from '../errors.js';
import { type DType, dtypeInfo, type TensorValue } from '../format/dtypes.js';
import { type Attribute, type Capture, VARIABLE_VALUE } from '../graph/attribute.js';
import { type Trackable, variableNode } from '../graph/trackable.js';
import { tensor, tidy, Variable } from '../tfjs-core.js';
import type { AnyVariable } from './types.js';

/** The types of tfjs variables that can be saved. No layer uses complex64. */
const NUMERIC: readonly string[] = ['float32', 'int32', 'bool'] satisfies DType[];

/**
 * int32 variables that were restored from int64. They are written as int64 again, because Python would not accept
 * another type.
 */
const wide = new WeakSet<Variable>();

/** `fullName` is Keras's (`dense/kernel`), `label` tfjs's (`dense_Dense1/kernel`). */
export interface VariableNames {
  readonly fullName: string;
  readonly label: string;
  readonly refuse: Attribute['refuse'] | undefined;
}

/** An attribute that knows its tfjs variable, for copies from variable to variable. */
interface VariableAttribute extends Attribute {
  readonly variable: AnyVariable;
}

/** Throws ERR_DTYPE for a type that cannot be saved, ERR_STATE if the variable was disposed. */
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
  const writtenAs = wide.has(value) ? 'int64' : undefined;
  const attribute: VariableAttribute = {
    variable,
    name: VARIABLE_VALUE,
    fullName,
    label,
    dtype,
    shape: [...value.shape],
    ...(refuse && { refuse }),
    writtenAs,
    ...(dtype === 'int32' && { convert: toInt32 }),
    capture: budget => {
      const captured = captureTensor(liveValue(variable, label), label, budget);
      return writtenAs === undefined ? captured : widened(captured);
    },
    assign: ({ data, shape }, storedAs) => {
      if (storedAs === 'int64') wide.add(liveValue(variable, label));
      else wide.delete(liveValue(variable, label));
      // Not LayerVariable.write, which applies the layer's constraint: the restored value must be the saved one.
      tidy(() => liveValue(variable, label).assign(tensor(data as Float32Array, [...shape], value.dtype)));
    },
  };
  return variableNode(attribute);
}

/** TensorFlow counts steps in int64, a type that TensorFlow.js does not have. */
function toInt32({ dtype, shape, data }: TensorValue): TensorValue | string | undefined {
  if (dtype !== 'int64') return undefined;
  const values = data as BigInt64Array;
  const large = values.find(value => BigInt.asIntN(32, value) !== value);
  if (large === undefined) return { dtype: 'int32', shape, data: Int32Array.from(values, Number) };
  return `${large} does not fit into int32; for a step of 64 bits, use a Counter of tensorbundle/tfjs`;
}

/** The values as int64. There are few, because only small values are converted when they are restored. */
function widened(captured: Capture): Capture {
  return {
    own: 'given',
    data: async () => BigInt64Array.from(await gathered(captured.data()), BigInt),
    release: () => captured.release(),
  };
}

async function gathered(data: ReturnType<Capture['data']>): Promise<Int32Array> {
  const given = await data;
  if (!(Symbol.asyncIterator in given)) return given as Int32Array;
  const pieces: Uint8Array[] = [];
  for await (const piece of given) pieces.push(piece);
  return new Int32Array(Uint8Array.from(Buffer.concat(pieces)).buffer);
}

/** The variable behind an attribute that `variableTrackable` made; undefined for any other. */
export function variableOf(attribute: Attribute): AnyVariable | undefined {
  return (attribute as Partial<VariableAttribute>).variable;
}

/**
 * The tf.Variable itself, or the one inside a weight, whose type says Tensor. Throws ERR_STATE if it was disposed, for
 * example with its model.
 */
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

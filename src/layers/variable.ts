/** A tfjs variable as an attribute of the object graph: captured for a save, assigned by a restore. */

import { type CopyBudget, captureTensor } from '../bundle/tf-staging.js';
import { copiesValues } from '../bundle/tf-upload.js';
import { TensorBundleError } from '../errors.js';
import { type DType, dtypeInfo, type TensorValue } from '../format/dtypes.js';
import { type Attribute, type Capture, VARIABLE_VALUE } from '../graph/attribute.js';
import { type Trackable, variableNode } from '../graph/trackable.js';
import { engine, type Variable } from '../tfjs-core.js';
import { assignTensor } from './assigned-tensor.js';
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
class VariableAttribute implements Attribute {
  readonly name = VARIABLE_VALUE;
  readonly fullName: string;
  readonly label: string;
  readonly refuse: Attribute['refuse'];
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly writtenAs: DType | undefined;
  readonly convert: Attribute['convert'];

  constructor(
    readonly variable: AnyVariable,
    value: Variable,
    { fullName, label, refuse }: VariableNames,
  ) {
    this.fullName = fullName;
    this.label = label;
    this.refuse = refuse;
    this.dtype = dtypeInfo(value.dtype).name;
    this.shape = [...value.shape];
    this.writtenAs = wide.has(value) ? 'int64' : undefined;
    this.convert = this.dtype === 'int32' ? toInt32 : undefined;
  }

  get copies(): boolean {
    return copiesValues();
  }

  capture(budget?: CopyBudget): Capture {
    const captured = captureTensor(liveValue(this.variable, this.label), this.label, budget);
    return this.writtenAs === undefined ? captured : widened(captured);
  }

  assign(value: TensorValue, storedAs?: DType): void {
    const live = liveValue(this.variable, this.label);
    if (storedAs === 'int64') wide.add(live);
    else wide.delete(live);
    // Not LayerVariable.write, which applies the layer's constraint: the restored value must be the saved one.
    assignTensor(value, this.dtype, made => void live.assign(made));
  }
}

/**
 * Throws ERR_DTYPE for a type that cannot be saved, ERR_STATE if the variable was disposed. `value`: its `liveValue`,
 * where it is known.
 */
export function variableTrackable(
  variable: AnyVariable,
  names: VariableNames,
  value: Variable = liveValue(variable, names.label),
): Trackable {
  const { label } = names;
  if (!NUMERIC.includes(value.dtype)) {
    throw new TensorBundleError('ERR_DTYPE', `the variable ${label} is ${value.dtype}; only numbers can be saved`, {
      tensor: label,
      expected: NUMERIC,
      found: value.dtype,
    });
  }
  return variableNode(new VariableAttribute(variable, value, names));
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

/** The type that a variable is written with. */
export function typeOf(value: Variable): string {
  return wide.has(value) ? 'int64' : value.dtype;
}

/** The variable of TensorFlow.js that has this name now. */
export function registeredAs(name: string): Variable | undefined {
  return engine().registeredVariables[name];
}

/** The variable behind an attribute that `variableTrackable` made; undefined for any other. */
export function variableOf(attribute: Attribute): AnyVariable | undefined {
  return attribute instanceof VariableAttribute ? attribute.variable : undefined;
}

/**
 * The tf.Variable itself, or the one inside a weight, whose type says Tensor. Throws ERR_STATE if it was disposed, for
 * example with its model.
 */
export function liveValue(variable: AnyVariable, label: string): Variable {
  try {
    // Not `instanceof`, which is two functions of TensorFlow.js: this is asked several times of each variable.
    if ('originalName' in variable) return variable.read() as Variable;
    variable.throwIfDisposed();
    return variable;
  } catch (cause) {
    throw new TensorBundleError('ERR_STATE', `the variable ${label} was disposed; use a model that is alive`, {
      tensor: label,
      cause,
    });
  }
}

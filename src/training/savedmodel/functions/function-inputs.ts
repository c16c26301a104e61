/** Checks what a signature is called with, by name or by position. */
import { invalidArgument, TensorBundleError } from '../../../errors.js';
import { isLiteral } from '../../../realms.js';
import { Tensor } from '../../../tfjs-core.js';
import { unsupported } from './session.js';
import type { Signature, SignatureTensor } from './signatures.js';
import { counterpartOf } from './tensor-types.js';

/**
 * The inputs with their values, in the signature's order. Throws ERR_INVALID_ARGUMENT, ERR_DTYPE, ERR_SHAPE, and
 * ERR_NOT_SUPPORTED for a type that TensorFlow.js lacks.
 */
export async function checkedInputs(
  { name, inputs }: Signature,
  given: readonly unknown[],
  path: string,
): Promise<(SignatureTensor & { value: Tensor })[]> {
  const values = given.length === 1 && isLiteral(given[0]) ? byName(name, inputs, given[0]) : given;
  if (values.length !== inputs.length) {
    const names = inputs.map(input => input.name).join(', ');
    throw invalidArgument(
      `signature '${name}' takes ${inputs.length} tensors (${names}), ` +
        `in this order or as an object with these names, not ${values.length}`,
      { path, expected: inputs.length, found: values.length },
    );
  }
  const checked = inputs.map((input, i) => ({ ...input, value: checkedTensor(input, values[i], path) }));
  for (const { name: input, dtype, value } of checked) await checkValues(input, dtype, value, path);
  return checked;
}

function byName(
  signature: string,
  inputs: readonly SignatureTensor[],
  given: Readonly<Record<string, unknown>>,
): unknown[] {
  const known = inputs.map(({ name }) => name);
  const unknown = Object.keys(given).filter(name => !known.includes(name));
  const missing = known.filter(name => !Object.hasOwn(given, name));
  if (unknown.length === 0 && missing.length === 0) return known.map(name => given[name]);
  const text = [
    ...(unknown.length > 0 ? [`has no input ${unknown.join(', ')}`] : []),
    ...(missing.length > 0 ? [`needs ${missing.join(', ')}`] : []),
  ].join(', and ');
  throw invalidArgument(`signature '${signature}' ${text}; its inputs are ${known.join(', ')}`, {
    expected: known,
    found: Object.keys(given),
  });
}

function checkedTensor({ name, dtype, shape, tensor }: SignatureTensor, value: unknown, path: string): Tensor {
  const counterpart = counterpartOf(dtype);
  if (counterpart === undefined || tensor === '') throw unsupported(name, dtype, path);
  if (!(value instanceof Tensor)) {
    throw invalidArgument(`input '${name}' must be a tensor of TensorFlow.js, such as tf.tensor(…)`, {
      tensor: name,
      expected: 'a tensor',
      found: value,
    });
  }
  if (value.isDisposed) throw invalidArgument(`the tensor for input '${name}' is disposed`, { tensor: name });
  if (value.dtype !== counterpart.tfjs) {
    throw new TensorBundleError(
      'ERR_DTYPE',
      `input '${name}' is ${dtype}, and takes a tensor of ${counterpart.tfjs}, not of ${value.dtype}`,
      { tensor: name, expected: counterpart.tfjs, found: value.dtype },
    );
  }
  const fits =
    shape === null ||
    (shape.length === value.shape.length && shape.every((size, i) => size === null || size === value.shape[i]));
  if (fits) return value;
  throw new TensorBundleError(
    'ERR_SHAPE',
    `input '${name}' takes the shape [${shape.map(size => size ?? '?')}], not [${value.shape}]`,
    { tensor: name, expected: shape, found: value.shape },
  );
}

/** TensorFlow itself would leave out the upper bits of values that a smaller type cannot hold. */
async function checkValues(name: string, dtype: string, value: Tensor, path: string): Promise<void> {
  const range = counterpartOf(dtype)?.range;
  if (range === undefined) return;
  const [least, most] = range;
  const wrong = (await value.data()).find(one => one < least || one > most);
  if (wrong === undefined) return;
  throw new TensorBundleError('ERR_DTYPE', `input '${name}' is ${dtype}, which cannot hold ${wrong}`, {
    path,
    tensor: name,
    expected: dtype,
    found: wrong,
  });
}

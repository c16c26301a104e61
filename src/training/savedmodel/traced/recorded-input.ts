/** Tensors for a function that is recorded. */
import { argumentMustBe } from '../../../errors.js';
import { complex, type Tensor, tensor, tidy } from '../../../tfjs-core.js';

/** A tensor that the function gets. */
export interface RecordedInput {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** Any values would do: functions that depend on them are refused. All integers are `integer`. */
export function tensorFor({ dtype, shape }: RecordedInput, integer: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const sizes = [...shape];
  switch (dtype) {
    case 'float32':
      return tensor(fractions(count), sizes);
    case 'int32':
      return tensor(new Int32Array(count).fill(integer), sizes, 'int32');
    case 'bool':
      return tensor(
        Uint8Array.from({ length: count }, (_, i) => i % 2),
        sizes,
        'bool',
      );
    case 'string':
      return tensor(
        Array.from({ length: count }, () => 'a'),
        sizes,
        'string',
      );
    case 'complex64':
      return tidy(() => complex(tensor(fractions(count), sizes), tensor(fractions(count), sizes)));
    default:
      throw argumentMustBe('dtype', "'float32', 'int32', 'bool', 'string' or 'complex64'", dtype);
  }
}

/** Between 0.1 and 0.9, and all different from their neighbours. */
function fractions(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => 0.1 + ((i * 0.618) % 0.8));
}

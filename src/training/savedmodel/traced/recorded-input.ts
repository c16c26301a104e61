/** Tensors for a function that is recorded. */
import { argumentMustBe, TensorBundleError } from '../../../errors.js';
import { complex, type Tensor, tensor, tidy } from '../../../tfjs-core.js';

/** A tensor that the function gets. */
export interface RecordedInput {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/**
 * What the values are like. 'plain': all integers are the same, and floats lie between 0.1 and 0.9. 'varied': floats of
 * both signs, and two integers. 'repeated': of each value there are several.
 */
export type Values = 'plain' | 'varied' | 'repeated';

const FLOATS: Readonly<Record<Values, (i: number) => number>> = {
  // All different from their neighbours.
  plain: i => 0.1 + ((i * 0.618) % 0.8),
  varied: i => Math.sin(12.9898 * (i + 1)),
  repeated: i => 0.1 + 0.3 * ((i >> 1) % 3),
};
/** Integers are often indices, so they are small. */
const STEPS: Readonly<Record<Values, (i: number) => number>> = {
  plain: () => 0,
  varied: i => i % 2,
  repeated: i => (i >> 1) % 2,
};

/** A gigabyte of floats. */
const MOST_VALUES = 2 ** 28;

/** Functions that depend on the values are refused. Integers are `integer`, or one more. Throws ERR_TOO_LARGE. */
export function tensorFor({ name, dtype, shape }: RecordedInput, integer: number, values: Values = 'plain'): Tensor {
  const length = shape.reduce((product, size) => product * size, 1);
  if (length > MOST_VALUES) {
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `the input '${name}' has ${length} values, too many to run the function with; ` +
        'give null for its largest dimension',
      { tensor: name, expected: MOST_VALUES, found: length },
    );
  }
  const sizes = [...shape];
  const step = (_: unknown, i: number): number => STEPS[values](i);
  const floats = (): Tensor =>
    tensor(
      Float32Array.from({ length }, (_, i) => FLOATS[values](i)),
      sizes,
    );
  switch (dtype) {
    case 'float32':
      return floats();
    case 'int32':
      return tensor(
        Int32Array.from({ length }, (_, i) => integer + STEPS[values](i)),
        sizes,
        'int32',
      );
    case 'bool':
      return tensor(Uint8Array.from({ length }, values === 'plain' ? (_, i) => i % 2 : step), sizes, 'bool');
    case 'string':
      return tensor(
        Array.from({ length }, (_, i) => 'ab'[STEPS[values](i)]!),
        sizes,
        'string',
      );
    case 'complex64':
      return tidy(() => complex(floats(), floats()));
    default:
      throw argumentMustBe('dtype', "'float32', 'int32', 'bool', 'string' or 'complex64'", dtype);
  }
}

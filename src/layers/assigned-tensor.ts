/** A restored value on its way into a variable, from memory that is the value's own or is used again. */
import { upload } from '../bundle/tf-upload.js';
import type { TensorValue } from '../format/dtypes.js';
import { copyOf } from '../realms.js';
import { isAligned, reusedMemoryOf } from '../storage/reused-memory.js';
import { type Tensor, tensor, tidy } from '../tfjs-core.js';

/** Calls `assign` with a tensor of the value. Afterwards nothing uses memory that is reused. */
export function assignTensor<T extends boolean | undefined>(
  { data, shape }: TensorValue,
  dtype: string,
  assign: (made: Tensor) => T,
): T {
  const tensorOf = (values: typeof data): Tensor => tensor(values as Float32Array, [...shape], dtype as 'float32');
  return tidy(() => {
    const memory = reusedMemoryOf(data as Float32Array);
    if (memory === undefined) return assign(tensorOf(data));
    if (isAligned(data as Float32Array)) return assign(tensorOf(copyOf(data as Float32Array)));
    const made = tensorOf(data);
    try {
      return assign(made);
    } finally {
      // Only now, because TensorFlow has freed the value before, and takes its memory.
      memory.replaced.add((data as Float32Array).byteLength);
      if (!upload(made)) assign(tensorOf(copyOf(data as Float32Array)));
    }
  });
}

/** The value in memory of its own, to keep it. */
export function keptValue(value: TensorValue): TensorValue {
  const data = value.data as Float32Array;
  return reusedMemoryOf(data) ? ({ ...value, data: copyOf(data) } as TensorValue) : value;
}

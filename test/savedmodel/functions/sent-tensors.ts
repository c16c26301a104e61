/** Tensors as prove.py takes them. */
import type * as tf from '@tensorflow/tfjs-node';

export interface Sent {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Base64 of the values; of strings, of each. */
  readonly data: string | readonly string[];
}

export function sent(tensor: tf.Tensor): Sent {
  const { dtype, shape } = tensor;
  if (dtype === 'string') {
    const data = (tensor.dataSync() as unknown as string[]).map(text => Buffer.from(text).toString('base64'));
    return { dtype, shape, data };
  }
  const { buffer, byteOffset, byteLength } = tensor.dataSync();
  return { dtype, shape, data: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

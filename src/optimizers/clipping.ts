/**
 * Gradients made smaller before a step, as tf_keras/src/optimizers/optimizer.py does, in float32 and in Keras's order
 * of operations.
 */
import { addN, clipByValue, div, maximum, minimum, mul, sqrt, square, sum, type Tensor } from '../tfjs-core.js';

/** At most one of the norms; null is no clipping. */
interface Clipping {
  readonly clipnorm: number | null;
  readonly globalClipnorm: number | null;
  readonly clipvalue: number | null;
}

/** New tensors, or the same ones; within a `tidy`. */
export function clip(gradients: readonly Tensor[], { clipnorm, globalClipnorm, clipvalue }: Clipping): Tensor[] {
  if (clipnorm !== null && clipnorm > 0)
    return gradients.map(gradient => clipToNorm(gradient, norm([gradient]), clipnorm));
  if (globalClipnorm !== null && globalClipnorm > 0 && gradients.length > 0) {
    const scale = mul(globalClipnorm, minimum(div(1, norm(gradients)), 1 / globalClipnorm));
    return gradients.map(gradient => mul(gradient, scale));
  }
  if (clipvalue !== null && clipvalue > 0)
    return gradients.map(gradient => clipByValue(gradient, -clipvalue, clipvalue));
  return [...gradients];
}

/** Of all elements together. */
function norm(tensors: readonly Tensor[]): Tensor {
  return sqrt(addN(tensors.map(tensor => sum(square(tensor)))));
}

/** `tf.clip_by_norm`: a gradient below the limit is not changed. */
function clipToNorm(gradient: Tensor, total: Tensor, limit: number): Tensor {
  return div(mul(gradient, limit), maximum(total, limit));
}

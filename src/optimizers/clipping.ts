/**
 * Clips gradients before a step, as tf_keras/src/optimizers/optimizer.py does: in float32, in Keras's order of
 * operations.
 */
import { addN, clipByValue, div, maximum, minimum, mul, sqrt, square, sum, type Tensor } from '../tfjs-core.js';

/** At most one of the two norms is given. Null means no clipping. */
interface Clipping {
  readonly clipnorm: number | null;
  readonly globalClipnorm: number | null;
  readonly clipvalue: number | null;
}

/** Returns new tensors or the same ones; called within a `tidy`. */
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

/** The norm of all elements together. */
function norm(tensors: readonly Tensor[]): Tensor {
  return sqrt(addN(tensors.map(tensor => sum(square(tensor)))));
}

/** As `tf.clip_by_norm`: a gradient whose norm is below the limit is not changed. */
function clipToNorm(gradient: Tensor, total: Tensor, limit: number): Tensor {
  return div(mul(gradient, limit), maximum(total, limit));
}

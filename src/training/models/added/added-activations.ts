/** Activations that Keras has and TensorFlow.js lacks, or has with another formula. */
import type { serialization as Serialization } from '@tensorflow/tfjs-core';
import {
  add,
  div,
  exp,
  leakyRelu,
  logSigmoid,
  mul,
  relu6,
  serialization,
  type Tensor,
  tidy,
} from '../../../tfjs-core.js';
import type { AddedClass } from './added-layer.js';

const hardSigmoid = (x: Tensor): Tensor => div(relu6(add(x, 3)), 6);

/** By the names that TensorFlow.js makes of Keras's: without underscores. */
const ACTIVATIONS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  exponential: exp,
  // That of TensorFlow.js, and of Keras 2, has another slope.
  hardSigmoidOfKeras3: hardSigmoid,
  hardSilu: x => mul(x, hardSigmoid(x)),
  leakyRelu: x => leakyRelu(x, 0.2),
  logSigmoid,
};

export function addedActivations(): AddedClass[] {
  return Object.entries(ACTIVATIONS).map(([name, compute]) => {
    class AddedActivation extends serialization.Serializable {
      static readonly className = name;

      apply(x: Tensor): Tensor {
        return tidy(() => compute(x));
      }

      override getConfig(): Serialization.ConfigDict {
        return {};
      }
    }
    return AddedActivation as unknown as AddedClass;
  });
}

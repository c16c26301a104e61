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

/** Keras 3's. That of TensorFlow.js, and of Keras 2, has another slope. */
export function hardSigmoid(x: Tensor): Tensor {
  return div(relu6(add(x, 3)), 6);
}

export function hardSilu(x: Tensor): Tensor {
  return mul(x, hardSigmoid(x));
}

/** By the names that TensorFlow.js makes of Keras's: without underscores. */
const ACTIVATIONS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  exponential: exp,
  hardSigmoidOfKeras3: hardSigmoid,
  hardSilu,
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

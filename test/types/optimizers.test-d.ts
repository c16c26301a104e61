/** The types of `tensorbundle/optimizers`, judged by the compiler. Nothing here runs. */
import type * as tf from '@tensorflow/tfjs';
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  KerasOptimizer,
  type KerasOptimizerState,
  LossScaleOptimizer,
  Nadam,
  RMSprop,
  SGD,
} from '../../src/optimizers.js';
import '../../src/register.js';
import { Checkpoint } from '../../src/tfjs.js';
import { holds, type Same } from './same.js';

export function optimizers(model: tf.LayersModel): void {
  const all = [
    new Adadelta({ rho: 0.9 }),
    new Adagrad({ initialAccumulatorValue: 0.1 }),
    new Adam({ learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-7, amsgrad: true }),
    new Adamax(),
    new AdamW({ weightDecay: 0.004, clipnorm: 1 }),
    new Nadam({ decay: 0 }),
    new RMSprop({ momentum: 0.9, centered: true }),
    new SGD({ momentum: 0.9, nesterov: true, globalClipnorm: null }),
  ];
  all satisfies (KerasOptimizer & KerasOptimizerState & tf.Optimizer)[];
  for (const optimizer of all) {
    model.compile({ optimizer, loss: 'meanSquaredError' });
    new Checkpoint({ model, optimizer });
    holds<Same<typeof optimizer.learningRate, number>>();
    optimizer.learningRate = 0.1;
  }
  const scaled = new LossScaleOptimizer(new SGD(), { initialScale: 1024, dynamicGrowthSteps: 10 });
  model.compile({ optimizer: scaled, loss: 'meanSquaredError' });
  holds<Same<[typeof scaled.dynamicScale, typeof scaled.iterations], [number, number]>>();
  // @ts-expect-error a base class
  new KerasOptimizer({});
  // @ts-expect-error the rate is one of the options
  new Adam(0.01);
  // @ts-expect-error Keras's spelling is not JavaScript's
  new Adam({ learning_rate: 0.01 });
  // @ts-expect-error an option of Adam
  new SGD({ beta1: 0.9 });
  // @ts-expect-error of which optimizer
  new LossScaleOptimizer();
  // @ts-expect-error options of the scale, not of the optimizer
  new LossScaleOptimizer(new SGD(), { learningRate: 0.1 });
  // @ts-expect-error steps are counted, not set
  new Adam().iterations = 5;
}

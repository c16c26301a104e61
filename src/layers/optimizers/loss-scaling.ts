/**
 * Loss scaling around an optimizer. Under `mixed_float16` Keras wraps optimizers by itself, so a checkpoint may have a
 * scale though nobody asked for one here: it is remembered for the optimizer that the checkpoint was restored into, and
 * written back.
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import { field, isOptimizer, type NumberState } from './optimizer-state.js';

/** Keras 3 has the optimizer in an object of its own, tf_keras the scale in an object of the optimizer's. */
export type ScalingForm = 'keras3' | 'tf_keras';

export interface LossScaling {
  /** Under whose keys it is written: those that it came under. */
  readonly form: ScalingForm;
  readonly scale: NumberState;
  /** Good steps since the scale was changed. */
  readonly counter: NumberState;
}

/** See src/optimizers/loss-scale.ts; it may come from another copy of the package. */
interface Wrapper {
  readonly innerOptimizer: Optimizer;
  dynamicScale: number;
  stepCounter: number;
}

interface Remembered {
  dynamicScale: number;
  stepCounter: number;
}

const forms = new WeakMap<Optimizer, ScalingForm>();
/** Of optimizers that are not wrapped here. */
const remembered = new WeakMap<Optimizer, Remembered>();

function isWrapper(optimizer: Optimizer): optimizer is Optimizer & Wrapper {
  const { innerOptimizer, dynamicScale, stepCounter } = optimizer as Optimizer & Partial<Wrapper>;
  return isOptimizer(innerOptimizer) && typeof dynamicScale === 'number' && typeof stepCounter === 'number';
}

/** The optimizer that makes the steps: the wrapped one, or the optimizer itself. */
export function steppingOptimizer(optimizer: Optimizer): Optimizer {
  return isWrapper(optimizer) ? optimizer.innerOptimizer : optimizer;
}

export function lossScalingOf(optimizer: Optimizer): LossScaling | undefined {
  const holder = isWrapper(optimizer) ? optimizer : remembered.get(optimizer);
  return (
    holder && {
      form: forms.get(optimizer) ?? 'keras3',
      scale: field(holder, 'dynamic_scale', 'dynamicScale'),
      counter: field(holder, 'step_counter', 'stepCounter'),
    }
  );
}

/** What a checkpoint had. An optimizer that is not wrapped keeps it as it was. */
export function restoreLossScaling(optimizer: Optimizer, form: ScalingForm, scale: number, counter: number): void {
  forms.set(optimizer, form);
  if (!isWrapper(optimizer)) return void remembered.set(optimizer, { dynamicScale: scale, stepCounter: counter });
  optimizer.dynamicScale = scale;
  optimizer.stepCounter = counter;
}

/** The checkpoint had none. A wrapper stays one. */
export function forgetLossScaling(optimizer: Optimizer): void {
  remembered.delete(optimizer);
  forms.delete(optimizer);
}

export { isWrapper as isLossScaling };

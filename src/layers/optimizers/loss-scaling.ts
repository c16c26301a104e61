/**
 * Loss scaling around an optimizer. Under `mixed_float16`, Keras wraps optimizers automatically, so a checkpoint may
 * have a scale although the optimizer here is not wrapped. The scale is then remembered for the optimizer that was
 * restored, and written back.
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import { field, isOptimizer, type NumberState } from './optimizer-state.js';

/** Keras 3 writes an outer object that holds the optimizer; tf_keras writes the scale as a child of the optimizer. */
export type ScalingForm = 'keras3' | 'tf_keras';

export interface LossScaling {
  /** Whose keys it is written under. */
  readonly form: ScalingForm;
  readonly scale: NumberState;
  /** Good steps since the scale last changed. */
  readonly counter: NumberState;
}

/** The fields of LossScaleOptimizer (src/optimizers/loss-scale.ts), which may come from another copy of the package. */
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
/** Scales for optimizers that are not wrapped here. */
const remembered = new WeakMap<Optimizer, Remembered>();

function isWrapper(optimizer: Optimizer): optimizer is Optimizer & Wrapper {
  const { innerOptimizer, dynamicScale, stepCounter } = optimizer as Optimizer & Partial<Wrapper>;
  return isOptimizer(innerOptimizer) && typeof dynamicScale === 'number' && typeof stepCounter === 'number';
}

/** The optimizer that makes the steps: the wrapped one, or the optimizer itself. */
export function steppingOptimizer(optimizer: Optimizer): Optimizer {
  return isWrapper(optimizer) ? optimizer.innerOptimizer : optimizer;
}

/** Default of `form`: that of the checkpoint that was restored, else Keras 3's. */
export function lossScalingOf(optimizer: Optimizer, form?: ScalingForm): LossScaling | undefined {
  const holder = isWrapper(optimizer) ? optimizer : remembered.get(optimizer);
  return (
    holder && {
      form: form ?? forms.get(optimizer) ?? 'keras3',
      scale: field(holder, 'dynamic_scale', 'dynamicScale'),
      counter: field(holder, 'step_counter', 'stepCounter'),
    }
  );
}

/** Restores what a checkpoint had. For an optimizer that is not wrapped, it is only remembered. */
export function restoreLossScaling(optimizer: Optimizer, form: ScalingForm, scale: number, counter: number): void {
  forms.set(optimizer, form);
  if (!isWrapper(optimizer)) return void remembered.set(optimizer, { dynamicScale: scale, stepCounter: counter });
  optimizer.dynamicScale = scale;
  optimizer.stepCounter = counter;
}

/** For a checkpoint without loss scaling. A wrapper keeps its scale. */
export function forgetLossScaling(optimizer: Optimizer): void {
  remembered.delete(optimizer);
  forms.delete(optimizer);
}

export { isWrapper as isLossScaling };

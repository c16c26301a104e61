import { type OptionList, refuseUnknown } from '../options.js';
import { add, div, mul, neg, serialization, sqrt, type Tensor } from '../tfjs-core.js';
import { KerasOptimizer, OPTIMIZER_OPTIONS, type OptimizerOptions, type VariableUpdate } from './base.js';
import type { SlotList } from './saved-state.js';

export interface AdadeltaOptions extends OptimizerOptions {
  /** Default 0.95. */
  rho?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

const OPTIONS: OptionList<AdadeltaOptions> = { ...OPTIMIZER_OPTIONS, rho: 'number', epsilon: 'number' };

/**
 * Adadelta as tf_keras/src/optimizers/adadelta.py. TensorFlow.js's own Adadelta divides by the accumulator of the step
 * before.
 */
export class Adadelta extends KerasOptimizer {
  static readonly className = 'KerasAdadelta';
  readonly kerasName = 'Adadelta';
  readonly slotLists: readonly SlotList[] = [
    { list: '_accumulated_grads', slot: 'accumulated_grad' },
    { list: '_accumulated_delta_vars', slot: 'accumulated_delta_var' },
  ];
  readonly rho: number;
  readonly epsilon: number;

  constructor(options: AdadeltaOptions = {}) {
    refuseUnknown(options, new.target.name, OPTIONS);
    super(options);
    this.rho = options.rho ?? 0.95;
    this.epsilon = options.epsilon ?? 1e-7;
  }

  protected update({ value, gradient, slots: [gradients, deltas], learningRate }: VariableUpdate): void {
    const { rho, epsilon } = this;
    const rms = (x: Tensor): Tensor => sqrt(add(x, epsilon));
    gradients!.assign(add(mul(rho, gradients!), mul(mul(1 - rho, gradient), gradient)));
    const delta = div(mul(neg(rms(deltas!)), gradient), rms(gradients!));
    deltas!.assign(add(mul(rho, deltas!), mul(mul(1 - rho, delta), delta)));
    value.assign(add(value, mul(learningRate, delta)));
  }

  protected options(): Record<string, number | boolean> {
    return { rho: this.rho, epsilon: this.epsilon };
  }
}

serialization.registerClass(Adadelta);

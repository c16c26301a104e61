import { type OptionList, refuseUnknown } from '../options.js';
import { add, mul, neg, serialization, type Tensor } from '../tfjs-core.js';
import { KerasOptimizer, OPTIMIZER_OPTIONS, type OptimizerOptions, type VariableUpdate } from './base.js';
import type { SlotList } from './saved-state.js';

export interface SGDOptions extends OptimizerOptions {
  /** Default 0. */
  momentum?: number;
  /** Default false. */
  nesterov?: boolean;
}

const OPTIONS: OptionList<SGDOptions> = { ...OPTIMIZER_OPTIONS, momentum: 'number', nesterov: 'flag' };

/**
 * Stochastic gradient descent with momentum, as tf_keras/src/optimizers/sgd.py. Its velocity has the learning rate in
 * it.
 */
export class SGD extends KerasOptimizer {
  static readonly className = 'KerasSGD';
  readonly kerasName = 'SGD';
  /** Keras keeps velocities even without momentum. */
  readonly slotLists: readonly SlotList[] = [{ list: 'momentums', slot: 'm' }];
  readonly momentum: number;
  readonly nesterov: boolean;

  constructor(options: SGDOptions = {}) {
    refuseUnknown(options, new.target.name, OPTIONS);
    super(options, 0.01);
    this.momentum = options.momentum ?? 0;
    this.nesterov = options.nesterov ?? false;
  }

  protected update({ value, gradient, slots: [velocity], learningRate }: VariableUpdate): void {
    const descent = mul(neg(gradient), learningRate);
    const moved = (): Tensor => add(descent, mul(velocity!, this.momentum));
    velocity!.assign(moved());
    value.assign(add(value, this.nesterov ? moved() : velocity!));
  }

  protected options(): Record<string, number | boolean> {
    return { momentum: this.momentum, nesterov: this.nesterov };
  }
}

serialization.registerClass(SGD);

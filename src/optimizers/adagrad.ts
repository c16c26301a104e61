import { type OptionList, refuseUnknown } from '../options.js';
import { add, div, fill, mul, serialization, sqrt, sub, type Tensor, type Variable } from '../tfjs-core.js';
import { KerasOptimizer, OPTIMIZER_OPTIONS, type OptimizerOptions, type VariableUpdate } from './base.js';
import type { SlotList } from './saved-state.js';

export interface AdagradOptions extends OptimizerOptions {
  /** Default 0.1. */
  initialAccumulatorValue?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

const OPTIONS: OptionList<AdagradOptions> = {
  ...OPTIMIZER_OPTIONS,
  initialAccumulatorValue: 'number',
  epsilon: 'number',
};

/** Adagrad as tf_keras/src/optimizers/adagrad.py. */
export class Adagrad extends KerasOptimizer {
  static readonly className = 'KerasAdagrad';
  readonly kerasName = 'Adagrad';
  readonly slotLists: readonly SlotList[] = [{ list: '_accumulators', slot: 'accumulator' }];
  readonly initialAccumulatorValue: number;
  readonly epsilon: number;

  constructor(options: AdagradOptions = {}) {
    refuseUnknown(options, new.target.name, OPTIONS);
    super(options);
    this.initialAccumulatorValue = options.initialAccumulatorValue ?? 0.1;
    this.epsilon = options.epsilon ?? 1e-7;
  }

  protected override initialSlot(value: Variable): Tensor {
    return fill(value.shape, this.initialAccumulatorValue);
  }

  protected update({ value, gradient, slots: [accumulator], learningRate }: VariableUpdate): void {
    accumulator!.assign(add(accumulator!, mul(gradient, gradient)));
    value.assign(sub(value, div(mul(learningRate, gradient), sqrt(add(accumulator!, this.epsilon)))));
  }

  protected options(): Record<string, number | boolean> {
    return { initialAccumulatorValue: this.initialAccumulatorValue, epsilon: this.epsilon };
  }
}

serialization.registerClass(Adagrad);

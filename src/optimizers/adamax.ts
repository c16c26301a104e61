import { type OptionList, refuseUnknown } from '../options.js';
import { abs, add, div, maximum, mul, serialization, sub } from '../tfjs-core.js';
import { power } from './adam.js';
import { KerasOptimizer, OPTIMIZER_OPTIONS, type OptimizerOptions, type VariableUpdate } from './base.js';
import type { SlotList } from './saved-state.js';

export interface AdamaxOptions extends OptimizerOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

const OPTIONS: OptionList<AdamaxOptions> = {
  ...OPTIMIZER_OPTIONS,
  beta1: 'number',
  beta2: 'number',
  epsilon: 'number',
};

/** Adamax as tf_keras/src/optimizers/adamax.py. */
export class Adamax extends KerasOptimizer {
  static readonly className = 'KerasAdamax';
  readonly kerasName = 'Adamax';
  readonly slotLists: readonly SlotList[] = [
    { list: '_m', slot: 'm' },
    { list: '_u', slot: 'u' },
  ];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  constructor(options: AdamaxOptions = {}) {
    refuseUnknown(options, new.target.name, OPTIONS);
    super(options);
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-7;
  }

  protected update({ value, gradient, slots: [m, u], learningRate, step }: VariableUpdate): void {
    const { beta1, beta2, epsilon } = this;
    m!.assign(add(m!, mul(sub(gradient, m!), 1 - beta1)));
    u!.assign(maximum(mul(beta2, u!), abs(gradient)));
    const scale = mul(sub(1, power(beta1, step)), add(u!, epsilon));
    value.assign(sub(value, div(mul(learningRate, m!), scale)));
  }

  protected options(): Record<string, number | boolean> {
    return { beta1: this.beta1, beta2: this.beta2, epsilon: this.epsilon };
  }
}

serialization.registerClass(Adamax);

import { type OptionList, refuseUnknown } from '../options.js';
import {
  add,
  div,
  maximum,
  mul,
  pow,
  type Scalar,
  scalar,
  serialization,
  sqrt,
  square,
  sub,
  type Tensor,
} from '../tfjs-core.js';
import { KerasOptimizer, OPTIMIZER_OPTIONS, type OptimizerOptions, type VariableUpdate } from './base.js';
import type { SlotList } from './saved-state.js';

export interface AdamOptions extends OptimizerOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7. */
  epsilon?: number;
  /** Default false. */
  amsgrad?: boolean;
}

const OPTIONS: OptionList<AdamOptions> = {
  ...OPTIMIZER_OPTIONS,
  beta1: 'number',
  beta2: 'number',
  epsilon: 'number',
  amsgrad: 'flag',
};

/** Adam as tf_keras/src/optimizers/adam.py. TensorFlow.js's own Adam has its epsilon inside the bias correction. */
export class Adam extends KerasOptimizer {
  static readonly className: string = 'KerasAdam';
  readonly kerasName: string = 'Adam';
  readonly slotLists: readonly SlotList[];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;

  constructor(options: AdamOptions = {}) {
    refuseUnknown(options, new.target.name, OPTIONS);
    super(options);
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-7;
    this.amsgrad = options.amsgrad ?? false;
    const moments = [
      { list: '_momentums', slot: 'm' },
      { list: '_velocities', slot: 'v' },
    ];
    this.slotLists = this.amsgrad ? [...moments, { list: '_velocity_hats', slot: 'vhat' }] : moments;
  }

  protected update({ value, gradient, slots: [m, v, hat], learningRate, step }: VariableUpdate): void {
    const { beta1, beta2, epsilon } = this;
    const alpha = div(mul(learningRate, sqrt(sub(1, power(beta2, step)))), sub(1, power(beta1, step)));
    m!.assign(add(m!, mul(sub(gradient, m!), 1 - beta1)));
    v!.assign(add(v!, mul(sub(square(gradient), v!), 1 - beta2)));
    if (hat) hat.assign(maximum(hat, v!));
    value.assign(sub(value, div(mul(m!, alpha), add(sqrt(hat ?? v!), epsilon))));
  }

  protected options(): Record<string, number | boolean> {
    return { beta1: this.beta1, beta2: this.beta2, epsilon: this.epsilon, amsgrad: this.amsgrad };
  }
}

/** Adam with decoupled weight decay, as tf_keras/src/optimizers/adamw.py; `weightDecay` is 0.004 by default. */
export class AdamW extends Adam {
  static override readonly className = 'KerasAdamW';
  override readonly kerasName = 'AdamW';

  constructor(options: AdamOptions = {}) {
    refuseUnknown(options, new.target.name, OPTIONS);
    super({ ...options, weightDecay: options.weightDecay ?? 0.004 });
  }
}

/** Computed by the backend, in float32: with TensorFlow as the backend, it is TensorFlow's own `pow`. */
export function power(base: number, exponent: Scalar): Tensor {
  return pow(scalar(base, 'float32'), exponent);
}

serialization.registerClass(Adam);
serialization.registerClass(AdamW);

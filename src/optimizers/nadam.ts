import { type OptionList, refuseUnknown } from '../options.js';
import {
  add,
  div,
  mul,
  type Scalar,
  scalar,
  serialization,
  sqrt,
  square,
  sub,
  type Tensor,
  tidy,
  type Variable,
  variable,
} from '../tfjs-core.js';
import { power } from './adam.js';
import { KerasOptimizer, OPTIMIZER_OPTIONS, type OptimizerOptions, type VariableUpdate } from './base.js';
import type { NumberInState, SlotList } from './saved-state.js';

export interface NadamOptions extends OptimizerOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

/** How the momentum grows with the steps. */
const MOMENTUM_DECAY = 0.96;

const OPTIONS: OptionList<NadamOptions> = { ...OPTIMIZER_OPTIONS, beta1: 'number', beta2: 'number', epsilon: 'number' };

/** Adam with Nesterov's momentum, as tf_keras/src/optimizers/nadam.py. */
export class Nadam extends KerasOptimizer {
  static readonly className = 'KerasNadam';
  readonly kerasName = 'Nadam';
  readonly slotLists: readonly SlotList[] = [
    { list: '_momentums', slot: 'm' },
    { list: '_velocities', slot: 'v' },
  ];
  override readonly scalars: readonly NumberInState[];
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /**
   * The product of the momentums of all steps; float32. Made when it is first needed, because there may not be a
   * backend before.
   */
  #product: Variable | undefined;

  constructor(options: NadamOptions = {}) {
    refuseUnknown(options, new.target.name, OPTIONS);
    super(options);
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-7;
    this.scalars = [
      {
        name: '_u_product',
        get: () => this.#product?.dataSync()[0] ?? 1,
        set: value => {
          tidy(() => this.#productVariable().assign(scalar(value, 'float32')));
        },
      },
    ];
  }

  protected override begin(step: Scalar): void {
    const product = this.#productVariable();
    product.assign(mul(product, this.#momentum(step)));
  }

  protected update({ value, gradient, slots: [m, v], learningRate, step }: VariableUpdate): void {
    const { beta1, beta2, epsilon } = this;
    const now = this.#momentum(step);
    const next = this.#momentum(add(step, 1));
    m!.assign(add(m!, mul(sub(gradient, m!), 1 - Math.fround(beta1))));
    v!.assign(add(v!, mul(sub(square(gradient), v!), 1 - Math.fround(beta2))));
    const product = this.#productVariable();
    const ahead = div(mul(next, m!), sub(1, mul(product, next)));
    const mean = add(ahead, div(mul(sub(1, now), gradient), sub(1, product)));
    const variance = div(v!, sub(1, power(beta2, step)));
    value.assign(sub(value, div(mul(mean, learningRate), add(sqrt(variance), epsilon))));
  }

  override dispose(): void {
    super.dispose();
    this.#product?.dispose();
    this.#product = undefined;
  }

  #productVariable(): Variable {
    this.#product ??= tidy(() => variable(scalar(1, 'float32'), false));
    return this.#product;
  }

  protected options(): Record<string, number | boolean> {
    return { beta1: this.beta1, beta2: this.beta2, epsilon: this.epsilon };
  }

  /** The momentum of a step. */
  #momentum(step: Scalar): Tensor {
    return mul(this.beta1, sub(1, mul(0.5, power(MOMENTUM_DECAY, step))));
  }
}

serialization.registerClass(Nadam);

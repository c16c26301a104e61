import { type OptionList, refuseUnknown } from '../options.js';
import { add, mul, rsqrt, serialization, square, sub } from '../tfjs-core.js';
import { KerasOptimizer, OPTIMIZER_OPTIONS, type OptimizerOptions, type VariableUpdate } from './base.js';
import type { SlotList } from './saved-state.js';

export interface RMSpropOptions extends OptimizerOptions {
  /** Default 0.9. */
  rho?: number;
  /** Default 0. */
  momentum?: number;
  /** Default 1e-7. */
  epsilon?: number;
  /** Default false. TensorFlow.js's own centered form subtracts its epsilon, so it takes roots of negative numbers. */
  centered?: boolean;
}

const OPTIONS: OptionList<RMSpropOptions> = {
  ...OPTIMIZER_OPTIONS,
  rho: 'number',
  momentum: 'number',
  epsilon: 'number',
  centered: 'flag',
};

/** RMSprop as tf_keras/src/optimizers/rmsprop.py. */
export class RMSprop extends KerasOptimizer {
  static readonly className = 'KerasRMSprop';
  readonly kerasName = 'RMSprop';
  override readonly interleaved = false;
  readonly slotLists: readonly SlotList[];
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;

  constructor(options: RMSpropOptions = {}) {
    refuseUnknown(options, new.target.name, OPTIONS);
    super(options);
    this.rho = options.rho ?? 0.9;
    this.momentum = options.momentum ?? 0;
    this.epsilon = options.epsilon ?? 1e-7;
    this.centered = options.centered ?? false;
    this.slotLists = [
      { list: '_velocities', slot: 'velocity' },
      ...(this.momentum > 0 ? [{ list: '_momentums', slot: 'momentum' }] : []),
      ...(this.centered ? [{ list: '_average_gradients', slot: 'average_gradient' }] : []),
    ];
  }

  protected update({ value, gradient, slots, learningRate }: VariableUpdate): void {
    const { rho, epsilon } = this;
    const [velocity] = slots;
    const momentum = this.momentum > 0 ? slots[1]! : undefined;
    velocity!.assign(add(mul(rho, velocity!), mul(1 - rho, square(gradient))));
    let denominator = add(velocity!, epsilon);
    if (this.centered) {
      const average = slots.at(-1)!;
      average.assign(add(mul(rho, average), mul(1 - rho, gradient)));
      denominator = add(sub(velocity!, square(average)), epsilon);
    }
    const increment = mul(mul(learningRate, gradient), rsqrt(denominator));
    momentum?.assign(add(mul(this.momentum, momentum), increment));
    value.assign(sub(value, momentum ?? increment));
  }

  protected options(): Record<string, number | boolean> {
    const { rho, momentum, epsilon, centered } = this;
    return { rho, momentum, epsilon, centered };
  }
}

serialization.registerClass(RMSprop);

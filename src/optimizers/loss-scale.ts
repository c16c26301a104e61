/** Loss scaling, as keras/src/optimizers/loss_scale_optimizer.py: small gradients of float16 do not become zero. */

import type { serialization as Serialization } from '@tensorflow/tfjs-core';
import { argumentMustBe, invalidArgument, TensorBundleError } from '../errors.js';
import { type OptionList, refuseUnknown } from '../options.js';
import {
  all,
  areFinite,
  clone,
  div,
  keep,
  mul,
  type NamedTensorMap,
  Optimizer,
  type Scalar,
  scalar,
  serialization,
  stack,
  type Tensor,
  tidy,
  type Variable,
  variableGrads,
} from '../tfjs-core.js';

export interface LossScaleOptions {
  /** The initial factor for the loss; above 0. Default 32,768. */
  initialScale?: number;
  /**
   * The scale is doubled after this number of steps in a row with finite gradients; an integer of 1 or more. Default
   * 2000.
   */
  dynamicGrowthSteps?: number;
}

const LOSS_SCALE_OPTIONS: OptionList<LossScaleOptions> = { initialScale: 'number', dynamicGrowthSteps: 'number' };

/** The form in which tfjs gives gradients and weights. */
interface NamedTensor {
  name: string;
  tensor: Tensor;
}

/** The form in which tfjs saves an optimizer within another. */
interface LossScaleConfig extends LossScaleOptions {
  innerOptimizer: { className: string; config: Serialization.ConfigDict };
}

const [SCALE, COUNTER] = ['dynamic_scale', 'step_counter'];

/**
 * Wraps another optimizer, as Keras 3 does automatically under `mixed_float16`. `minimize` (and so `model.fit`)
 * computes the gradients of the scaled loss; the step is made with the gradients divided by the scale. A step with a
 * gradient that is not finite is left out, and the scale is halved. After `dynamicGrowthSteps` good steps in a row it
 * is doubled.
 *
 * `computeGradients` gives scaled gradients, and `applyGradients` expects scaled ones, as Keras's `apply` does. If you
 * compute gradients yourself, scale the loss with `scaleLoss`. Each step waits for one number from the backend. A
 * checkpoint has the scale and the count of good steps, under the keys of Keras 3, or under those of tf_keras if they
 * came from there.
 *
 * @example model.compile({ optimizer: new LossScaleOptimizer(new Adam({ learningRate: 0.01 })), loss:
 * 'meanSquaredError' });
 */
export class LossScaleOptimizer extends Optimizer {
  static readonly className = 'KerasLossScaleOptimizer';
  readonly innerOptimizer: Optimizer;
  readonly initialScale: number;
  readonly dynamicGrowthSteps: number;
  /** The present factor for the loss, a float32. */
  dynamicScale: number;
  /** Good steps since the scale last changed. */
  stepCounter: number;

  /**
   * Throws ERR_INVALID_ARGUMENT for something that is not an optimizer or wraps one itself, and for options out of
   * range.
   */
  constructor(innerOptimizer: Optimizer, options: LossScaleOptions = {}) {
    super();
    refuseUnknown(options, 'LossScaleOptimizer', LOSS_SCALE_OPTIONS);
    const { initialScale = 2 ** 15, dynamicGrowthSteps = 2000 } = options;
    checkInner(innerOptimizer);
    if (!(initialScale > 0 && Number.isFinite(Math.fround(initialScale)))) {
      throw argumentMustBe('initialScale', 'a finite number above 0', initialScale);
    }
    if (!Number.isInteger(dynamicGrowthSteps) || dynamicGrowthSteps < 1) {
      throw argumentMustBe('dynamicGrowthSteps', 'an integer of 1 or more', dynamicGrowthSteps);
    }
    this.innerOptimizer = innerOptimizer;
    this.initialScale = initialScale;
    this.dynamicGrowthSteps = dynamicGrowthSteps;
    this.dynamicScale = Math.fround(initialScale);
    this.stepCounter = 0;
  }

  /** The inner optimizer's learning rate. */
  get learningRate(): number {
    return (this.innerOptimizer as Optimizer & { learningRate: number }).learningRate;
  }

  set learningRate(value: number) {
    const inner = this.innerOptimizer as Optimizer & {
      learningRate: number;
      setLearningRate?: (value: number) => void;
    };
    // tfjs's SGD also keeps the rate as a tensor, which its own method replaces.
    if (inner.setLearningRate) inner.setLearningRate(value);
    else inner.learningRate = value;
  }

  /** The number of steps that were made, without those that were left out. */
  override get iterations(): number {
    return this.innerOptimizer.iterations;
  }

  /** The loss times the scale of the next step. */
  scaleLoss<T extends Tensor>(loss: T): T {
    return mul(loss, scalar(this.dynamicScale, 'float32')) as T;
  }

  /** `value` is the loss that `f` returns, not scaled; `grads` are the gradients of the scaled loss. */
  override computeGradients(f: () => Scalar, varList?: Variable[]): { value: Scalar; grads: NamedTensorMap } {
    let loss: Scalar | undefined;
    const scaled = (): Scalar => {
      const value = f();
      loss = keep(clone(value));
      return this.scaleLoss(value);
    };
    try {
      const { value, grads } = variableGrads(scaled, varList);
      value.dispose();
      return { value: clone(loss!), grads };
    } finally {
      loss?.dispose();
    }
  }

  /** `gradients` are those of the scaled loss. Variables without a gradient stay as they are. */
  override applyGradients(gradients: NamedTensorMap | NamedTensor[]): void {
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    if (!allFinite(named.flatMap(({ tensor }) => tensor ?? []))) {
      this.stepCounter = 0;
      this.dynamicScale = Math.fround(this.dynamicScale * 0.5);
      return;
    }
    tidy(() => {
      const scale = scalar(this.dynamicScale, 'float32');
      // Also variables without a gradient (frozen ones), because TensorFlow.js's optimizers identify variables by their
      // places in the list.
      this.innerOptimizer.applyGradients(
        named.map(({ name, tensor }) => ({ name, tensor: tensor == null ? tensor : div(tensor, scale) })),
      );
    });
    if (this.stepCounter === this.dynamicGrowthSteps - 1) {
      this.stepCounter = 0;
      this.dynamicScale = Math.fround(this.dynamicScale * 2);
    } else this.stepCounter++;
  }

  /** Disposes of the inner optimizer's state, too. The scale begins anew. */
  override dispose(): void {
    this.innerOptimizer.dispose();
    this.dynamicScale = Math.fround(this.initialScale);
    this.stepCounter = 0;
  }

  /** The inner optimizer's weights, then scale and counter. */
  override async getWeights(): Promise<NamedTensor[]> {
    return [
      ...(await this.innerOptimizer.getWeights()),
      { name: SCALE!, tensor: scalar(this.dynamicScale, 'float32') },
      { name: COUNTER!, tensor: scalar(this.stepCounter, 'int32') },
    ];
  }

  override async setWeights(weights: NamedTensor[]): Promise<void> {
    for (const { name, tensor } of weights) {
      if (name === SCALE) this.dynamicScale = (await tensor.data())[0]!;
      if (name === COUNTER) this.stepCounter = (await tensor.data())[0]!;
    }
    await this.innerOptimizer.setWeights(weights.filter(({ name }) => name !== SCALE && name !== COUNTER));
  }

  override getConfig(): Serialization.ConfigDict {
    const { innerOptimizer, initialScale, dynamicGrowthSteps } = this;
    const inner = { className: innerOptimizer.getClassName(), config: innerOptimizer.getConfig() };
    return { innerOptimizer: inner, initialScale, dynamicGrowthSteps };
  }

  /**
   * Called by tfjs to restore an optimizer that was saved with its model. Throws ERR_NOT_SUPPORTED for an inner class
   * that is not registered.
   */
  static override fromConfig<T extends Serialization.Serializable>(
    cls: Serialization.SerializableConstructor<T>,
    config: Serialization.ConfigDict,
  ): T {
    // TensorFlow.js adds `customObjects` to the result of `getConfig`.
    const given = config as unknown as LossScaleConfig & { customObjects?: unknown };
    const { innerOptimizer, customObjects: _custom, ...options } = given;
    const [inner, make] = serialization.SerializationMap.getMap().classNameMap[innerOptimizer.className] ?? [];
    if (inner === undefined || make === undefined) {
      throw new TensorBundleError(
        'ERR_NOT_SUPPORTED',
        `the optimizer ${innerOptimizer.className} in a LossScaleOptimizer is not registered with TensorFlow.js; ` +
          'import its class first',
        { found: innerOptimizer.className },
      );
    }
    return new cls(make(inner, innerOptimizer.config), options);
  }
}

/** One number for all tensors, because reading a number waits for the backend. */
function allFinite(tensors: readonly Tensor[]): boolean {
  if (tensors.length === 0) return true;
  return tidy(() => all(stack(tensors.map(tensor => all(areFinite(tensor))))).dataSync()[0] !== 0);
}

function checkInner(inner: Optimizer): void {
  const { applyGradients, innerOptimizer } = (inner ?? {}) as Partial<Optimizer & { innerOptimizer: unknown }>;
  if (typeof applyGradients === 'function' && innerOptimizer === undefined) return;
  throw invalidArgument(
    'give LossScaleOptimizer the optimizer that makes the steps: one of tf.train or of tensorbundle/optimizers',
  );
}

serialization.registerClass(LossScaleOptimizer);

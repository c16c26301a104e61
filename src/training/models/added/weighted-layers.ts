/** Layers with weights that Keras has and TensorFlow.js lacks. */
import type { serialization as Serialization } from '@tensorflow/tfjs-core';
import type * as tfjsLayers from '@tensorflow/tfjs-layers';
import type { Shape } from '@tensorflow/tfjs-layers';
import {
  add,
  cast,
  div,
  maximum,
  mul,
  pad,
  reshape,
  serialization,
  sqrt,
  sub,
  type Tensor,
  tensor,
  tidy,
} from '../../../tfjs-core.js';
import type { AddedClass, LayerBase, Options } from './added-layer.js';

type Weight = ReturnType<InstanceType<LayerBase>['addWeight']>;

export function weightedLayers(tfjs: typeof tfjsLayers): AddedClass[] {
  return [normalization(tfjs), causalConvolution()];
}

/** As keras/src/layers/preprocessing/normalization.py: its mean and variance are weights, or given as options. */
function normalization({ layers, initializers }: typeof tfjsLayers): AddedClass {
  class Normalization extends layers.Layer {
    static readonly className = 'Normalization';
    readonly axis: readonly number[];
    readonly inverse: boolean;
    readonly given: readonly [mean: unknown, variance: unknown] | undefined;
    // Keras's names, by which a checkpoint has them.
    adapt_mean: Weight | null = null;
    adapt_variance: Weight | null = null;
    count: Weight | null = null;

    constructor(config: Options = {}) {
      super(config as ConstructorParameters<LayerBase>[0]);
      const { axis = -1, mean = null, variance = null, invert = false } = config;
      this.axis = axis === null ? [] : [axis as number].flat();
      this.given = mean === null || variance === null ? undefined : [mean, variance];
      this.inverse = invert === true;
    }

    override build(inputShape: Shape | Shape[]): void {
      if (this.given === undefined) {
        const shape = this.#axes(inputShape as Shape).map(i => (inputShape as Shape)[i]!);
        const { zeros, ones } = initializers;
        this.adapt_mean = this.addWeight('mean', shape, 'float32', zeros(), undefined, false);
        this.adapt_variance = this.addWeight('variance', shape, 'float32', ones(), undefined, false);
        this.count = this.addWeight('count', [], 'int32', zeros(), undefined, false);
      }
      super.build(inputShape);
    }

    #axes(shape: readonly (number | null)[]): number[] {
      return this.axis.map(one => (one < 0 ? one + shape.length : one)).sort((a, b) => a - b);
    }

    override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
      return inputShape;
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tidy(() => {
        const x = cast(Array.isArray(inputs) ? inputs[0]! : inputs, 'float32');
        const axes = this.#axes(x.shape);
        const shape = x.shape.map((length, i) => (axes.includes(i) ? length : 1));
        const value = (weight: Weight | null, given: unknown): Tensor => {
          const one = weight === null ? tensor(given as number, undefined, 'float32') : (weight.read() as Tensor);
          return one.size === 1 && axes.length === 0 ? one : reshape(one, one.size === 1 ? shape.map(() => 1) : shape);
        };
        const mean = value(this.adapt_mean, this.given?.[0]);
        const deviation = maximum(sqrt(value(this.adapt_variance, this.given?.[1])), 1e-7);
        return this.inverse ? add(mul(x, deviation), mean) : div(sub(x, mean), deviation);
      });
    }

    override getConfig(): Serialization.ConfigDict {
      const [mean = null, variance = null] = this.given ?? [];
      const axis = this.axis.length === 0 ? null : [...this.axis];
      return { ...super.getConfig(), axis, mean, variance, invert: this.inverse } as Serialization.ConfigDict;
    }
  }
  return Normalization as unknown as AddedClass;
}

/** `Conv1D(padding='causal')`: the input is padded at its beginning. */
function causalConvolution(): AddedClass {
  const map = serialization.SerializationMap.getMap().classNameMap;
  const Conv1D = map.Conv1D![0] as unknown as LayerBase;
  class CausalConv1D extends Conv1D {
    static readonly className = 'KerasConv1D';
    readonly #before: number;
    readonly #stride: number;

    constructor(config: Options) {
      super({ ...config, padding: 'valid' } as ConstructorParameters<LayerBase>[0]);
      const [size, dilation, stride] = [config.kernelSize, config.dilationRate ?? 1, config.strides ?? 1].map(
        one => [one].flat()[0] as number,
      ) as [number, number, number];
      this.#before = (size - 1) * dilation;
      this.#stride = stride;
    }

    override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
      const [batch, length, ...rest] = inputShape as Shape;
      const [, , filters] = super.computeOutputShape([batch!, null, ...rest]) as Shape;
      return [batch!, length === null || length === undefined ? null : Math.ceil(length / this.#stride), filters!];
    }

    override call(inputs: Tensor | Tensor[], kwargs: Record<string, unknown>): Tensor | Tensor[] {
      return tidy(() => {
        const x = Array.isArray(inputs) ? inputs[0]! : inputs;
        return super.call(
          pad(x, [
            [0, 0],
            [this.#before, 0],
            [0, 0],
          ]),
          kwargs as Parameters<InstanceType<LayerBase>['call']>[1],
        );
      });
    }

    override getConfig(): Serialization.ConfigDict {
      return { ...super.getConfig(), padding: 'causal' };
    }
  }
  return CausalConv1D as unknown as AddedClass;
}

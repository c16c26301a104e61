/**
 * Layers without weights that Keras has and TensorFlow.js lacks. Each is a line of a table: its options, what it
 * computes, and the shape of that.
 */
import type { serialization } from '@tensorflow/tfjs-core';
import type { layers, Shape } from '@tensorflow/tfjs-layers';
import { type Tensor, tidy } from '../../../tfjs-core.js';

export type { Shape };
/** Options by TensorFlow.js's names. */
export type Options = Readonly<Record<string, unknown>>;

export interface AddedKind {
  /** The options and their default values. */
  readonly options: Options;
  compute(inputs: readonly Tensor[], options: Options): Tensor;
  /** Of the output. Throws for inputs that the layer cannot have. */
  shape(inputs: readonly Shape[], options: Options): Shape;
  /** Whether masks are passed on; false by default. */
  readonly passesMasks?: boolean;
}

export type LayerBase = typeof layers.Layer;
export type AddedClass = Parameters<typeof serialization.registerClass>[0];

/** The class for a line of a table. `Base`: `tf.layers.Layer`. */
export function addedLayer(Base: LayerBase, name: string, kind: AddedKind): AddedClass {
  class AddedLayer extends Base {
    static readonly className = name;
    readonly options: Options;

    constructor(config: Options = {}) {
      super(config as ConstructorParameters<LayerBase>[0]);
      const given = Object.keys(kind.options).map(key => [key, config[key] ?? kind.options[key]] as const);
      this.options = Object.fromEntries(given);
      this.supportsMasking = kind.passesMasks === true;
    }

    override computeOutputShape(inputShape: Shape | Shape[]): Shape {
      return kind.shape(isShape(inputShape) ? [inputShape] : inputShape, this.options);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return tidy(() => kind.compute(Array.isArray(inputs) ? inputs : [inputs], this.options));
    }

    override getConfig(): serialization.ConfigDict {
      return { ...super.getConfig(), ...this.options } as serialization.ConfigDict;
    }
  }
  return AddedLayer as unknown as AddedClass;
}

function isShape(shape: Shape | Shape[]): shape is Shape {
  return !shape.some(Array.isArray);
}

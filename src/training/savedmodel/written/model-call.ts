/** What a model computes, as functions that can be traced. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { TensorBundleError } from '../../../errors.js';
import { fieldOf, isLayer } from '../../../layers/family.js';
import { layerKind } from '../../../layers/registry.js';
import type { Layer, LayersModel } from '../../../layers/types.js';
import { dispose } from '../../../tfjs-core.js';

/** Where cells keep the dropout masks of a sequence. */
const MASKS = ['dropoutMask', 'recurrentDropoutMask'] as const;

type Masks = Partial<Record<(typeof MASKS)[number], Tensor | Tensor[] | null>>;

export class ModelCall {
  readonly #model: LayersModel;
  readonly #layers: readonly Layer[];
  readonly #undo: (() => void)[] = [];
  /** The innermost layer in which something was thrown. */
  #failed: Layer | undefined;

  /** Throws ERR_NOT_SUPPORTED if a layer keeps a state from call to call. */
  constructor(model: LayersModel) {
    this.#model = model;
    this.#layers = layersIn(model);
    const stateful = this.#layers.find(layer => !('layers' in layer) && layer.stateful);
    if (!stateful) return;
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `${nameOf(stateful)} is stateful: what it gives depends on the calls before, which a function of a SavedModel ` +
        'does not know',
      { found: stateful.name },
    );
  }

  /**
   * Does `trace`, which may call the function it gets many times; the model is as before afterwards. Errors name the
   * layer.
   */
  tracing<T>(training: boolean, trace: (fn: (...inputs: Tensor[]) => Tensor | Tensor[]) => T): T {
    for (const layer of this.#layers) this.#enter(layer);
    try {
      return trace((...inputs) => this.#call(inputs, training));
    } finally {
      for (const undo of this.#undo.splice(0).reverse()) undo();
    }
  }

  #call(inputs: Tensor[], training: boolean): Tensor | Tensor[] {
    this.#failed = undefined;
    try {
      // `predict` would divide the batch, and has no training mode. It does not apply the model either, but calls it:
      // applied, it gives all layers one object, in which recurrent ones leave their initial states.
      if (training) return this.#model.apply(inputs, { training }) as Tensor | Tensor[];
      const outputs = [this.#model.call(inputs, undefined as never)].flat();
      return outputs.length === 1 ? outputs[0]! : outputs;
    } catch (error) {
      throw this.#named(error as Error);
    } finally {
      for (const layer of this.#layers) disposeMasks(layer);
    }
  }

  /** What is thrown in the layer is known to be of it. Masks of a training that goes on stay out of the function. */
  #enter(layer: Layer): void {
    const own = Object.getOwnPropertyDescriptor(layer, 'call');
    const { call } = layer;
    const watched: typeof call = (...given) => {
      try {
        return call.apply(layer, given);
      } catch (error) {
        this.#failed ??= layer;
        throw error;
      }
    };
    Object.defineProperty(layer, 'call', { value: watched, configurable: true, writable: true });
    this.#undo.push(() => {
      if (own) Object.defineProperty(layer, 'call', own);
      else Reflect.deleteProperty(layer, 'call');
    });
    for (const masks of masked(layer)) {
      for (const field of MASKS) {
        const mask = masks[field];
        if (!mask) continue;
        masks[field] = null;
        this.#undo.push(() => {
          masks[field] = mask;
        });
      }
    }
  }

  /** An error of this package says where it was. */
  #named(error: Error): Error {
    const layer = this.#failed;
    if (!layer || error instanceof TensorBundleError) return error;
    return new Error(`${nameOf(layer)} threw: ${error.message}`, { cause: error });
  }
}

function nameOf(layer: Layer): string {
  return `the layer '${layer.name}' (${layer.getClassName()})`;
}

/** All layers in the model, however deep. A cell that its layer made is part of that. */
export function layersIn(model: LayersModel): Layer[] {
  const found = new Set<Layer>();
  const walk = (holder: Layer): void => {
    for (const layer of layerKind(holder).inner?.(holder) ?? []) {
      if (found.has(layer)) continue;
      found.add(layer);
      walk(layer);
    }
  };
  walk(model);
  return [...found];
}

/** What may keep masks for a layer. */
function masked(layer: Layer): readonly Masks[] {
  const cell = fieldOf(layer, 'cell');
  return isLayer(cell) ? [layer as Masks, cell as Masks] : [layer as Masks];
}

/** tfjs keeps them beyond the call, until the next one. */
function disposeMasks(layer: Layer): void {
  for (const masks of masked(layer)) {
    for (const field of MASKS) {
      const mask = masks[field];
      if (!mask) continue;
      dispose(mask);
      masks[field] = null;
    }
  }
}

/**
 * The base class of the callbacks. TensorFlow.js accepts only an instance of its own class as a callback. It silently
 * takes anything else for a configuration (tfjs-layers/src/base_callbacks.ts, standardizeCallbacks): `model` is never
 * set, and the functions are called without the object.
 */
import type * as tfjsLayers from '@tensorflow/tfjs-layers';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { invalidArgument } from '../../errors.js';
import { optionalLayers } from '../models/tfjs-layers.js';

const HOOKS = ['onTrainBegin', 'onTrainEnd', 'onEpochBegin', 'onEpochEnd', 'onBatchBegin', 'onBatchEnd'] as const;
type Callback = tfjsLayers.Callback;

const layers = optionalLayers();

const Base: new () => Callback = (layers?.Callback as never) ?? class {};

/** A callback that knows its model. It works with another copy of TensorFlow.js if it is given a model of that copy. */
export abstract class TrainingCallback extends Base {
  readonly #given: LayersModel | undefined;
  /** The `this` with which a hook was called the last time. */
  #caller: unknown = this;
  #awaitsModel = false;

  constructor(model: LayersModel | undefined) {
    super();
    this.#given = model;
    // A copy of TensorFlow.js that takes this object for a configuration calls the hooks with another `this`.
    const self = this;
    for (const hook of HOOKS) {
      const own = this[hook] as (...given: unknown[]) => Promise<void>;
      this[hook] = function (this: unknown, ...given: unknown[]): Promise<void> {
        self.#caller = this;
        return own.apply(self, given);
      };
    }
    if (model) this.model = model;
  }

  /**
   * TensorFlow.js calls `setParams` of each callback in turn, and right afterwards `setModel` of each. If the call of
   * `setModel` does not come, something later in the list is not a callback. The error that TensorFlow.js then throws
   * does not say so: `callback.setParams is not a function`.
   */
  override setParams(params: Parameters<Callback['setParams']>[0]): void {
    this.params = params;
    this.#awaitsModel = true;
    void Promise.resolve().then(() => {
      if (!this.#awaitsModel) return;
      this.#awaitsModel = false;
      process.emitWarning(
        `the training has not begun: in the list of callbacks, something after this ${this.constructor.name} is not ` +
          'a callback, such as a plain object of functions; give `new tf.CustomCallback({ … })` in its place',
        { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_CALLBACKS' },
      );
    });
  }

  /**
   * The model may be of another copy of TensorFlow.js. A Sequential trains the functional model inside it, and passes
   * only that one.
   */
  override setModel(model: unknown): void {
    this.#awaitsModel = false;
    const isInside = (this.#given as { model?: unknown } | undefined)?.model === model;
    this.model = isInside ? this.#given! : (model as LayersModel);
  }

  /** The model that is trained. Throws ERR_INVALID_ARGUMENT if TensorFlow.js did not say. */
  protected get trained(): LayersModel {
    const model = this.model as LayersModel | null | undefined;
    if (model) return model;
    const name = this.constructor.name;
    // This copy of TensorFlow.js took the first callback for a configuration, and therefore this one too.
    if (layers && this.#caller instanceof layers.CustomCallback)
      throw invalidArgument(
        `this ${name} was not told which model is trained: the first of the callbacks is a plain object of ` +
          'functions, and TensorFlow.js then takes all of them for such objects; give `new tf.CustomCallback({ … })` ' +
          'in its place',
      );
    throw invalidArgument(
      `this ${name} was made with another copy of @tensorflow/tfjs-layers than the model that is trained, so that ` +
        'the model is not known: install only one copy (npm ls @tensorflow/tfjs-layers), or give the callback the ' +
        'option `model`',
    );
  }
}

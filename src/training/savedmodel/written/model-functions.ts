/**
 * The functions of a model, as Keras writes them beside its metadata: `__call__`, with and without training, and the
 * signature `serving_default` (tf_keras/src/saving/legacy/saved_model/save_impl.py).
 */
import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '../../../layers/types.js';
import { liveValue } from '../../../layers/variable.js';
import type { KerasConfig } from '../../keras/config/written/keras-config.js';
import { SERVING_DEFAULT } from './chosen-signatures.js';
import type { FunctionSource, SignatureSource } from './function-source.js';
import { useless, warnOfLacking } from './lacking-in-keras.js';
import { modelTraces } from './model-traces.js';

export interface ModelFunctions {
  /** `__call__` of the model. */
  readonly call: FunctionSource;
  readonly signatures: readonly SignatureSource[];
  /** More lists of the root, by name. */
  readonly lists: ReadonlyMap<string, readonly Variable[]>;
}

/** Python: `model(inputs, training=False, mask=None)`. Masks come from the layers. */
const ARGUMENTS: FunctionSource['args'] = [
  { name: 'inputs' },
  { name: 'training', default: false },
  { name: 'mask', default: null },
];

/**
 * Synchronous; the model and its variables are as before afterwards. `saveTraces`: whether there must be functions.
 * Left out: a model that cannot become a graph has none, and a warning says why, once for a model. True: throws the
 * reason, ERR_NOT_SUPPORTED with the name of the layer. It is also thrown for a model that Keras cannot make, as that
 * needs functions.
 */
export function modelFunctions(
  model: LayersModel,
  { entries, lacking }: KerasConfig,
  saveTraces?: boolean,
): ModelFunctions | undefined {
  if (saveTraces === false) {
    if (lacking.length > 0) throw useless(lacking);
    return undefined;
  }
  const { inference, training, problem } = modelTraces(model, entries.get(model)!, lacking.length > 0);
  if (problem && saveTraces) throw problem;
  if (!inference && lacking.length > 0) throw useless(lacking, problem);
  if (problem) warn(model, problem, inference ? NO_TRAINING : NO_FUNCTIONS);
  if (!inference) return undefined;
  if (lacking.length > 0) warnOfLacking(model, lacking);
  return {
    call: { args: ARGUMENTS, traces: training ? [training, inference] : [inference] },
    signatures: [{ name: SERVING_DEFAULT, trace: inference }],
    lists: new Map([
      ['variables', variablesOf(model.weights)],
      ['trainable_variables', variablesOf(model.trainableWeights)],
    ]),
  };
}

/** TensorFlow.js lists a layer that is in two models twice. */
function variablesOf(weights: readonly LayerVariable[]): Variable[] {
  return [...new Set(weights.map(weight => liveValue(weight, weight.originalName)))];
}

const NO_FUNCTIONS =
  'has no functions: tf_keras.models.load_model makes a model of it, but tf.saved_model.load and TensorFlow Serving ' +
  'cannot run it';
const NO_TRAINING =
  'has functions without training only: with tf.saved_model.load, loaded(x, training=True) will not work';

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_NOT_TRACED' };
const warned = new WeakSet<LayersModel>();

function warn(model: LayersModel, { message }: Error, without: string): void {
  if (warned.has(model)) return;
  warned.add(model);
  const text = `the SavedModel of the model '${model.name}' ${without}. The reason: ${message}`;
  process.emitWarning(`${text}. With saveTraces: false, no functions are tried`, WARNING);
}

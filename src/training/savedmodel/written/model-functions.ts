/**
 * The functions of a model, as Keras writes them beside its metadata: `__call__`, with and without training, and the
 * signature `serving_default` (tf_keras/src/saving/legacy/saved_model/save_impl.py).
 */
import type { Variable } from '@tensorflow/tfjs-core';
import type { Layer, LayersModel, LayerVariable } from '../../../layers/types.js';
import { liveValue } from '../../../layers/variable.js';
import type { SignatureInput } from '../dynamic/places.js';
import { trace } from '../dynamic/trace.js';
import type { FunctionSource, SignatureSource, TraceSource } from './function-source.js';
import type { KerasEntry } from './keras-config.js';
import { ModelCall } from './model-call.js';
import type { Structured } from './structured.js';

export interface ModelFunctions {
  /** `__call__` of the model. */
  readonly call: FunctionSource;
  readonly signatures: readonly SignatureSource[];
  /** More lists of the root, by name. */
  readonly lists: ReadonlyMap<string, readonly Variable[]>;
}

/** The signature that TensorFlow Serving runs by default. */
export const SERVING = 'serving_default';

/** Python: `model(inputs, training=False, mask=None)`. Masks come from the layers. */
const ARGUMENTS: FunctionSource['args'] = [
  { name: 'inputs' },
  { name: 'training', default: false },
  { name: 'mask', default: null },
];

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_NOT_TRACED' };
const warned = new WeakSet<LayersModel>();

interface Choice {
  /** What Keras calls the layers. */
  readonly entries: ReadonlyMap<Layer, KerasEntry>;
  /** Whether there must be functions. Left out: a model that cannot have them gives a warning. */
  readonly isRequired?: boolean | undefined;
}

/**
 * Synchronous; the model and its variables are as before afterwards. Undefined if it cannot become a graph: a warning
 * says why, once for a model. Throws the reason if functions are required: ERR_NOT_SUPPORTED, with the name of the
 * layer.
 */
export function modelFunctions(
  model: LayersModel,
  { entries, isRequired = false }: Choice,
): ModelFunctions | undefined {
  const attempt = <T>(action: () => T, without: string): T | undefined => {
    try {
      return action();
    } catch (error) {
      if (isRequired) throw error;
      if (!warned.has(model)) process.emitWarning(warningOf(model, error as Error, without), WARNING);
      warned.add(model);
      return undefined;
    }
  };
  const traces = attempt(() => new ModelTraces(model, entries.get(model)!), NO_FUNCTIONS);
  const inference = traces && attempt(() => traces.trace(false), NO_FUNCTIONS);
  if (!inference) return undefined;
  const training = attempt(() => traces.trace(true), NO_TRAINING);
  return {
    call: { args: ARGUMENTS, traces: training ? [training, inference] : [inference] },
    signatures: [{ name: SERVING, trace: inference }],
    lists: new Map([
      ['variables', variablesOf(model.weights)],
      ['trainable_variables', variablesOf(model.trainableWeights)],
    ]),
  };
}

const NO_FUNCTIONS =
  'no functions: tf_keras.models.load_model makes a model of it, but tf.saved_model.load and TensorFlow Serving cannot ' +
  'run it';
const NO_TRAINING = 'only functions of inference: in Python, loaded(x, training=True) of tf.saved_model.load will fail';

function warningOf(model: LayersModel, { message }: Error, without: string): string {
  const reason = message.replace(/\.$/, '');
  return `the SavedModel of the model '${model.name}' has ${without}. The reason: ${reason}. (saveTraces: false: as meant)`;
}

/** Traces a model as Keras calls it. */
class ModelTraces {
  readonly #entry: KerasEntry;
  readonly #call: ModelCall;
  readonly #inputs: readonly SignatureInput[];
  readonly #outputNames: readonly string[];

  constructor(model: LayersModel, entry: KerasEntry) {
    this.#entry = entry;
    this.#call = new ModelCall(model);
    const names = endpointNames(entry);
    this.#inputs = model.inputs.map(({ shape, dtype }, i) => ({ shape, dtype, name: names.inputs[i]! }));
    this.#outputNames = names.outputs;
  }

  trace(training: boolean): TraceSource {
    const { graph, structure } = this.#call.tracing(training, fn => trace(fn, this.#inputs, { sameBatch: true }));
    const tensors = graph.inputs.map(({ name, outputs }): Structured => ({ tensor: { name, ...outputs[0]! } }));
    return {
      name: `${this.#entry.config.name}_call`,
      graph,
      structure,
      inputs: [tensors.length === 1 ? tensors[0]! : { list: tensors }, training, null],
      outputNames: this.#outputNames,
    };
  }
}

/** Keras's names of the inputs and the outputs. */
export function endpointNames({ class_name: className, config }: KerasEntry): { inputs: string[]; outputs: string[] } {
  if (className === 'Sequential') {
    const layers = config.layers as readonly KerasEntry[];
    return { inputs: [String(layers[0]!.config.name)], outputs: [String(layers.at(-1)!.config.name)] };
  }
  const named = (references: unknown): string[] => (references as [string, ...unknown[]][]).map(([name]) => name);
  return { inputs: named(config.input_layers), outputs: unique(named(config.output_layers)) };
}

/** A layer may give several outputs (tf_keras/src/engine/functional.py, _set_output_names). */
function unique(names: readonly string[]): string[] {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return names.map(name => {
    let free = name;
    while (taken.has(free)) {
      const count = counts.get(name) ?? 1;
      free = `${name}_${count}`;
      counts.set(name, count + 1);
    }
    taken.add(free);
    return free;
  });
}

/** TensorFlow.js lists a layer that is in two models twice. */
function variablesOf(weights: readonly LayerVariable[]): Variable[] {
  return [...new Set(weights.map(weight => liveValue(weight, weight.originalName)))];
}

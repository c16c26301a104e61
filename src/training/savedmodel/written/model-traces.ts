/** The traces of a model. They do not depend on the values of its variables, so that later saves use them again. */

import { TensorBundleError } from '../../../errors.js';
import type { Layer, LayersModel } from '../../../layers/types.js';
import { liveValue } from '../../../layers/variable.js';
import { isSameWitness, type Witness } from '../../../layers/witness.js';
import { isError } from '../../../realms.js';
import { engine, serialization } from '../../../tfjs-core.js';
import type { KerasEntry } from '../../keras/config/written/keras-config.js';
import { optionalLayers } from '../../models/tfjs-layers.js';
import type { SignatureInput } from '../dynamic/places.js';
import { trace } from '../dynamic/trace.js';
import type { TraceOptions } from '../dynamic/trace-options.js';
import type { TraceSource } from './function-source.js';
import { layersIn, ModelCall } from './model-call.js';
import type { Structured } from './structured-values.js';

interface ModelTraces {
  /** What the model computes without training; undefined if it cannot become a graph. */
  readonly inference?: TraceSource;
  /** And with training. */
  readonly training?: TraceSource;
  /** Why the first of them that is missing is missing. */
  readonly problem?: Error;
}

interface Kept {
  readonly witness: Witness;
  readonly traces: ModelTraces;
}

const kept = new WeakMap<LayersModel, Kept>();

/**
 * Synchronous; the model and its variables are as before afterwards. `isUserDefined`: whether something in the model is
 * of a user-defined class, which may look at anything.
 */
export function modelTraces(model: LayersModel, entry: KerasEntry, isUserDefined: boolean): ModelTraces {
  const witness = isUserDefined ? null : witnessOf(model, entry);
  const before = witness && kept.get(model);
  if (before && isSameWitness(before.witness, witness)) return before.traces;
  const traces = traced(model, entry, isUserDefined);
  if (witness) kept.set(model, { witness, traces });
  return traces;
}

function traced(model: LayersModel, entry: KerasEntry, isUserDefined: boolean): ModelTraces {
  let found: ModelTraces = {};
  try {
    const isKnown = !isUserDefined && hasKnownLayers(model, entry);
    const tracer = new ModelTracer(model, entry, isKnown);
    const inference = tracer.trace(false);
    found = { inference };
    return { inference, training: isKnown && isAlike(entry) ? inTraining(inference) : tracer.trace(true) };
  } catch (error) {
    return { ...found, problem: asProblem(error) };
  }
}

/** What a layer throws at every size is why the model has no functions. */
function asProblem(error: unknown): TensorBundleError {
  if (error instanceof TensorBundleError) return error;
  const why = isError(error) ? error.message : String(error);
  return new TensorBundleError('ERR_NOT_SUPPORTED', `the model cannot be traced: ${why}`, { cause: error });
}

/** Layers of TensorFlow.js that do something else in training. */
const TRAINED = /"class_name":"(BatchNormalization|GaussianNoise|\w*Dropout\w*|Random\w*)"|dropout":(?!0[,}])/;

/** Whether training makes no difference to known layers. */
function isAlike({ config }: KerasEntry): boolean {
  return !TRAINED.test(JSON.stringify(config));
}

/** Activations of TensorFlow.js, as Keras writes them, without underscores. A program can register others. */
const ACTIVATIONS =
  /^(?:linear|relu6?|[es]elu|gelu|gelunew|sigmoid|hardsigmoid|swish|mish|tanh|softmax|logsoftmax|softplus|softsign)$/i;

/** Whether all that it computes is TensorFlow.js's. */
function hasKnownLayers(model: LayersModel, { config }: KerasEntry): boolean {
  const activations = JSON.stringify(config).matchAll(/activation":"(\w+)"/g);
  return (
    isOfTensorFlow(model) &&
    layersIn(model).every(isOfTensorFlow) &&
    [...activations].every(([, name]) => ACTIVATIONS.test(name!.replaceAll('_', '')))
  );
}

function inTraining(inference: TraceSource): TraceSource {
  const [tensors, , ...more] = inference.inputs;
  return { ...inference, inputs: [tensors!, true, ...more] };
}

/** Traces a model as Keras calls it. */
class ModelTracer {
  readonly #entry: KerasEntry;
  readonly #call: ModelCall;
  readonly #inputs: readonly SignatureInput[];
  readonly #outputNames: readonly string[];
  readonly #options: TraceOptions;

  constructor(model: LayersModel, entry: KerasEntry, hasKnownLayers: boolean) {
    this.#entry = entry;
    this.#call = new ModelCall(model);
    const names = endpointNames(entry);
    this.#inputs = model.inputs.map(({ shape, dtype }, i) => ({ shape, dtype, name: names.inputs[i]! }));
    this.#outputNames = names.outputs;
    this.#options = { sameBatch: true, hasKnownLayers };
  }

  trace(training: boolean): TraceSource {
    const { graph, structure } = this.#call.tracing(training, fn => trace(fn, this.#inputs, this.#options));
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

/**
 * What the traces depend on: the configuration, the layers and their variables. Null if that is not known: a layer of a
 * user-defined class may look at anything.
 */
function witnessOf(model: LayersModel, { config }: KerasEntry): Witness | null {
  const layers = layersIn(model);
  if (!layers.every(isOfTensorFlow)) return null;
  const weights = model.weights.map(weight => liveValue(weight, weight.originalName));
  return [engine().backend, JSON.stringify(config), layers.length, ...layers, ...weights];
}

/** Programs register classes, too, but TensorFlow.js has functions for its own only: `layers.dense` makes a Dense. */
function isOfTensorFlow(layer: Layer): boolean {
  const name = layer.getClassName();
  const [registered] = serialization.SerializationMap.getMap().classNameMap[name] ?? [];
  if (registered !== layer.constructor || Object.hasOwn(layer, 'call')) return false;
  const own = Object.keys(optionalLayers()?.layers ?? {});
  return MODELS.has(name) || own.some(one => one.toLowerCase() === name.toLowerCase());
}

const MODELS: ReadonlySet<string> = new Set(['Model', 'Functional', 'Sequential']);

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

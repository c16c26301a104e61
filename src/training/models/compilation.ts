/**
 * How a model was compiled, as JSON: the optimizer's configuration, and losses and metrics by name. TensorFlow.js's own
 * `getTrainingConfig` (tfjs-layers/src/engine/training.ts) loses a loss that is a function, and gives metrics names
 * that it cannot resolve again. A user-defined function cannot be written. Only its name is written, and the function
 * must be given again when the model is loaded.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TensorBundleError } from '../../errors.js';
import { compileWith } from './compiled-with.js';
import { functionOf, isKerasFunction, type KerasFunction, kerasFunctionOf } from './keras-functions.js';
import { requireLayers } from './tfjs-layers.js';

type CompileArgs = Parameters<LayersModel['compile']>[0];

/**
 * A name; the name of a metric of TensorFlow.js or of a user-defined function; a function that Keras has; a list of
 * these; or one for each output. Earlier versions of this package take a function of Keras for one of the user.
 */
type WrittenCompilation =
  | string
  | { readonly metric: string }
  | { readonly function: string; readonly keras?: KerasFunction }
  | readonly WrittenCompilation[]
  | { readonly outputs: Readonly<Record<string, WrittenCompilation>> };

export interface Compilation {
  readonly optimizer: { readonly class_name: string; readonly config: object };
  readonly loss: WrittenCompilation;
  readonly metrics: WrittenCompilation;
}

export interface CompileOptions {
  /**
   * The loss, as `model.compile` takes it. Default: the one that the model was compiled with when it was saved. A
   * function was not saved, so it has to be given again.
   */
  loss?: CompileArgs['loss'];
  /** The metrics as `model.compile` takes them. Default: what the model was compiled with when it was saved. */
  metrics?: CompileArgs['metrics'];
}

/** Parts of LayersModel that are not public. TensorFlow.js's `save` and `loadLayersModel` use them. */
interface Inner {
  readonly loss: unknown;
  readonly metrics: unknown;
  loadTrainingConfig(config: object): void;
}

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_COMPILED_WITH_FUNCTIONS' };
const told = new WeakSet<LayersModel>();

/** Metrics of TensorFlow.js that `compile` also accepts by a name, with that name. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...['binaryAccuracy', 'categoricalAccuracy', 'precision', 'categoricalCrossentropy'].map(
    name => [name, name] as const,
  ),
  ['meanSquaredError', 'mse'],
  ['MSE', 'mse'],
  ['mse', 'mse'],
  ['meanAbsoluteError', 'mae'],
  ['meanAbsolutePercentageError', 'mape'],
  ['MAPE', 'mape'],
  ['mape', 'mape'],
  ['cosineProximity', 'cosine'],
]);

/** Undefined for a model that is not compiled. */
export function compilationOf(model: LayersModel): Compilation | undefined {
  const { optimizer } = model;
  if (!optimizer) return undefined;
  const { loss, metrics } = model as unknown as Inner;
  return {
    optimizer: { class_name: optimizer.getClassName(), config: optimizer.getConfig() },
    loss: written(loss ?? []),
    metrics: written(metrics ?? []),
  };
}

/**
 * The compilation in the form of TensorFlow.js, with names that it can resolve; undefined if a function has no such
 * name.
 */
export function trainingConfigOf({ optimizer, loss, metrics }: Compilation): object | undefined {
  const [lossNames, metricNames] = [named(loss), named(metrics)];
  if (lossNames === undefined || metricNames === undefined) return undefined;
  // TensorFlow.js would take a single name for a dictionary.
  const list = typeof metricNames === 'string' ? [metricNames] : metricNames;
  return { loss: mapNames(lossNames, snakeCase), metrics: list, optimizer_config: optimizer };
}

/** TensorFlow.js and Keras write the names of losses so. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

function mapNames(value: unknown, change: (name: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map(one => mapNames(one, change));
  return mapped(value as Readonly<Record<string, unknown>>, one => mapNames(one, change));
}

/**
 * Warns, once per model, of the functions that are not saved. `instead` says what to do. `ofKeras`: also of those that
 * Keras has, since TensorFlow.js's own form has no place for them.
 */
export function warnOfFunctions(
  model: LayersModel,
  { loss, metrics }: Compilation,
  instead: string,
  ofKeras = false,
): void {
  const lost = [
    ...functionsIn(loss, ofKeras).map(name => `the loss ${name}`),
    ...functionsIn(metrics, ofKeras).map(name => `the metric ${name}`),
  ];
  if (lost.length === 0 || told.has(model)) return;
  told.add(model);
  const message =
    `the model '${model.name}' was compiled with functions, which cannot be saved: ${lost.join(', ')}; ` + `${instead}`;
  process.emitWarning(message, WARNING);
}

/**
 * Compiles a model as it was compiled when it was saved. The optimizer is a new one, so its state must be restored
 * afterwards. Returns false, and the model stays uncompiled, if a user-defined function is needed and not given.
 */
export function compileAs(model: LayersModel, compilation: Compilation, given: CompileOptions): boolean {
  const loss = given.loss ?? (found(compilation.loss) as CompileOptions['loss']);
  const metrics = given.metrics ?? (found(compilation.metrics) as CompileOptions['metrics']);
  if (loss === undefined || metrics === undefined) return false;
  // Only this function of TensorFlow.js makes an optimizer from its configuration. The loss is replaced at once.
  const standIn = { optimizer_config: compilation.optimizer, loss: 'meanSquaredError' };
  (model as unknown as Inner).loadTrainingConfig(standIn);
  compileWith(model, { optimizer: model.optimizer, loss, metrics });
  return true;
}

/** Throws ERR_CORRUPT for a value that `compilationOf` cannot have made. */
export function checkedCompilation(value: unknown, path: string, tensor: string): Compilation {
  const { optimizer, loss, metrics } = (value ?? {}) as Partial<Compilation>;
  const { class_name: name, config } = optimizer ?? {};
  if (typeof name === 'string' && typeof config === 'object' && config && isWritten(loss) && isWritten(metrics))
    return value as Compilation;
  const message = `what ${path} says about how the model was compiled is damaged; load its weights with loadWeights`;
  throw new TensorBundleError('ERR_CORRUPT', message, { path, tensor });
}

function isWritten(value: unknown): value is WrittenCompilation {
  if (typeof value === 'string') return true;
  if (Array.isArray(value)) return value.every(isWritten);
  const { metric, function: name, keras, outputs } = (value ?? {}) as Record<string, unknown>;
  if (keras !== undefined && !isKerasFunction(keras)) return false;
  if (typeof metric === 'string' || typeof name === 'string') return true;
  return typeof outputs === 'object' && outputs !== null && Object.values(outputs).every(isWritten);
}

function written(value: unknown): WrittenCompilation {
  if (typeof value === 'string') return value;
  if (typeof value === 'function') {
    const metric = Object.entries(requireLayers().metrics).find(([, one]) => one === value)?.[0];
    if (metric !== undefined) return { metric };
    const keras = kerasFunctionOf(value);
    return { function: value.name, ...(keras && { keras }) };
  }
  if (Array.isArray(value)) return value.map(written);
  return { outputs: mapped(value as Readonly<Record<string, unknown>>, written) };
}

/** The value in the form that `compile` takes; undefined if it has a user-defined function. */
function found(value: WrittenCompilation): unknown {
  return replaced(value, metric => (requireLayers().metrics as Record<string, unknown>)[metric], functionOf);
}

function named(value: WrittenCompilation): unknown {
  return replaced(value, metric => NAMES.get(metric));
}

/**
 * The value with each metric and function replaced; undefined if there is a user-defined function, or something without
 * a replacement.
 */
function replaced(
  value: WrittenCompilation,
  replacement: (metric: string) => unknown,
  made: (keras: KerasFunction) => unknown = () => undefined,
): unknown {
  if (typeof value === 'string') return value;
  if ('function' in value) return value.keras && made(value.keras);
  if ('metric' in value) return replacement(value.metric);
  const items = Array.isArray(value)
    ? value.map((one: WrittenCompilation) => replaced(one, replacement, made))
    : mapped((value as { outputs: Readonly<Record<string, WrittenCompilation>> }).outputs, one =>
        replaced(one, replacement, made),
      );
  return Object.values(items).includes(undefined) ? undefined : items;
}

/** The user-defined functions, for a message. */
function functionsIn(value: WrittenCompilation, ofKeras: boolean, output?: string): string[] {
  if (typeof value === 'string' || 'metric' in value) return [];
  if ('function' in value) {
    if (value.keras !== undefined && !ofKeras) return [];
    const name = value.function === '' ? '(a function without a name)' : `'${value.function}'`;
    return [output === undefined ? name : `${name} of the output '${output}'`];
  }
  if ('outputs' in value)
    return Object.entries(value.outputs).flatMap(([name, one]) => functionsIn(one, ofKeras, name));
  return value.flatMap(one => functionsIn(one, ofKeras, output));
}

function mapped<T, R>(items: Readonly<Record<string, T>>, change: (item: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(items).map(([key, item]) => [key, change(item)]));
}

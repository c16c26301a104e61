/**
 * How a model was compiled, as JSON: the optimizer's configuration, and losses and metrics by name. TensorFlow.js's own
 * `getTrainingConfig` (tfjs-layers/src/engine/training.ts) loses a loss that is a function, and gives metrics names
 * that it cannot resolve again. A function of the user's cannot be written; what is written says so, and who loads can
 * give it.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TensorBundleError } from '../../errors.js';
import { requireLayers } from './tfjs-layers.js';

type CompileArgs = Parameters<LayersModel['compile']>[0];

/** A name; a metric of TensorFlow.js's, or a function of the user's, by its name; several, or one for each output. */
type WrittenCompilation =
  | string
  | { readonly metric: string }
  | { readonly function: string }
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

/** Not public, though `save` and `loadLayersModel` use them. */
interface Inner {
  readonly loss: unknown;
  readonly metrics: unknown;
  loadTrainingConfig(config: object): void;
}

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_COMPILED_WITH_FUNCTIONS' };
const told = new WeakSet<LayersModel>();

/** Metrics of TensorFlow.js's that `compile` also takes as a name, and that name. */
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
 * In the form of TensorFlow.js, with names that it finds again; undefined where there is a function without such a
 * name.
 */
export function trainingConfigOf({ optimizer, loss, metrics }: Compilation): object | undefined {
  const [lossNames, metricNames] = [named(loss), named(metrics)];
  if (lossNames === undefined || metricNames === undefined) return undefined;
  // A single name would be taken for a dictionary.
  const list = typeof metricNames === 'string' ? [metricNames] : metricNames;
  return { loss: mapNames(lossNames, snakeCase), metrics: list, optimizer_config: optimizer };
}

/** As TensorFlow.js writes the names of losses, and Keras. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

function mapNames(value: unknown, change: (name: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map(one => mapNames(one, change));
  return mapped(value as Readonly<Record<string, unknown>>, one => mapNames(one, change));
}

/** Says once for each model what of it is not saved, and what can be done: `instead`. */
export function warnOfFunctions(model: LayersModel, { loss, metrics }: Compilation, instead: string): void {
  const lost = [
    ...functionsIn(loss).map(name => `the loss ${name}`),
    ...functionsIn(metrics).map(name => `the metric ${name}`),
  ];
  if (lost.length === 0 || told.has(model)) return;
  told.add(model);
  const message =
    `the model '${model.name}' was compiled with functions, which cannot be saved: ${lost.join(', ')}; ` + `${instead}`;
  process.emitWarning(message, WARNING);
}

/**
 * Compiles a model as it was. False, and the model stays uncompiled, where a function is missing that is not given now.
 * The optimizer is a new one: its state is to be restored.
 */
export function compileAs(model: LayersModel, compilation: Compilation, given: CompileOptions): boolean {
  const loss = given.loss ?? (found(compilation.loss) as CompileOptions['loss']);
  const metrics = given.metrics ?? (found(compilation.metrics) as CompileOptions['metrics']);
  if (loss === undefined || metrics === undefined) return false;
  // TensorFlow.js makes an optimizer from its configuration here only; the loss is replaced at once.
  const standIn = { optimizer_config: compilation.optimizer, loss: 'meanSquaredError' };
  (model as unknown as Inner).loadTrainingConfig(standIn);
  model.compile({ optimizer: model.optimizer, loss, metrics });
  return true;
}

/** Throws ERR_CORRUPT for what `compilationOf` does not give. */
export function checkedCompilation(value: unknown, path: string, tensor: string): Compilation {
  const { optimizer, loss, metrics } = (value ?? {}) as Partial<Compilation>;
  const { class_name: name, config } = optimizer ?? {};
  if (typeof name === 'string' && typeof config === 'object' && config && isWritten(loss) && isWritten(metrics))
    return value as Compilation;
  const message = `how the model in ${path} was compiled cannot be read; load its weights with loadWeights`;
  throw new TensorBundleError('ERR_CORRUPT', message, { path, tensor });
}

function isWritten(value: unknown): value is WrittenCompilation {
  if (typeof value === 'string') return true;
  if (Array.isArray(value)) return value.every(isWritten);
  const { metric, function: name, outputs } = (value ?? {}) as Record<string, unknown>;
  if (typeof metric === 'string' || typeof name === 'string') return true;
  return typeof outputs === 'object' && outputs !== null && Object.values(outputs).every(isWritten);
}

function written(value: unknown): WrittenCompilation {
  if (typeof value === 'string') return value;
  if (typeof value === 'function') {
    const metric = Object.entries(requireLayers().metrics).find(([, one]) => one === value)?.[0];
    return metric === undefined ? { function: value.name } : { metric };
  }
  if (Array.isArray(value)) return value.map(written);
  return { outputs: mapped(value as Readonly<Record<string, unknown>>, written) };
}

/** As `compile` takes it; undefined if a function of the user's is in it. */
function found(value: WrittenCompilation): unknown {
  return replaced(value, metric => (requireLayers().metrics as Record<string, unknown>)[metric]);
}

function named(value: WrittenCompilation): unknown {
  return replaced(value, metric => NAMES.get(metric));
}

/** With something else in the place of metrics; undefined if there is nothing for one. */
function replaced(value: WrittenCompilation, replacement: (metric: string) => unknown): unknown {
  if (typeof value === 'string') return value;
  if ('function' in value) return undefined;
  if ('metric' in value) return replacement(value.metric);
  const items = Array.isArray(value)
    ? value.map((one: WrittenCompilation) => replaced(one, replacement))
    : mapped((value as { outputs: Readonly<Record<string, WrittenCompilation>> }).outputs, one =>
        replaced(one, replacement),
      );
  return Object.values(items).includes(undefined) ? undefined : items;
}

/** The user's functions, for a message. */
function functionsIn(value: WrittenCompilation, output?: string): string[] {
  if (typeof value === 'string' || 'metric' in value) return [];
  if ('function' in value) {
    const name = value.function === '' ? '(a function without a name)' : `'${value.function}'`;
    return [output === undefined ? name : `${name} of the output '${output}'`];
  }
  if ('outputs' in value) return Object.entries(value.outputs).flatMap(([name, one]) => functionsIn(one, name));
  return value.flatMap(one => functionsIn(one, output));
}

function mapped<T, R>(items: Readonly<Record<string, T>>, change: (item: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(items).map(([key, item]) => [key, change(item)]));
}

/** Makes a model from Keras's configuration, without its weights, and compiles it if that is possible. */
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TensorBundleError } from '../../../errors.js';
// So that the JSON of a GRU with reset_after makes Keras's variant.
import '../../../layers/gru.js';
import type { Layer } from '../../../layers/types.js';
import { isError } from '../../../realms.js';
import { makeModel } from '../../models/bare-model.js';
import { compileWith } from '../../models/compiled-with.js';
import { freeze } from '../../models/frozen.js';
import { kerasFunctionOf } from '../../models/keras-functions.js';
import type { LoadModelOptions } from '../../models/whole-model.js';
import { compilationFromKeras } from './compilation-from-keras.js';
import { frozenIn } from './frozen-in-keras.js';
import { kerasClasses } from './keras-class-of.js';
import { isList, isObject, type Json, type JsonObject, kerasObject, parseKerasJson } from './keras-json.js';
import { passMasksAsKeras, remarksOnMasks } from './masked-calls.js';
import { layersOf } from './old-names.js';
import { optimizerFromKeras } from './optimizer-from-keras.js';
import { refuseShared } from './shared-layers.js';
import { passStatesAsKeras } from './stated-calls.js';
import { kerasTopology, type Topology } from './topology.js';
import { normalizeVolumes } from './volume-normalization.js';

interface KerasModelSource {
  /** The text of `config.json` in a `.keras`, or of the attribute `model_config` in a legacy `.h5`. */
  readonly config: string;
  /** The text of the attribute `training_config`; a `.keras` has that within its configuration. */
  readonly training?: string | undefined;
  /** Of the file, for messages. */
  readonly path: string;
  /** Of all stored values, which limits how large the layers can be. */
  readonly bytes: number;
  /** The learning rate that is stored beside the weights, for an optimizer with a schedule. */
  readonly presentRate?: number | undefined;
  /** Of Keras, as the file says; otherwise that is seen in the configuration. */
  readonly version?: string | undefined;
  /** Whether a layer that several models share has its values once, as in `.keras`. Default: once for each model. */
  readonly storesOnce?: boolean;
  readonly options: LoadModelOptions;
}

export interface KerasModel {
  /** Without weights. */
  readonly model: LayersModel;
  /** What it does, or learns, in another way than in Keras. */
  readonly remarks: readonly string[];
  /** To be called once the optimizer has its state, if Keras had a schedule for its learning rate. */
  readonly setRate?: (() => void) | undefined;
  /** The class in Keras, of which Keras 3 names values: `layers/CLASS/vars/0`. Undefined if it is not known. */
  kerasClass(layer: Layer): string | undefined;
}

/** For weights that are not stored, such as those of a new layer. */
const SMALL = 1024 ** 2;
const HINGES: readonly unknown[] = ['hinge', 'squaredHinge'];
const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_LOADED_OTHERWISE' };

/**
 * Throws ERR_NOT_SUPPORTED for what TensorFlow.js lacks, all in one; ERR_CORRUPT or ERR_TOO_LARGE for something that is
 * not a configuration of Keras; ERR_INVALID_ARGUMENT for options that would have no effect.
 */
export async function modelFromKeras(source: KerasModelSource): Promise<KerasModel> {
  const { path, bytes, presentRate, options } = source;
  const config = parseKerasJson(source.config, path);
  const training = trainingIn(config) ?? (source.training ? parseKerasJson(source.training, path) : undefined);
  if (options.compile !== false) refuseUseless(options, training !== undefined, path);
  const isNew = isKeras3(source);
  const made = kerasTopology({ ...rootOf(config, path), isKeras3: isNew }, bytes, path);
  const remarks = [...made.remarks];
  const model = await makeFrom(made, bytes, path);
  try {
    if (source.storesOnce) refuseShared(made.shared, model, path);
    freeze(model, frozenIn(config));
    const kerasClass = kerasClasses(model, config);
    if (training === undefined || options.compile === false) return { model, remarks, kerasClass };
    remarks.push(...remarksOnMasks(model, isNew));
    const setRate = compileFrom(model, { training, presentRate, outputs: made.outputs }, options, remarks);
    return { model, remarks, setRate, kerasClass };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Tells what differs from Keras. */
export function warnOfRemarks(remarks: readonly string[], path: string): void {
  if (remarks.length === 0) return;
  process.emitWarning(`the model from ${path} differs from that in Keras: ${remarks.join('; ')}`, WARNING);
}

/** Of `.keras`: undefined if the model was not compiled. */
function trainingIn({ compile_config: compiled }: JsonObject): JsonObject | undefined {
  if (!isObject(compiled)) return undefined;
  const { optimizer } = compiled;
  // tf_keras writes what `compile` was given: a name has the default options.
  if (typeof optimizer === 'string') return { ...compiled, optimizer: { class_name: optimizer, config: {} } };
  return isObject(optimizer) ? compiled : undefined;
}

function rootOf(config: JsonObject, path: string): Parameters<typeof kerasTopology>[0] {
  const object = kerasObject(config);
  const { build_config: build, registered_name: registered } = config;
  const given = layersOf(config.config);
  if (object === undefined) throw corrupt(path, 'it names no class');
  if (!isList(given.layers)) throw subclassed(path, object.className);
  const shape = isObject(build) && isList(build.input_shape) ? build.input_shape : null;
  const { className } = object;
  // A class of a user that was registered comes as such.
  const isNetwork = className !== 'Sequential' && given.output_layers !== undefined;
  if (typeof registered === 'string' && !isNetwork && className !== 'Sequential') throw subclassed(path, className);
  return { model: { ...object, config: given }, isNetwork, inputShape: shape };
}

/** Without a version, what Keras 3 alone writes says it. */
function isKeras3({ config, version }: KerasModelSource): boolean {
  if (version !== undefined && /^\d+\./.test(version)) return !/^[012]\./.test(version);
  return /"batch_shape"\s*:|"DTypePolicy"|"__keras_tensor__"/.test(config);
}

/** `bytes`: of all stored values, some of which may have half the size that they have here. */
export async function makeFrom(
  { topology, unmasked, isKeras3 }: Topology,
  bytes: number,
  path: string,
): Promise<LayersModel> {
  try {
    const model = await makeModel({ modelTopology: topology }, 2 * bytes + SMALL);
    passStatesAsKeras(model);
    const problems = [...passMasksAsKeras(model, unmasked, isKeras3), ...normalizeVolumes(model)];
    if (problems.length === 0) return model;
    model.dispose();
    throw new Error(problems.join('; '));
  } catch (cause) {
    if (cause instanceof TensorBundleError && cause.code === 'ERR_CORRUPT')
      throw new TensorBundleError('ERR_CORRUPT', `the architecture in ${path} is damaged: ${cause.message}`, {
        path,
        cause,
      });
    const why = isError(cause) ? cause.message : String(cause);
    throw new TensorBundleError('ERR_NOT_SUPPORTED', `TensorFlow.js cannot make the model in ${path}: ${why}`, {
      path,
      cause,
    });
  }
}

interface Compiled {
  /** The training configuration, in one of Keras's two forms. */
  readonly training: JsonObject;
  readonly presentRate: number | undefined;
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * Compiles the model, if it can be. The optimizer has no state yet. What is returned sets the rate afterwards, if
 * Keras had a schedule.
 */
export function compileFrom(
  model: LayersModel,
  { training, presentRate, outputs }: Compiled,
  given: LoadModelOptions,
  remarks: string[],
): (() => void) | undefined {
  // A Sequential has no names of outputs before it is compiled.
  const names = model.outputs.map(({ sourceLayer }, i) => model.outputNames[i] ?? sourceLayer.name);
  const found = compilationFromKeras(training, names, outputs);
  const optimizerConfig: Json | undefined = training.optimizer_config ?? training.optimizer;
  const { optimizer, setRate, remarks: ofOptimizer } = optimizerFromKeras(optimizerConfig, presentRate);
  const loss = given.loss ?? found.loss;
  const metrics = given.metrics ?? found.metrics;
  remarks.push(...ofOptimizer);
  if (given.loss === undefined) {
    remarks.push(...found.lackingLosses.map(name => `there is no loss ${name} here`));
    if (found.isWeighted && model.outputs.length > 1)
      remarks.push('the logs have the losses of its outputs with their weights');
  }
  if (given.metrics === undefined) remarks.push(...found.lackingMetrics.map(name => `there is no metric ${name} here`));
  if (optimizer !== undefined && loss !== undefined) {
    const failure = compile(model, optimizer, loss, metrics);
    if (given.loss === undefined && hasHinge(loss))
      remarks.push('hinge losses take targets of -1 and 1 here; Keras makes these of 0 and 1 by itself');
    if (failure === undefined) return setRate;
    // What the caller gave is the caller's fault.
    if (given.loss !== undefined || given.metrics !== undefined) throw failure;
    remarks.push('its losses and metrics do not fit its outputs');
  } else optimizer?.dispose();
  remarks.push(
    'so it is not compiled: give loadModel a loss, or compile it and call loadWeights(model, path), which restores ' +
      'the state of the optimizer',
  );
  return undefined;
}

/** A loss that counts more or less than others is a function. */
function hasHinge(loss: NonNullable<LoadModelOptions['loss']>): boolean {
  const all: unknown[] = typeof loss === 'object' ? Object.values(loss) : [loss];
  return all.some(one => HINGES.includes(kerasFunctionOf(one)?.of ?? one));
}

function compile(
  model: LayersModel,
  optimizer: Optimizer,
  loss: NonNullable<LoadModelOptions['loss']>,
  metrics: LoadModelOptions['metrics'],
): unknown {
  try {
    compileWith(model, { optimizer, loss, ...(metrics && { metrics }) });
    return undefined;
  } catch (error) {
    optimizer.dispose();
    // TensorFlow.js has set it already.
    (model as { optimizer?: Optimizer }).optimizer = undefined as unknown as Optimizer;
    return error;
  }
}

/** Refuses options that would have no effect. */
export function refuseUseless({ loss, metrics }: LoadModelOptions, isCompiled: boolean, path: string): void {
  if (isCompiled || (loss === undefined && metrics === undefined)) return;
  throw new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    `the model in ${path} was saved uncompiled, so there is no optimizer for this loss and these metrics; load it ` +
      'without them, and compile it',
    { path },
  );
}

function corrupt(path: string, why: string): TensorBundleError {
  return new TensorBundleError('ERR_CORRUPT', `the architecture in ${path} is damaged: ${why}`, { path });
}

function subclassed(path: string, className: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the model in ${path} is of the user-defined class ${className}, whose layers only its Python code connects; ` +
      'make the same model in your program, and use loadWeights',
    { path, found: className },
  );
}

/**
 * A model in one checkpoint, with its architecture and how it was compiled. TensorFlow.js's JSON for these is stored
 * beside the object graph, so that one rename replaces everything. Python can read the weights.
 */
import { TextDecoder } from 'node:util';
import '../../disposal.js';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { CheckpointReader } from '../../bundle/reader.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { extraKey } from '../../graph/key.js';
import type { Extra, Trackable } from '../../graph/trackable.js';
import { makeWaitingSlots } from '../../layers/optimizers/waiting-slots.js';
import { trainedNames } from '../../layers/trained.js';
import type { OptionList } from '../../options.js';
import { makeModel } from './bare-model.js';
import {
  type Compilation,
  type CompileOptions,
  checkedCompilation,
  compilationOf,
  compileAs,
  trainingConfigOf,
  warnOfFunctions,
} from './compilation.js';
import { freeze, frozenModels, type LayerPath } from './frozen.js';
import type { LoadWeightsOptions } from './load-weights-options.js';
import { loadInto, textExtra, weightsTrackable } from './model-weights.js';

const NAME = 'model';
/** The limit for that JSON, far above any real architecture. */
const MAX_BYTES = 64 * 1024 ** 2;

/** What is stored beside the graph: TensorFlow.js's artifacts without weights, and how the model was compiled. */
interface Architecture {
  readonly modelTopology: object;
  readonly trainingConfig?: object;
  readonly compilation?: Compilation;
  /** Paths of the models that are not trainable, within the model or the model itself. */
  readonly frozen?: readonly LayerPath[];
  readonly userDefinedMetadata?: Record<string, object>;
}

export interface LoadModelOptions extends CompileOptions, Pick<LoadWeightsOptions, 'signal' | 'onProgress'> {
  /**
   * Default true: the model is compiled as it was when it was saved, and the optimizer has its state. False: it is not
   * compiled, as with Keras's `load_model(path, compile=False)`; compile it yourself, and `loadWeights(model, path)`
   * restores the state of the optimizer.
   */
  compile?: boolean;
}

export const LOAD_MODEL_OPTIONS: OptionList<LoadModelOptions> = {
  loss: true,
  metrics: true,
  compile: 'flag',
  signal: 'signal',
  onProgress: 'function',
};

/** The objects of a checkpoint that `modelIn` makes a model of. */
export function wholeModel(model: LayersModel, includeOptimizer: boolean, extras: readonly Extra[] = []): Trackable {
  return weightsTrackable(model, { optimizers: includeOptimizer }, [
    architectureOf(model, includeOptimizer),
    ...extras,
  ]);
}

/**
 * A loss or a metric that is a user-defined function cannot be written. A warning names it, and `loadModel` leaves the
 * model uncompiled unless the function is given again.
 */
export function architectureOf(model: LayersModel, isCompiled = true): Extra {
  const compilation = isCompiled ? compilationOf(model) : undefined;
  if (compilation) {
    const call = 'loadModel(path, { loss, metrics })';
    warnOfFunctions(model, compilation, `give them to ${call}, otherwise the model is loaded uncompiled`);
  }
  const metadata = model.getUserDefinedMetadata() as Record<string, object> | undefined;
  const architecture: Architecture = {
    modelTopology: model.toJSON(null, false) as object,
    // Earlier versions of this package read this field.
    trainingConfig: compilation && trainingConfigOf(compilation),
    compilation,
    frozen: frozenModels(model),
    ...(metadata && { userDefinedMetadata: metadata }),
  };
  const text = JSON.stringify(architecture);
  checkSize(Buffer.byteLength(text), {});
  return textExtra(NAME, text);
}

/** Checked on saving too, so that what is written can be read again. */
function checkSize(found: number, where: { path?: string; tensor?: string }): void {
  if (found <= MAX_BYTES) return;
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `the architecture${where.path === undefined ? '' : ` in ${where.path}`} has ${found} bytes, more than the ` +
      `${MAX_BYTES} it may have; ` +
      'keep less in its configuration and metadata, or save weights only',
    { ...where, expected: MAX_BYTES, found },
  );
}

/**
 * Makes a new model from a checkpoint that is open. Rejects with ERR_NOT_FOUND if the checkpoint holds weights only;
 * ERR_INVALID_ARGUMENT for `loss` or `metrics` if the model was saved uncompiled; ERR_CORRUPT for an architecture that
 * is not JSON; ERR_TOO_LARGE for one above 64 MiB; and with what `loadWeights` and TensorFlow.js throw.
 */
export async function modelIn(reader: CheckpointReader, options: LoadModelOptions = {}): Promise<LayersModel> {
  const key = extraKey('', NAME);
  if (!reader.has(key)) {
    throw new TensorBundleError(
      'ERR_NOT_FOUND',
      `${reader.prefix} holds weights but no architecture; make the model in your program, and use loadWeights`,
      { path: reader.prefix, tensor: key },
    );
  }
  checkSize(reader.entry(key).bytes, { path: reader.prefix, tensor: key });
  const { signal, onProgress } = options;
  const { data } = await reader.read(key, { signal });
  const architecture = parse(new TextDecoder().decode((data as Uint8Array[])[0]), reader.prefix, key);
  const { trainingConfig, compilation, frozen = [], ...artifacts } = architecture;
  const compiled = compilation && checkedCompilation(compilation, reader.prefix, key);
  const earlier = compilation === undefined ? trainingConfig : undefined;
  if (options.compile !== false) checkGiven(options, compiled !== undefined || earlier !== undefined, reader.prefix);
  const model = await makeModel(artifacts);
  try {
    if (Array.isArray(frozen) && frozen.every(Array.isArray)) freeze(model, frozen);
    if (options.compile !== false) {
      if (compiled) compileAs(model, compiled, options);
      else if (earlier) compileEarlier(model, earlier, options);
    }
    (await loadInto(model, reader, { signal, onProgress: onProgress?.bind(options) })).assertExistingObjectsMatched();
    // The trained variables are known, so restored values need not wait for the first step. So another way of saving
    // the model, such as TensorFlow.js's own, gets them too.
    if (model.optimizer) makeWaitingSlots(model.optimizer, trainedNames(model));
    return model;
  } catch (error) {
    model.optimizer?.dispose();
    model.dispose();
    throw error;
  }
}

/**
 * Compiles a model that a version without the field `compilation` saved. That version lost functions: it wrote an empty
 * dictionary for each.
 */
function compileEarlier(model: LayersModel, config: object, given: CompileOptions): void {
  const { loss } = config as { loss?: unknown };
  const isLost = typeof loss === 'object' && loss !== null && Object.keys(loss).length === 0;
  if (isLost && given.loss === undefined) return;
  const inner = model as unknown as {
    loadTrainingConfig(config: object): void;
    loss: NonNullable<CompileOptions['loss']>;
    metrics: CompileOptions['metrics'];
  };
  inner.loadTrainingConfig(isLost ? { ...config, loss: 'meanSquaredError' } : config);
  if (given.loss === undefined && given.metrics === undefined) return;
  model.compile({
    optimizer: model.optimizer,
    loss: given.loss ?? inner.loss,
    metrics: given.metrics ?? inner.metrics,
  });
}

/** Refuses options that would have no effect. */
function checkGiven({ loss, metrics }: CompileOptions, isCompiled: boolean, path: string): void {
  if (isCompiled || (loss === undefined && metrics === undefined)) return;
  throw invalidArgument(
    `the model in ${path} was saved uncompiled, so there is no optimizer for this loss and these metrics; load it ` +
      'without them, and compile it',
    { path },
  );
}

function parse(text: string, path: string, tensor: string): Architecture {
  try {
    return JSON.parse(text) as Architecture;
  } catch (cause) {
    throw new TensorBundleError('ERR_CORRUPT', `the architecture in ${path} is not JSON`, { path, tensor, cause });
  }
}

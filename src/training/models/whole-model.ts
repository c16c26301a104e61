/**
 * A model in one checkpoint, with its architecture and how it was compiled. TensorFlow.js's JSON for these is stored
 * beside the object graph, so that one rename replaces everything. Python can read the weights.
 */
import { TextDecoder } from 'node:util';
import '../../disposal.js';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CheckpointReader } from '../../bundle/reader.js';
import { type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { nameAsLatest } from '../../commit/latest-name.js';
import { type PathLike, savePathOf } from '../../commit/paths.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { extraKey } from '../../graph/key.js';
import { saveGraph } from '../../graph/stored/captured-graph.js';
import type { Extra } from '../../graph/trackable.js';
import { checkModel } from '../../layers/model.js';
import { makeWaitingSlots } from '../../layers/optimizers/waiting-slots.js';
import { trainedNames } from '../../layers/trained.js';
import { type OptionList, refuseUnknown } from '../../options.js';
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

export interface LoadModelOptions extends CompileOptions {
  /**
   * Default true: the model is compiled as it was when it was saved, and the optimizer has its state. False: it is not
   * compiled, as with Keras's `load_model(path, compile=False)`; compile it yourself, and `loadWeights(model, path)`
   * restores the state of the optimizer.
   */
  compile?: boolean;
}

export interface SaveModelOptions extends WriterOptions {
  /**
   * Whether the loss, the metrics and the optimizer with its state are saved, too. Default: whether the model is
   * compiled.
   */
  includeOptimizer?: boolean;
}

const LOAD_MODEL_OPTIONS: OptionList<LoadModelOptions> = { loss: true, metrics: true, compile: 'flag' };
const SAVE_MODEL_OPTIONS: OptionList<SaveModelOptions> = { ...WRITER_OPTIONS, includeOptimizer: 'flag' };

/**
 * Saves a model with its architecture as one checkpoint, for `loadModel`. Python can read the weights. The directory's
 * `checkpoint` file names it as the latest. Throws what `saveWeights` throws.
 *
 * @example
 * await saveModel(model, 'out/digits');
 */
export async function saveModel(
  model: LayersModel,
  prefix: PathLike,
  options: SaveModelOptions = {},
): Promise<SaveResult> {
  refuseUnknown(options, 'saveModel', SAVE_MODEL_OPTIONS);
  const { includeOptimizer = true, ...writer } = options;
  checkModel(model);
  const path = savePathOf(prefix);
  const extra = architectureOf(model, includeOptimizer);
  return await saveGraph(
    weightsTrackable(model, { optimizers: includeOptimizer }, [extra]),
    path,
    writer,
    nameAsLatest,
  );
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
 * Makes a new model from what `saveModel`, `model.save('ckpt://…')` or `ModelCheckpoint` with `saveWeightsOnly: false`
 * saved: its architecture, its weights, and how it was compiled, with the state of the optimizer. User-defined classes
 * must be registered (`tf.serialization.registerClass`). PATH is a prefix, one of its files, or a directory (its latest
 * checkpoint).
 *
 * User-defined functions among its loss and metrics were not saved: give them as `loss` and `metrics`. Without them the
 * model is loaded uncompiled; compile it, and `loadWeights(model, path)` restores the state of the optimizer.
 *
 * Rejects with ERR_NOT_FOUND if the checkpoint holds weights only; ERR_INVALID_ARGUMENT for `loss` or `metrics` if the
 * model was saved uncompiled; ERR_CORRUPT for an architecture that is not JSON; ERR_TOO_LARGE for one above 64 MiB; and
 * with what `loadWeights` and TensorFlow.js throw.
 *
 * @example
 * const model = await loadModel('run/best');
 */
export async function loadModel(path: PathLike, options: LoadModelOptions = {}): Promise<LayersModel> {
  refuseUnknown(options, 'loadModel', LOAD_MODEL_OPTIONS);
  await using reader = await CheckpointReader.open(path);
  return await modelIn(reader, options);
}

/** As `loadModel`, from a checkpoint that is open. */
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
  const { data } = await reader.read(key);
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
    (await loadInto(model, reader)).assertExistingObjectsMatched();
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

/**
 * A model with its architecture, and how it was compiled, in one checkpoint: the JSON that TensorFlow.js has for it lies beside the
 * object graph, so that one rename replaces all of it. Python reads the weights.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { SaveResult, WriterOptions } from '../bundle/options.js';
import { CheckpointReader } from '../bundle/reader.js';
import { nextCall } from '../commit/call-order.js';
import { nameAsLatest } from '../commit/latest-name.js';
import { absolutePrefix } from '../commit/names.js';
import { type PathLike, savePathOf } from '../commit/paths.js';
import { TensorBundleError } from '../errors.js';
import { extraKey } from '../graph/key.js';
import { saveGraph } from '../graph/save.js';
import type { Extra } from '../graph/trackable.js';
import { checkModel } from '../layers/model.js';
import { requireLayers } from './callback-base.js';
import { loadInto, textExtra, weightsOf } from './model-weights.js';

const NAME = 'model';
/** Far above any real architecture. */
const MAX_BYTES = 64 * 1024 ** 2;

/** What `getTrainingConfig` is: not public, though `model.save` uses it. */
interface Compiled {
  getTrainingConfig(): object;
}

export interface SaveModelOptions extends WriterOptions {
  /** Default: the model is compiled. Whether the loss, metrics and optimizer, with its state, are saved too. */
  includeOptimizer?: boolean;
}

/**
 * Saves a model with its architecture as one checkpoint, for `loadModel`; Python reads the weights. The directory's `checkpoint` file
 * names it as the latest. Throws what `saveWeights` throws.
 *
 * @example
 * await saveModel(model, 'out/digits');
 */
export async function saveModel(
  model: LayersModel,
  prefix: PathLike,
  { includeOptimizer = true, ...writer }: SaveModelOptions = {},
): Promise<SaveResult> {
  checkModel(model);
  const path = savePathOf(prefix);
  const absolute = absolutePrefix(path);
  const call = nextCall();
  const extra = architectureOf(model, includeOptimizer);
  const result = await saveGraph(weightsOf(model, { optimizers: includeOptimizer }, [extra]), path, writer);
  await nameAsLatest(absolute, { durable: writer.durable ?? true, call });
  return result;
}

/** A loss or a metric that is a function of the user's cannot be written: such a model is loaded uncompiled. */
export function architectureOf(model: LayersModel, isCompiled = true): Extra {
  const compiled = isCompiled ? trainingConfig(model) : undefined;
  const metadata = model.getUserDefinedMetadata() as object | undefined;
  const artifacts = {
    modelTopology: model.toJSON(null, false),
    trainingConfig: compiled,
    ...(metadata && { userDefinedMetadata: metadata }),
  };
  const text = JSON.stringify(artifacts);
  checkSize(Buffer.byteLength(text), {});
  return textExtra(NAME, text);
}

/** What is written can be read again. */
function checkSize(found: number, where: { path?: string; tensor?: string }): void {
  if (found <= MAX_BYTES) return;
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `the architecture${where.path === undefined ? '' : ` in ${where.path}`} has ${found} bytes, more than the ${MAX_BYTES} it may have; ` +
      'keep less in its configuration and metadata, or save weights only',
    { ...where, expected: MAX_BYTES, found },
  );
}

/**
 * Makes a new model from what `ModelCheckpoint` saved with `saveWeightsOnly: false`: architecture, weights, and, where it was compiled
 * with names of losses and metrics, the optimizer with its state. Classes of your own must be registered
 * (`tf.serialization.registerClass`). PATH is a prefix, one of its files, or a directory (its latest checkpoint).
 *
 * Rejects with ERR_NOT_FOUND if the checkpoint holds weights only; ERR_CORRUPT for an architecture that is no JSON, ERR_TOO_LARGE for
 * one above 64 MiB; and with what `loadWeights` and TensorFlow.js throw.
 *
 * @example
 * const model = await loadModel('run/best');
 */
export async function loadModel(path: PathLike): Promise<LayersModel> {
  await using reader = await CheckpointReader.open(path);
  const key = extraKey('', NAME);
  if (!reader.has(key)) {
    throw new TensorBundleError(
      'ERR_NOT_FOUND',
      `${reader.prefix} holds weights and no architecture; make the model as before, and use loadWeights`,
      { path: reader.prefix, tensor: key },
    );
  }
  checkSize(reader.entry(key).bytes, { path: reader.prefix, tensor: key });
  const { data } = await reader.read(key);
  const artifacts = parse(new TextDecoder().decode((data as Uint8Array[])[0]), reader.prefix, key);
  const model = await requireLayers().loadLayersModel({ load: async () => artifacts });
  (await loadInto(model, reader.prefix)).assertExistingObjectsMatched();
  return model;
}

function trainingConfig(model: LayersModel): object | undefined {
  if (!model.optimizer) return undefined;
  try {
    return (model as unknown as Compiled).getTrainingConfig();
  } catch {
    return undefined;
  }
}

function parse(text: string, path: string, tensor: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (cause) {
    throw new TensorBundleError('ERR_CORRUPT', `the architecture in ${path} is no JSON`, { path, tensor, cause });
  }
}

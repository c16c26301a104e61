/** Writes a model as the SavedModel that Keras writes with `model.save(path, save_traces=False)`. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CopyBudget } from '../bundle/tf-staging.js';
import { WRITER_OPTIONS, type WriterOptions } from '../bundle/writer-options.js';
import { saveDirectory } from '../commit/directories/directory-save.js';
import { type PathLike, savePathOf } from '../commit/paths.js';
import { invalidArgument } from '../errors.js';
import { numberObjects } from '../graph/numbering.js';
import { CapturedGraph } from '../graph/stored/captured-graph.js';
import { branch, type Trackable } from '../graph/trackable.js';
import { isLayer } from '../layers/family.js';
import { checkModel } from '../layers/model.js';
import { layerKind } from '../layers/registry.js';
import { trainedWeights, weightNames } from '../layers/trained.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { withDirectory } from '../storage/directory.js';
import { Description } from '../training/checkpoint/description.js';
import type { Trackables } from '../training/checkpoint/trackable-value.js';
import { architectureOf } from '../training/models/whole-model.js';
import { fingerprintOf } from './fingerprint.js';
import { kerasEntries } from './keras-config.js';
import { kerasMetadata } from './keras-metadata.js';
import { trainingConfig } from './keras-training.js';
import { SIGNATURES, savedObjectGraph } from './object-graph.js';
import { isSavedModelFile } from './own-files.js';
import { create, FingerprintDefSchema, SavedMetadataSchema, SavedModelSchema, toBinary } from './protobuf.js';
import { FINGERPRINT, KERAS_METADATA, SAVED_MODEL } from './stored-model.js';

/** The name of the edge to what is saved with the model. */
export const EXTRA = 'extra';

/** The checkpoint of the variables is called like its directory. */
const VARIABLES = 'variables';

/** Of TensorFlow, whose form this is. Programs that read SavedModels show it. */
const TENSORFLOW_VERSION = '2.15.0';

export interface SaveModelOptions
  extends Pick<WriterOptions, 'shards' | 'durable' | 'lockTimeoutMs' | 'signal' | 'onProgress'> {
  /**
   * Whether the loss, the metrics and the optimizer with its state are saved, too. Default: whether the model is
   * compiled.
   */
  includeOptimizer?: boolean;
  /**
   * What else is saved with the model, by name: a step (`Counter`), an iterator of a dataset, a tf.Variable. Python
   * reads a step as `tf.saved_model.load(dir).extra.step`. Default: nothing.
   */
  extra?: Trackables;
}

const SAVE_MODEL_OPTIONS: OptionList<SaveModelOptions> = {
  shards: WRITER_OPTIONS.shards,
  durable: 'flag',
  lockTimeoutMs: true,
  signal: 'signal',
  onProgress: 'function',
  includeOptimizer: 'flag',
  extra: true,
};

/**
 * Saves a model as a SavedModel: its architecture, its weights, and how it was compiled, with the state of the
 * optimizer. Python has a real model of it with `tf_keras.models.load_model(dir)` (TensorFlow 2.16 and later:
 * `pip install tf_keras`; before: `tf.keras`): it predicts the same, evaluates and trains on. As with Keras's own
 * SavedModels, that model's optimizer begins anew; `model.load_weights(dir + '/variables/variables')` after
 * `load_model`, or `tf.train.Checkpoint`, restores its state.
 *
 * It is what Keras writes with `save_traces=False`: there are no functions in it. So `tf.saved_model.load(dir)` gives
 * the variables and no signatures, and TensorFlow Serving cannot run it.
 *
 * The values are those of the moment of the call; training may go on meanwhile. DIR is replaced as a whole: readers,
 * and a crash, see the old model or the new one. It is replaced only if it holds nothing but a SavedModel.
 *
 * Rejects with ERR_NOT_SUPPORTED if Keras lacks some of the layers, or of their activations, initializers, regularizers
 * or constraints (the error lists all), or for an optimizer that this version does not know; ERR_INVALID_ARGUMENT for a
 * model that is not built, `includeOptimizer: true` for one that is not compiled, or an `extra` that cannot be saved;
 * ERR_EXISTS if DIR holds anything else; and with what `CheckpointWriter.finish` throws.
 *
 * A loss or a metric that is a user-defined function cannot be written, and a few metrics Keras computes otherwise. A
 * warning names them. Without its loss, Keras loads the model uncompiled.
 *
 * @example
 * await saveModel(model, 'out/digits', { extra: { step: counter } });
 */
export async function saveModel(model: LayersModel, dir: PathLike, options: SaveModelOptions = {}): Promise<void> {
  refuseUnknown(options, 'saveModel', SAVE_MODEL_OPTIONS);
  const { includeOptimizer = true, extra, ...writer } = options;
  checkModel(model);
  if (options.includeOptimizer && !model.optimizer) {
    throw invalidArgument('the model has no optimizer; compile it, or leave includeOptimizer out');
  }
  const path = savePathOf(dir);
  const described = describe(model, includeOptimizer, extra);
  const files = filesOf(model, described, includeOptimizer);
  // The values of this moment; everything before was synchronous.
  const captured = new CapturedGraph(described.root, CopyBudget.forForeground());
  try {
    const { durable = true, signal, lockTimeoutMs } = writer;
    await saveDirectory(
      path,
      { durable, signal, lockTimeoutMs, call: captured.call },
      isSavedModelFile,
      async staged => {
        await staged.makeDirectory('assets');
        await staged.writeFile(KERAS_METADATA, files.metadata);
        await staged.writeFile(SAVED_MODEL, files.saved);
        await captured.write(`${staged.path}/${VARIABLES}/${VARIABLES}`, writer);
        const index = await indexOf(`${staged.path}/${VARIABLES}`);
        const fingerprint = await fingerprintOf(files.saved, index, signal);
        await staged.writeFile(FINGERPRINT, toBinary(FingerprintDefSchema, fingerprint));
      },
    );
  } finally {
    captured.release();
  }
}

/** The bytes of the index that was just written. */
async function indexOf(directory: string): Promise<Uint8Array> {
  const read = await withDirectory(directory, async variables => {
    const file = await variables.open(`${VARIABLES}.index`);
    return await file?.readAll(file.size).finally(() => file.close());
  });
  return read ?? new Uint8Array();
}

interface Described {
  readonly root: Trackable;
  objectOf(trackable: Trackable): unknown;
}

function describe(model: LayersModel, includeOptimizer: boolean, extra: Trackables | undefined): Described {
  const description = new Description([model, extra], { optimizers: includeOptimizer });
  const described = description.trackable(model, 'model');
  const added = extra === undefined ? [] : [{ name: EXTRA, node: branch(description.children(extra, EXTRA)) }];
  description.complete();
  const { children, attributes } = described;
  const extras = [architectureOf(model, includeOptimizer)];
  // TensorFlow looks for it in every SavedModel.
  const signatures = { name: SIGNATURES, node: branch([]) };
  const root = { children: [...children, signatures, ...added], attributes, extras };
  return { root, objectOf: node => (node === root ? model : description.objectOf(node)) };
}

/** The files beside the variables. */
function filesOf(
  model: LayersModel,
  { root, objectOf }: Described,
  includeOptimizer: boolean,
): { saved: Uint8Array; metadata: Uint8Array } {
  const numbering = numberObjects(root);
  const entries = kerasEntries(model);
  const weights = new Set(weightNames(model.weights));
  const trained = new Set(weightNames(trainedWeights(model, layer => layerKind(layer).inner?.(layer) ?? [])));
  const graph = savedObjectGraph({
    numbering,
    objectOf,
    isTrainable: ({ name, trainable }) => (weights.has(name) ? trained.has(name) : trainable),
  });
  const saved = create(SavedModelSchema, {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { strippedOpList: new Uint8Array(), tags: ['serve'], tensorflowVersion: TENSORFLOW_VERSION },
        objectGraphDef: graph,
      },
    ],
  });
  const metadata = kerasMetadata({
    numbering,
    entries,
    layerOf: number => {
      const live = objectOf(numbering.objects[number]!.object);
      return isLayer(live) ? live : undefined;
    },
    training: includeOptimizer ? trainingConfig(model, entries) : undefined,
  });
  return { saved: toBinary(SavedModelSchema, saved), metadata: toBinary(SavedMetadataSchema, metadata) };
}

/**
 * A model at one moment, as the files of the SavedModel that Keras writes with `model.save(path, save_traces=False)`.
 */
import { resolve } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { CopyBudget } from '../../../bundle/tf-staging.js';
import type { SaveResult, WriterOptions } from '../../../bundle/writer-options.js';
import { saveDirectory } from '../../../commit/directories/directory-save.js';
import { numberObjects } from '../../../graph/numbering.js';
import { CapturedGraph, type WriteHooks } from '../../../graph/stored/captured-graph.js';
import { branch, type Extra, type Trackable } from '../../../graph/trackable.js';
import { isLayer } from '../../../layers/family.js';
import { layerKind } from '../../../layers/registry.js';
import { trainedWeights, weightNames } from '../../../layers/trained.js';
import { withDirectory } from '../../../storage/directory.js';
import { Description } from '../../checkpoint/description.js';
import type { Trackables } from '../../checkpoint/trackable-value.js';
import { architectureOf } from '../../models/whole-model.js';
import { EXTRA, FINGERPRINT, KERAS_METADATA, SAVED_MODEL, VARIABLES } from '../stored/file-names.js';
import { isSavedModelFile } from '../stored/own-files.js';
import { kerasEntries } from './keras-config.js';
import { kerasMetadata } from './keras-metadata.js';
import { trainingConfig } from './keras-training.js';
import { SIGNATURES, savedObjectGraph } from './object-graph.js';

/** What the files beside the variables say. */
interface Files {
  readonly graph: ReturnType<typeof savedObjectGraph>;
  readonly metadata: ReturnType<typeof kerasMetadata>;
}

interface Choice {
  /** Default: whether the model is compiled. */
  readonly includeOptimizer?: boolean | undefined;
  readonly extra?: Trackables | undefined;
  /** What is stored beside the objects. */
  readonly extras?: readonly Extra[];
}

/** The options of the bundle in it, and of the directory. */
type Writing = Pick<WriterOptions, 'shards' | 'durable' | 'lockTimeoutMs' | 'signal' | 'onProgress'> & {
  overwrite?: 'atomic' | 'error';
};

export class CapturedModel {
  readonly #files: Files;
  readonly #graph: CapturedGraph;

  /** Synchronous. Keeps every value until `write` has ended. Throws what `saveModel` documents for the model. */
  constructor(model: LayersModel, choice: Choice, budget: CopyBudget) {
    const described = describe(model, choice);
    this.#files = filesOf(model, described, choice.includeOptimizer ?? true);
    this.#graph = new CapturedGraph(described.root, budget);
  }

  /** DIR, in the working directory of the call, becomes the SavedModel. Called once. `hooks` are a checkpoint's. */
  async write(
    dir: string,
    { overwrite, ...writer }: Writing,
    hooks: Pick<WriteHooks, 'onStaged' | 'calmly'> = {},
  ): Promise<SaveResult> {
    const { durable = true, signal, lockTimeoutMs } = writer;
    const options = { durable, signal, lockTimeoutMs, overwrite, call: this.#graph.call };
    const absolute = resolve(dir);
    try {
      const { encodeFingerprint, encodeMetadata, encodeSavedModel } = await import('./encoded-files.js');
      // Stays so if a later save has taken the place already.
      let result: SaveResult = { prefix: dir, tensors: 0, shards: 0, bytesWritten: 0, bytesLinked: 0 };
      await saveDirectory(absolute, options, isSavedModelFile, async staged => {
        await staged.makeDirectory('assets');
        const saved = encodeSavedModel(this.#files.graph);
        await staged.writeFile(KERAS_METADATA, encodeMetadata(this.#files.metadata));
        await staged.writeFile(SAVED_MODEL, saved);
        const written = await this.#graph.write(`${staged.path}/${VARIABLES}/${VARIABLES}`, writer, hooks);
        const index = await indexOf(`${staged.path}/${VARIABLES}`);
        await staged.writeFile(FINGERPRINT, await encodeFingerprint(saved, index, signal));
        result = { ...written, prefix: dir };
      });
      return result;
    } finally {
      this.#graph.release();
    }
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

function describe(model: LayersModel, { includeOptimizer = true, extra, extras = [] }: Choice): Described {
  // Only tf_keras loads a model of this form.
  const description = new Description([model, extra], { optimizers: includeOptimizer, scalingForm: 'tf_keras' });
  const described = description.trackable(model, 'model');
  const added = extra === undefined ? [] : [{ name: EXTRA, node: description.trackable(extra, EXTRA) }];
  description.complete();
  const { children, attributes } = described;
  const beside = [architectureOf(model, includeOptimizer), ...extras];
  // TensorFlow looks for it in every SavedModel.
  const signatures = { name: SIGNATURES, node: branch([]) };
  const root = { children: [...children, signatures, ...added], attributes, extras: beside };
  return { root, objectOf: node => (node === root ? model : description.objectOf(node)) };
}

function filesOf(model: LayersModel, { root, objectOf }: Described, includeOptimizer: boolean): Files {
  const numbering = numberObjects(root);
  const entries = kerasEntries(model);
  const weights = new Set(weightNames(model.weights));
  const trained = new Set(weightNames(trainedWeights(model, layer => layerKind(layer).inner?.(layer) ?? [])));
  const graph = savedObjectGraph({
    numbering,
    objectOf,
    isTrainable: ({ name, trainable }) => (weights.has(name) ? trained.has(name) : trainable),
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
  return { graph, metadata };
}

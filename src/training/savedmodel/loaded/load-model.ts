/** Makes a TensorFlow.js model from a SavedModel. */
import '../../../disposal.js';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CheckpointReader } from '../../../bundle/reader.js';
import type { PathLike } from '../../../commit/paths.js';
import { throwIfAborted } from '../../../errors.js';
import { extraKey } from '../../../graph/key.js';
import { restore } from '../../../graph/restore/restore.js';
import { branch } from '../../../graph/trackable.js';
// So that the JSON of a GRU with reset_after makes Keras's variant.
import '../../../layers/gru.js';
import { makeWaitingSlots } from '../../../layers/optimizers/waiting-slots.js';
import { trainedNames } from '../../../layers/trained.js';
import { type OptionList, refuseUnknown } from '../../../options.js';
import { withDirectory } from '../../../storage/directory.js';
import { Description } from '../../checkpoint/description.js';
import type { Trackables } from '../../checkpoint/trackable-value.js';
import { compileFrom, makeFrom, refuseUseless, warnOfRemarks } from '../../keras/config/model-from-keras.js';
import { kerasTopology } from '../../keras/config/topology.js';
import { freeze } from '../../models/frozen.js';
import { loadInto } from '../../models/model-weights.js';
import {
  LOAD_MODEL_OPTIONS as LOAD_OPTIONS,
  type LoadModelOptions as LoadOptions,
  modelIn,
} from '../../models/whole-model.js';
import { EXTRA } from '../stored/file-names.js';
import type { StoredModel } from '../stored/stored-model.js';
import { type KerasRoot, kerasRoot } from './keras-root.js';
import { readSavedModel } from './saved-model-path.js';

/** The key of a rate, which legacy optimizers with a schedule do not store. */
const RATE = /(^|\/)learning_rate\/\.ATTRIBUTES\/VARIABLE_VALUE/;
/** What the keys of the optimizer begin with. */
const OPTIMIZER = 'optimizer/';

export interface LoadModelOptions extends LoadOptions {
  /**
   * Objects that get what was saved as `extra`, under the names that they had: a step, an iterator of a dataset.
   * Default: none. What was saved and is not asked for here is left alone.
   */
  extra?: Trackables;
}

const LOAD_MODEL_OPTIONS: OptionList<LoadModelOptions> = { ...LOAD_OPTIONS, extra: true };

/**
 * Makes a model from a SavedModel that `saveModel` or Keras 2 wrote (`model.save(dir)`, in TensorFlow 2.16 and later
 * that of tf_keras): its architecture, its weights, and how it was compiled, with the state of the optimizer. It trains
 * on. User-defined layers must be registered (`tf.serialization.registerClass`); their `className` is the name of the
 * class in Python.
 *
 * The optimizer of a model from Keras is one of tensorbundle/optimizers, which have Keras's formulas. Losses and
 * metrics are those of TensorFlow.js with the same names. Keras's own schedules of learning rates go on; one of another
 * class stays at its present rate. A warning names what differs from Keras: metrics that TensorFlow.js lacks are left
 * out, layers with mixed precision compute in float32. If it lacks the loss or the optimizer, and `loss` is not given,
 * the model is not compiled: compile it, and `loadWeights(model, dir)` restores the state of the optimizer.
 *
 * Rejects with:
 *
 * - ERR_NOT_SUPPORTED if TensorFlow.js lacks layers or options of the model (the error lists all and says what to
 *   register), for a model of a Python class that only its code connects, and for a SavedModel without a Keras model:
 *   `loadFunctions` runs these.
 * - ERR_NOT_FOUND if there is no SavedModel at DIR; ERR_UNMATCHED if some of the objects of `extra` are not in it.
 * - ERR_INVALID_ARGUMENT for `loss` or `metrics` if the model was saved uncompiled.
 * - ERR_ABORTED if the `signal` fires; the model is disposed of then.
 * - ERR_CORRUPT for a damaged SavedModel; and with what `loadWeights` and TensorFlow.js throw.
 *
 * @example
 * const model = await loadModel('out/digits', { extra: { step } });
 */
export async function loadModel(dir: PathLike, options: LoadModelOptions = {}): Promise<LayersModel> {
  refuseUnknown(options, 'loadModel', LOAD_MODEL_OPTIONS);
  const { extra, ...others } = options;
  const given = { ...others, onProgress: options.onProgress?.bind(options) };
  const { stored, reader: opened } = await openTogether(dir, given.signal);
  await using reader = opened;
  // What this package wrote comes back exactly. Python, where the model may change, writes it without this.
  const isOurs = reader.has(extraKey('', 'model'));
  const model = isOurs ? await modelIn(reader, given) : await fromKeras(reader, kerasRoot(stored), given, stored.path);
  try {
    if (extra !== undefined) await restoreExtra(reader, extra, given.signal);
    return model;
  } catch (error) {
    disposeOf(model);
    throw error;
  }
}

/** The objects and the variables of one save, whatever saves replace the directory meanwhile. */
async function openTogether(
  dir: PathLike,
  signal: AbortSignal | undefined,
): Promise<{ stored: StoredModel; reader: CheckpointReader }> {
  for (;;) {
    throwIfAborted(signal, 'the load');
    const stored = await readSavedModel(dir);
    const reader = await CheckpointReader.open(`${stored.path}/variables/variables`, { signal });
    const isSame = await withDirectory(stored.path, async ({ identity }) => identity === stored.identity);
    if (isSame) return { stored, reader };
    await reader.close();
  }
}

async function fromKeras(
  reader: CheckpointReader,
  root: KerasRoot,
  options: LoadOptions,
  path: string,
): Promise<LayersModel> {
  const bytes = bytesIn(reader);
  const made = kerasTopology({ ...root, hasFunctions: true }, bytes, path);
  const remarks = [...made.remarks];
  const isCompiled = root.training !== undefined;
  if (options.compile !== false) refuseUseless(options, isCompiled, path);
  const model = await makeFrom(made, bytes, path);
  try {
    freeze(model, root.frozen);
    const { training } = root;
    const setRate =
      training === undefined || options.compile === false
        ? undefined
        : compileFrom(
            model,
            { training, presentRate: await presentRate(reader), outputs: made.outputs },
            options,
            remarks,
          );
    const { signal, onProgress } = options;
    const status = await loadInto(model, reader, { signal, onProgress });
    // Keras's legacy optimizers have no values at all before their first step.
    const isFresh = !reader.names().some(name => name.startsWith(OPTIMIZER));
    const mayMiss = (key: string): boolean =>
      (setRate !== undefined && RATE.test(key)) || (isFresh && key.startsWith(OPTIMIZER));
    if (status.mismatched.length > 0 || !status.missing.every(mayMiss)) status.assertExistingObjectsMatched();
    setRate?.();
    if (model.optimizer) makeWaitingSlots(model.optimizer, trainedNames(model));
  } catch (error) {
    disposeOf(model);
    throw error;
  }
  warnOfRemarks(remarks, path);
  return model;
}

function bytesIn(reader: CheckpointReader): number {
  return reader.names().reduce((sum, name) => sum + reader.entry(name).bytes, 0);
}

/** What the schedule of a learning rate gave for the last step. */
async function presentRate(reader: CheckpointReader): Promise<number | undefined> {
  const key = 'optimizer/_current_learning_rate/.ATTRIBUTES/VARIABLE_VALUE';
  if (!reader.has(key) || reader.entry(key).dtype !== 'float32' || reader.entry(key).shape.length > 0) return undefined;
  return (await reader.read(key)).data[0] as number;
}

async function restoreExtra(reader: CheckpointReader, extra: Trackables, signal?: AbortSignal): Promise<void> {
  const description = new Description([extra]);
  const node = description.trackable(extra, EXTRA);
  description.complete();
  (await restore(branch([{ name: EXTRA, node }]), reader, { signal })).assertExistingObjectsMatched();
}

function disposeOf(model: LayersModel): void {
  model.optimizer?.dispose();
  model.dispose();
}

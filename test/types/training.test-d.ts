/**
 * The types of `tensorbundle/tfjs`, judged by the compiler. Nothing here runs. What `new Checkpoint` takes is in
 * test/training/typing.test.ts, datasets are in test/data/typing.test.ts.
 */
import type * as tf from '@tensorflow/tfjs';
import {
  type BackgroundSave,
  BackupAndRestore,
  Checkpoint,
  CheckpointManager,
  Counter,
  copyWeights,
  EarlyStopping,
  type initFromCheckpoint,
  type KeptCheckpoint,
  keepBest,
  keepEveryHours,
  keepLatest,
  loadModel,
  loadWeights,
  type Mismatch,
  MisplacedWeightsError,
  ModelCheckpoint,
  type Progress,
  RestoreMismatchError,
  type RestoreStatus,
  type SaveResult,
  saveModel,
  saveWeights,
  TensorBundleError,
} from '../../src/tfjs.js';
import { holds, type Same } from './same.js';

export async function weights(model: tf.LayersModel, other: tf.Sequential): Promise<void> {
  const saved = await saveWeights(model, 'out/w', { includeOptimizer: false, optimizerKeys: 'legacy', shards: 2 });
  holds<Same<typeof saved, SaveResult>>();
  const status = await loadWeights(other, new URL('file:///out/w'), {
    skipMismatch: true,
    include: /dense/,
    exclude: /bias/,
    map: { 'dense/kernel': 'old/kernel' },
    alias: true,
  });
  holds<Same<typeof status, RestoreStatus>>();
  holds<Same<RestoreStatus['mismatched'], Mismatch[]>>();
  holds<Same<ReturnType<RestoreStatus['assertConsumed']>, RestoreStatus>>();
  status.assertConsumed().assertExistingObjectsMatched().expectPartial().loaded satisfies string[];
  holds<Same<ReturnType<typeof copyWeights>, RestoreStatus>>();
  copyWeights(model, other, { by: 'order' });
  holds<Same<Awaited<ReturnType<typeof saveModel>>, SaveResult>>();
  (await loadModel('out/m', { compile: false })) satisfies tf.LayersModel;
  await saveModel(model, 'out/m', { includeOptimizer: true });
  await saveModel(model, 'out/m.keras', { format: 'keras', durable: false, overwrite: 'error' });
  for (const format of ['checkpoint', 'savedmodel', 'h5'] as const) await saveModel(model, 'out/m', { format });
  holds<Same<typeof saved, Awaited<ReturnType<typeof saveModel>>>>();
  await loadWeights(model, 'old.h5', { byName: true });
  const watched = {
    signal: AbortSignal.timeout(1000),
    onProgress: (one: Progress) => holds<Same<typeof one, Progress>>(),
  };
  await loadWeights(model, 'out/w', watched);
  await loadModel('out/m', watched);
  // @ts-expect-error the controller, not its signal
  await loadModel('out/m', { signal: new AbortController() });
  // @ts-expect-error a form that Keras has, but not here
  await saveModel(model, 'out/m', { format: 'tf' });
  // @ts-expect-error weights have their form by their name
  await saveWeights(model, 'out/w', { format: 'h5' });
  // @ts-expect-error a path is needed
  await saveWeights(model);
  // @ts-expect-error the model first
  await saveWeights('out/w', model);
  // @ts-expect-error another word than the two
  await saveWeights(model, 'out/w', { optimizerKeys: 'old' });
  // @ts-expect-error an option of saving
  await loadWeights(model, 'out/w', { updateState: true });
  // @ts-expect-error a text is not a regular expression
  await loadWeights(model, 'out/w', { include: 'dense' });
  // @ts-expect-error two models, not a path
  copyWeights(model, 'out/w');
  // @ts-expect-error another word than the two
  copyWeights(model, other, { by: 'name' });
  // @ts-expect-error a list of keys is not assigned
  status.loaded = [];
}

export async function checkpoints(model: tf.LayersModel, optimizer: tf.Optimizer, signal: AbortSignal): Promise<void> {
  const checkpoint = new Checkpoint({ model, optimizer, step: new Counter(1n) });
  const path = await checkpoint.save('out/ckpt', { durable: false, signal, skipSlotVariables: true });
  holds<Same<typeof path, string>>();
  const inBackground = checkpoint.save('out/ckpt', { background: true });
  holds<Same<typeof inBackground, BackgroundSave>>();
  holds<Same<[BackgroundSave['staged'], BackgroundSave['durable']], [Promise<void>, Promise<SaveResult>]>>();
  const maybe = checkpoint.save('out/ckpt', { background: true, ifBusy: 'skip' });
  holds<Same<typeof maybe, BackgroundSave | null>>();
  holds<Same<Awaited<ReturnType<typeof checkpoint.write>>, string>>();
  holds<Same<Awaited<ReturnType<typeof checkpoint.read>>, RestoreStatus>>();
  (await checkpoint.restore(null)).assertNontrivialMatch();
  (await checkpoint.restore(path, { map: { model: 'net' } })).expectPartial();
  holds<Same<typeof checkpoint.saveCounter, number>>();
  holds<Same<ReturnType<typeof checkpoint.sync>, Promise<void>>>();
  holds<Same<Awaited<ReturnType<typeof initFromCheckpoint>>, RestoreStatus>>();
  // @ts-expect-error nothing to track
  new Checkpoint();
  // @ts-expect-error a path is needed, or null
  await checkpoint.restore();
  // @ts-expect-error null restores nothing; `read` takes a path
  await checkpoint.read(null);
  // @ts-expect-error a save that may be left out may be null
  checkpoint.save('out/ckpt', { background: true, ifBusy: 'skip' }).path satisfies string;
  // @ts-expect-error a save in the background is not a promise
  checkpoint.save('out/ckpt', { background: true }).then;
  // @ts-expect-error only saves count
  checkpoint.saveCounter = 3;
  // @ts-expect-error another word than the two
  await checkpoint.save('out/ckpt', { ifBusy: 'drop' });
}

export async function managers(checkpoint: Checkpoint, counter: Counter): Promise<void> {
  const manager = new CheckpointManager(checkpoint, 'out', {
    maxToKeep: null,
    keepCheckpointEveryNHours: 1,
    checkpointName: 'ckpt',
    stepCounter: counter,
    checkpointInterval: { seconds: 60 },
    initFn: async () => {},
    retention: [keepLatest(3), keepEveryHours(1), keepBest({ metric: 'loss', mode: 'min', count: 2 })],
    onLowSpace: ({ removable }) => removable.slice(0, 1),
  });
  new CheckpointManager(checkpoint, new URL('file:///out'), { maxToKeep: 5, stepCounter: () => 7 });
  const path = await manager.save({ metrics: { loss: 0.1 }, checkpointNumber: 7, checkInterval: false });
  holds<Same<typeof path, string | null>>();
  const inBackground = manager.save({ background: true });
  holds<Same<typeof inBackground, BackgroundSave | null>>();
  holds<Same<typeof manager.checkpoints, readonly string[]>>();
  holds<Same<typeof manager.kept, readonly KeptCheckpoint[]>>();
  holds<Same<typeof manager.latestCheckpoint, string | null>>();
  holds<Same<typeof manager.lastCheckpointStep, number | null>>();
  holds<Same<Awaited<ReturnType<typeof manager.restoreOrInitialize>>, string | null>>();
  // @ts-expect-error how many to keep has to be said
  new CheckpointManager(checkpoint, 'out', {});
  // @ts-expect-error the options are needed
  new CheckpointManager(checkpoint, 'out');
  // @ts-expect-error a Checkpoint, not what it tracks
  new CheckpointManager({ counter }, 'out', { maxToKeep: 1 });
  // @ts-expect-error a policy, not its name
  new CheckpointManager(checkpoint, 'out', { maxToKeep: 1, retention: ['best'] });
  // @ts-expect-error of which metric
  keepBest({ mode: 'min' });
  // @ts-expect-error the smallest or the largest
  keepBest({ metric: 'loss', mode: 'best' });
  // @ts-expect-error metrics are numbers
  await manager.save({ metrics: { loss: '0.1' } });
  // @ts-expect-error a save may be left out
  (await manager.save()) satisfies string;
  // @ts-expect-error the list is not changed by hand
  manager.checkpoints.push('out/ckpt-1');
}

export async function callbacks(model: tf.LayersModel, dataset: tf.data.Dataset<tf.TensorContainer>): Promise<void> {
  const saver = new ModelCheckpoint({
    filepath: 'out/{epoch:02d}-{val_loss:.2f}',
    monitor: 'val_loss',
    saveBestOnly: true,
    mode: 'min',
    saveFreq: { seconds: 60 },
    verbose: 1,
    onError: 'warn',
    onMissingMetric: 'throw',
    writer: { durable: false },
  });
  new ModelCheckpoint({ filepath: new URL('file:///best.keras'), format: 'keras', saveBestOnly: true });
  // @ts-expect-error a form that Keras has, but not here
  new ModelCheckpoint({ filepath: 'x', format: 'tf' });
  holds<Same<[typeof saver.best, typeof saver.lastSaved], [number | null, string | null]>>();
  const backup = new BackupAndRestore({ backupDir: 'out/backup', saveFreq: 10, trackables: { step: new Counter() } });
  const { initialEpoch, dataset: data } = await backup.resume(model, dataset);
  holds<Same<typeof initialEpoch, number>>();
  data satisfies { readonly size: number };
  const { dataset: none } = await backup.resume(model);
  holds<Same<typeof none, undefined>>();
  const stopping = new EarlyStopping({ monitor: 'val_loss', patience: 2, restoreBestWeights: true });
  holds<Same<[typeof stopping.best, typeof stopping.stoppedEpoch], [number | null, number]>>();
  // TensorFlow.js takes them as its own.
  [saver, backup, stopping] satisfies tf.Callback[];
  // @ts-expect-error where to save
  new ModelCheckpoint({ monitor: 'loss' });
  // @ts-expect-error 'epoch', a number of batches, or { seconds }
  new ModelCheckpoint({ filepath: 'x', saveFreq: 'batch' });
  // @ts-expect-error another word than the three
  new ModelCheckpoint({ filepath: 'x', mode: 'lowest' });
  // @ts-expect-error Keras's spelling is not JavaScript's
  new ModelCheckpoint({ filepath: 'x', save_best_only: true });
  // @ts-expect-error where to keep the backup
  new BackupAndRestore({});
  // @ts-expect-error a number is not something to track
  new BackupAndRestore({ backupDir: 'x', trackables: { step: 5 } });
  // @ts-expect-error a model, not a path
  await backup.resume('out/model');
  // @ts-expect-error patience is a number of epochs
  new EarlyStopping({ patience: '2' });
  // @ts-expect-error what was best is only read
  saver.best = 1;
}

export function errors(error: unknown): void {
  if (error instanceof RestoreMismatchError) {
    holds<Same<typeof error.status, RestoreStatus>>();
    error satisfies TensorBundleError;
  }
  if (error instanceof MisplacedWeightsError) {
    error satisfies TensorBundleError;
    error.misplaced.map(({ layer, weightsOf, key }) => layer + weightsOf + key) satisfies string[];
    // @ts-expect-error a name that it does not have
    error.misplaced[0]?.name;
  }
  // @ts-expect-error only of a mismatch
  if (error instanceof TensorBundleError) error.status;
}

export function counters(step: Counter): void {
  holds<Same<[typeof step.value, typeof step.bigint], [number, bigint]>>();
  step.assign(3n).assignAdd(1).assignSub().value satisfies number;
  new Counter(new BigInt64Array(1));
  // @ts-expect-error a text is not a count
  new Counter('3');
  // @ts-expect-error assigned by `assign`
  step.value = 3;
}

/** Restores the newest backup that is not damaged into the model, the dataset and the other trackables. */
import { resolve } from 'node:path';
import '../../disposal.js';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isDamage } from '../../bundle/damage.js';
import { latestValidIn } from '../../bundle/find-latest.js';
import { locate } from '../../bundle/locate.js';
import { CheckpointReader } from '../../bundle/reader.js';
import type { CheckpointableDataset } from '../../data/checkpointable.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { type Directories, withDirectories } from '../../storage/directories.js';
import { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Trackables } from '../checkpoint/trackable-value.js';
import type { CheckpointManager } from '../manager/manager.js';
import type { BackupProgress } from './backup-progress.js';

interface BackedUp {
  readonly model: LayersModel;
  readonly progress: BackupProgress;
  readonly trackables: Trackables;
  readonly dataset: CheckpointableDataset<unknown> | undefined;
}

interface BackupPlace {
  readonly manager: CheckpointManager;
  readonly backupDir: string;
  /** If the backup is of another dataset, the epoch begins anew with this one. */
  restartData: boolean;
  warn(text: string): void;
}

/** Path of the restored backup, which is then in the manager's books; null if there is none. */
export async function restoreBackup(what: BackedUp, place: BackupPlace): Promise<string | null> {
  return await withDirectories(directories => restoreBackupIn(directories, what, place));
}

async function restoreBackupIn(directories: Directories, what: BackedUp, place: BackupPlace): Promise<string | null> {
  const { manager, backupDir } = place;
  const paths = await manager.ownPaths(directories);
  const other = paths.length === 0 ? await latestValidIn(directories, backupDir) : null;
  if (other !== null)
    throw invalidArgument(
      `BackupAndRestore: backupDir must be a directory of its own, and ${backupDir} has other checkpoints; give ` +
        'another path',
      { found: other },
    );
  let first: unknown;
  const tried = new Set<string>();
  // Looked for again while there are others: what an interrupted training of this process still saves replaces the
  // backup that was found.
  for (let untried = paths; untried.length > 0; ) {
    for (const path of untried) {
      tried.add(path);
      const absolute = resolve(path);
      try {
        await using reader = await CheckpointReader.openLocated(await locate(absolute, directories));
        await restoreFrom(reader, what, place);
      } catch (error) {
        if (!isDamage(error)) throw error;
        first ??= named(error, absolute, backupDir);
        continue;
      }
      await manager.adopt(path, (await directories.open(backupDir)) ?? undefined);
      return path;
    }
    untried = (await manager.ownPaths(directories)).filter(path => !tried.has(path));
  }
  if (paths.length > 0) throw first;
  return null;
}

async function restoreFrom(reader: CheckpointReader, what: BackedUp, place: BackupPlace): Promise<void> {
  const { model, progress, trackables, dataset } = what;
  const weights = { ...trackables, model, progress };
  const path = reader.prefix;
  try {
    (await place.manager.checkpoint.restoreFrom(reader)).assertExistingObjectsMatched();
    if (dataset && !dataset.isRestored)
      throw new TensorBundleError(
        'ERR_MISMATCH',
        `the backup ${path} is of a training without a dataset; resume it without one, begin anew in another ` +
          "backupDir, or give the option onChangedDataset: 'restart'",
        { path },
      );
  } catch (error) {
    const isMismatch = error instanceof TensorBundleError && error.code === 'ERR_MISMATCH';
    if (!isMismatch || !dataset || !place.restartData) throw error;
    // It was refused before anything changed. If the model is another one too, this restore is refused as well.
    const withoutData = new Checkpoint(weights);
    (await withoutData.restoreFrom(reader)).assertExistingObjectsMatched();
    place.manager.checkpoint.countFrom(withoutData.saveCounter);
    beginEpochAnew(progress, place, 'the dataset is not that of the backup');
    return;
  }
  if (!dataset) beginEpochAnew(progress, place, 'the backup is of a training with a dataset');
}

/** Goes to the first batch of the backup's epoch: the model, its optimizer and the epoch stay those of the backup. */
export function beginEpochAnew(progress: BackupProgress, { warn }: Pick<BackupPlace, 'warn'>, why: string): void {
  if (progress.batch > 0)
    warn(
      `${why}: epoch ${progress.epoch + 1} begins anew with its data, although ${progress.batch} batches of it are ` +
        `in the weights`,
    );
  progress.batch = 0;
}

function named(error: TensorBundleError, path: string, backupDir: string): TensorBundleError {
  if (error.code !== 'ERR_NOT_FOUND' || error.path !== `${path}.index`) return error;
  return new TensorBundleError(
    'ERR_NOT_FOUND',
    `the \`checkpoint\` file of ${backupDir} names the backup ${path}, which does not exist; bring it back, or ` +
      'remove the directory to begin anew',
    { path: error.path, cause: error },
  );
}

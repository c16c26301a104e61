/** Opens what a path leads to, known by its content: a checkpoint, or a file of Keras. */
import { CheckpointReader } from '../../bundle/reader.js';
import { type PathLike, pathOf } from '../../commit/paths.js';
import { TensorBundleError, throwIfAborted } from '../../errors.js';
import type { LoadHooks } from '../../graph/restore/restore-source.js';
import type { KerasFile } from '../keras/files/keras-file.js';

/** Names that Keras's files have. They only decide what is tried first, so that checkpoints are opened in one trip. */
const KERAS = /\.(keras|h5|hdf5|json)$/i;

/** Loaded late, since most programs read no such file. */
const openKeras = async (path: string, hooks: LoadHooks): Promise<KerasFile | null> =>
  (await import('../keras/files/open-keras-file.js')).openKerasFile(path, hooks);

/** Of a checkpoint with the name of a file of Keras. Such names nearly always mean the file, and so does the error. */
async function openCheckpoint(path: string, signal: AbortSignal | undefined): Promise<CheckpointReader> {
  try {
    return await CheckpointReader.open(path, { signal });
  } catch (cause) {
    if (!(cause instanceof TensorBundleError && cause.code === 'ERR_NOT_FOUND')) throw cause;
    throw new TensorBundleError('ERR_NOT_FOUND', `there is neither a file nor a checkpoint at ${path}`, {
      path,
      cause,
    });
  }
}

/** Throws what `CheckpointReader.open` throws if it is neither, and what `openKerasFile` throws. */
export async function openStored(path: PathLike, hooks: LoadHooks = {}): Promise<CheckpointReader | KerasFile> {
  const local = pathOf(path);
  const { signal } = hooks;
  throwIfAborted(signal, 'the load');
  if (KERAS.test(local)) return (await openKeras(local, hooks)) ?? (await openCheckpoint(local, signal));
  try {
    return await CheckpointReader.open(path, { signal });
  } catch (error) {
    const isOther =
      error instanceof TensorBundleError && ['ERR_NOT_FOUND', 'ERR_NOT_A_CHECKPOINT'].includes(error.code);
    const file = isOther ? await openKeras(local, hooks) : null;
    if (file === null) throw error;
    return file;
  }
}

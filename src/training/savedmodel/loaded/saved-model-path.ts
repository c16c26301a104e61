/** Opens a SavedModel to be loaded. Says what a path is, if it is something else. */
import { type PathLike, pathOf } from '../../../commit/paths.js';
import { TensorBundleError } from '../../../errors.js';
import { Directory } from '../../../storage/directory.js';
import { readStoredModel, type StoredModel } from '../stored/stored-model.js';

/** Throws what `readStoredModel` throws, with what to call instead where that can be seen. */
export async function readSavedModel(given: PathLike): Promise<StoredModel> {
  try {
    return await readStoredModel(given);
  } catch (error) {
    const hint = error instanceof TensorBundleError ? await hintFor(pathOf(given)).catch(() => undefined) : undefined;
    if (hint === undefined) throw error;
    throw new TensorBundleError('ERR_NOT_SUPPORTED', `${pathOf(given)} is not a SavedModel: ${hint}`, {
      path: pathOf(given),
      cause: error,
    });
  }
}

async function hintFor(path: string): Promise<string | undefined> {
  if (/\.(keras|h5|hdf5)$/.test(path)) return 'it is a file of Keras; loadModel of tensorbundle/tfjs reads it';
  if (/\.pb$/.test(path)) return 'give the directory around it';
  if (await isCheckpoint(path)) return 'it is a checkpoint; use loadModel of tensorbundle/tfjs, or loadWeights';
  return undefined;
}

/** Whether it is a prefix, or a directory with a state file. */
async function isCheckpoint(path: string): Promise<boolean> {
  const cut = path.lastIndexOf('/');
  const around = await Directory.open(cut < 0 ? '.' : path.slice(0, cut + 1));
  const inside = await Directory.open(path).catch(() => null);
  try {
    const isPrefix = around !== null && (await around.stat(`${path.slice(cut + 1)}.index`)) !== null;
    return isPrefix || (inside !== null && (await inside.stat('checkpoint')) !== null);
  } finally {
    await around?.close();
    await inside?.close();
  }
}

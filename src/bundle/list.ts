/**
 * Questions about a checkpoint that take one call, as in TensorFlow (tensorflow/python/training/checkpoint_utils.py).
 */
import type { PathLike } from '../commit/paths.js';
import type { StoredDType, TensorValue } from '../format/dtypes.js';
import { CheckpointReader } from './reader.js';

/**
 * Name, type and shape of every tensor, in the order of the names. Tensors of a type that cannot be read are included.
 * Throws what `CheckpointReader.open` throws.
 */
export async function listVariables(path: PathLike): Promise<{ name: string; dtype: StoredDType; shape: number[] }[]> {
  const reader = await CheckpointReader.open(path);
  try {
    return reader.names().map(name => {
      const { dtype, shape } = reader.entry(name);
      return { name, dtype, shape };
    });
  } finally {
    await reader.close();
  }
}

/** The value of one tensor; a trailing ':0' is dropped. Throws ERR_NOT_FOUND and what reading throws. */
export async function loadVariable(path: PathLike, name: string): Promise<TensorValue> {
  const reader = await CheckpointReader.open(path);
  try {
    return await reader.read(name.endsWith(':0') && !reader.has(name) ? name.slice(0, -2) : name, { copy: true });
  } finally {
    await reader.close();
  }
}

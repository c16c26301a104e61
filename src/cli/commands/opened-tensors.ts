/** What `ls` and `show` look into: a checkpoint, or a file of Keras. TensorFlow.js is not needed for either. */
import { TensorBundleError } from '../../errors.js';
import type { TensorSource } from '../terminal/tensor-digest.js';

/** Throws as `CheckpointReader.open`, if it is neither. */
export async function openTensors(path: string): Promise<TensorSource> {
  const { CheckpointReader } = await import('../../index.js');
  try {
    return await CheckpointReader.open(path);
  } catch (error) {
    const isOther =
      error instanceof TensorBundleError && ['ERR_NOT_FOUND', 'ERR_NOT_A_CHECKPOINT'].includes(error.code);
    if (!isOther) throw error;
    const { KerasTensors } = await import('../../training/keras/files/keras-tensors.js');
    const file = await KerasTensors.open(path);
    if (file === null) throw error;
    return file;
  }
}

/** Writes the weights of a model, as they are now, in one of Keras's layouts, without what makes a save safe. */
import { open } from 'node:fs/promises';
import type * as tf from '@tensorflow/tfjs-node';
import { CopyBudget } from '../../src/bundle/tf-staging.js';
import { planHdf5 } from '../../src/hdf5/writing/plan-hdf5.js';
import { configNames } from '../../src/training/keras/config/written/keras-names.js';
import {
  type CapturedWeights,
  capturedWeights,
  type WeightsChoice,
} from '../../src/training/keras/writing/captured-weights.js';

export function capture(
  model: tf.LayersModel,
  form: WeightsChoice['form'],
  includeOptimizer?: boolean,
): CapturedWeights {
  return capturedWeights(model, { form, includeOptimizer, names: configNames(model) }, CopyBudget.forForeground());
}

export async function writeCaptured(captured: CapturedWeights, path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for await (const piece of planHdf5(captured.root, path).pieces()) await file.write(piece);
  } finally {
    await file.close();
    captured.release();
  }
}

export async function writeWeights(model: tf.LayersModel, path: string, form: WeightsChoice['form']): Promise<void> {
  await writeCaptured(capture(model, form), path);
}

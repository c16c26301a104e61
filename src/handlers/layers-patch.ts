/**
 * Changes two methods of the class LayersModel: `save`, and `loadWeights`, so that loaders find weights and the state
 * of optimizers.
 */

import type { io, NamedTensorMap } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { nextCall } from '../commit/call-order.js';
import { makeWaitingSlots } from '../layers/optimizers/waiting-slots.js';
import { trainedNames } from '../layers/trained.js';
import { liveValue } from '../layers/variable.js';
import { io as tfio, tidy } from '../tfjs-core.js';
import { saveModel } from '../training/formats/save-in-format.js';
import { saveArtifacts } from './checkpoint-artifacts.js';
import { FileHandler } from './file-handler.js';
import { artifactsOf, bufferedArtifactsOf, descriptionOf } from './layers-model.js';
import { saveModelFiles } from './model-files.js';
import { adoptWeights } from './optimizer-weights.js';
import { CHECKPOINT, DONE, FILE, type FileSystem, type Patched } from './schemes.js';
import { placeWeights } from './weight-names.js';
import { artifactsInfo } from './weights.js';

/** A method that is not public, although every loader calls it. */
interface Inner {
  loadWeights(weights: NamedTensorMap, strict?: boolean): void;
}

export function patchLayersModel(prototype: LayersModel & Patched): void {
  if (prototype[DONE]) return;
  prototype[DONE] = true;
  patchSave(prototype);
  patchLoadWeights(prototype as unknown as Inner);
}

function patchSave(prototype: LayersModel): void {
  const theirs = prototype.save;
  prototype.save = async function (this: LayersModel, target, config) {
    const call = nextCall();
    const path = typeof target === 'string' ? target : '';
    if (path.startsWith(CHECKPOINT) && config?.trainableOnly) {
      // Without the frozen weights it is not a model that Python could load.
      return await saveArtifacts(await bufferedArtifactsOf(this, config), path.slice(CHECKPOINT.length));
    }
    if (path.startsWith(CHECKPOINT)) {
      const includeOptimizer = config?.includeOptimizer ?? false;
      await saveModel(this, path.slice(CHECKPOINT.length), { includeOptimizer, format: 'checkpoint' });
      return artifactsInfo(this.toJSON(null, false) as object, descriptionOf(this));
    }
    const handlers = path.startsWith(FILE) ? tfio.getSaveHandlers(path) : [];
    const ours = handlers.length === 1 ? checkpointPathOf(handlers[0]!) : undefined;
    if (ours === undefined) {
      // TensorFlow.js asks the optimizer for its state, which lacks restored values that wait for the first step.
      if (config?.includeOptimizer && this.optimizer) makeWaitingSlots(this.optimizer, trainedNames(this));
      return await theirs.call(this, target, config);
    }
    const { artifacts, weights } = await artifactsOf(this, config);
    try {
      return await saveModelFiles(ours, artifacts, weights, call);
    } finally {
      weights.release();
    }
  };
}

/** The directory of a handler whose files `saveModelFiles` writes: our own, or tfjs-node's when it is patched. */
function checkpointPathOf(handler: io.IOHandler): string | undefined {
  const { path, [DONE]: isPatched } = handler as unknown as FileSystem;
  const isOurs = handler instanceof FileHandler || isPatched;
  return isOurs && typeof path === 'string' ? path : undefined;
}

function patchLoadWeights(prototype: Inner): void {
  const theirs = prototype.loadWeights;
  prototype.loadWeights = function (this: LayersModel & Inner, weights, strict = true) {
    const found = placeWeights(this, weights);
    const isComplete = found?.placed.length === this.weights.length;
    // `tidy`, since TensorFlow.js leaks the tensors that a weight's constraint makes.
    if (!found?.byPlace || !(isComplete || !strict)) tidy(() => theirs.call(this, weights, strict));
    // Assigns the value exactly as it was saved: TensorFlow.js applies the weight's constraint again, which may change
    // it.
    for (const { weight, fileName } of found?.placed ?? []) {
      const stored = weights[fileName];
      if (stored) liveValue(weight, weight.originalName).assign(stored);
    }
    if (!this.optimizer) return;
    const pairs = (found?.placed ?? []).map(
      ({ weight, fileName }) => [liveValue(weight, weight.originalName).name, fileName] as const,
    );
    adoptWeights(this, new Map(pairs));
  };
}

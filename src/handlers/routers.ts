/** What `tensorbundle/register` changes in TensorFlow.js: two kinds of URL, for `model.save` and for loading. */
import { dirname } from 'node:path';
import { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { makeWaitingSlots } from '../layers/optimizers/pending.js';
import { liveValue } from '../layers/variable.js';
import { requireLayers } from '../training/callback-base.js';
import { loadModel, saveModel } from '../training/whole-model.js';
import { loadArtifacts, saveArtifacts } from './checkpoint-artifacts.js';
import { artifactsOf } from './layers-model.js';
import { readWeightFiles, saveModelFiles } from './model-files.js';
import { artifactsInfo, weightsOfArtifacts } from './weights.js';

const [CHECKPOINT, FILE] = ['ckpt://', 'file://'];
const DONE = Symbol.for('tensorbundle.registered');

interface Patched {
  [DONE]?: boolean;
}

/** tfjs-node's handler, of which only this is used. */
interface FileSystem extends Patched {
  path: unknown;
  save(artifacts: io.ModelArtifacts): Promise<io.SaveResult>;
  loadWeights(manifest: io.WeightsManifestConfig, path: string): Promise<unknown>;
}

/** Once; a second copy of this package leaves it as it is. */
export function register(): void {
  const registry = io as Patched & typeof io;
  const mark = globalThis as Patched;
  if (mark[DONE]) return;
  mark[DONE] = true;
  registry.registerSaveRouter(url => handlerOf(url));
  registry.registerLoadRouter(url => handlerOf(url));
  let isLooking = false;
  // tfjs-node may be loaded later than this: its handler is looked for when one is asked for.
  const look = (url: string | string[]): io.IOHandler => {
    if (isLooking || typeof url !== 'string' || !url.startsWith(FILE!)) return null as never;
    isLooking = true;
    try {
      for (const handler of io.getSaveHandlers(url)) patchFileSystem(handler as unknown as FileSystem);
    } finally {
      isLooking = false;
    }
    return null as never;
  };
  registry.registerSaveRouter(look);
  registry.registerLoadRouter(look);
  patchLayersModel(requireLayers().LayersModel.prototype as LayersModel & Patched);
}

function handlerOf(url: string | string[]): io.IOHandler {
  if (typeof url !== 'string' || !url.startsWith(CHECKPOINT!)) return null as never;
  const path = url.slice(CHECKPOINT!.length);
  return {
    save: artifacts => saveArtifacts(artifacts, path),
    load: async () => (await loadArtifacts(path)) ?? (await artifactsInCheckpoint(path)),
  };
}

/** The model is made, and taken apart again: TensorFlow.js makes its own from the parts. */
async function artifactsInCheckpoint(path: string): Promise<io.ModelArtifacts> {
  const model = await loadModel(path);
  try {
    // TensorFlow.js's loader knows nothing of values that wait for the first step.
    const names = model.trainableWeights.map(variable => liveValue(variable, variable.originalName).name);
    if (model.optimizer) makeWaitingSlots(model.optimizer, names);
    const { artifacts, weights } = await artifactsOf(model, { includeOptimizer: Boolean(model.optimizer) });
    const weightData: ArrayBuffer[] = [];
    try {
      for (const i of weights.specs.keys()) weightData.push((await weights.bytes(i)).slice().buffer);
    } finally {
      weights.release();
    }
    return { ...artifacts, weightSpecs: [...weights.specs], weightData };
  } finally {
    model.dispose();
  }
}

/** Only of tfjs-node's own handler: others may mean another thing by their path. */
function patchFileSystem(handler: FileSystem): void {
  const prototype = Object.getPrototypeOf(handler) as FileSystem;
  if (prototype.constructor.name !== 'NodeFileSystem' || prototype[DONE]) return;
  const theirs = prototype.save;
  prototype[DONE] = true;
  prototype.save = async function (this: FileSystem, artifacts) {
    if (typeof this.path !== 'string') return await theirs.call(this, artifacts);
    return await saveModelFiles(this.path, artifacts, weightsOfArtifacts(artifacts));
  };
  prototype.loadWeights = async (manifest, path) => await readWeightFiles(dirname(path), manifest);
}

function patchLayersModel(prototype: LayersModel & Patched): void {
  if (prototype[DONE]) return;
  prototype[DONE] = true;
  const theirs = prototype.save;
  prototype.save = async function (this: LayersModel, target, config) {
    if (typeof target !== 'string') return await theirs.call(this, target, config);
    if (target.startsWith(CHECKPOINT!) && !config?.trainableOnly) {
      await saveModel(this, target.slice(CHECKPOINT!.length), { includeOptimizer: config?.includeOptimizer ?? false });
      const { artifacts, weights } = await artifactsOf(this, config);
      weights.release();
      return artifactsInfo(artifacts.modelTopology as object, weights);
    }
    const [handler, ...more] = io.getSaveHandlers(target);
    const { path } = (handler ?? {}) as Partial<FileSystem>;
    const isOurs =
      target.startsWith(FILE!) &&
      more.length === 0 &&
      typeof path === 'string' &&
      (handler as unknown as FileSystem)[DONE];
    if (!isOurs) return await theirs.call(this, target, config);
    const { artifacts, weights } = await artifactsOf(this, config);
    try {
      return await saveModelFiles(path, artifacts, weights);
    } finally {
      weights.release();
    }
  };
}

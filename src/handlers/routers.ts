/** What `tensorbundle/register` adds to TensorFlow.js: two kinds of URL, for saving and for loading models. */
import { dirname } from 'node:path';
import '../disposal.js';
import type { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CheckpointReader } from '../bundle/reader.js';
import { io as tfio } from '../tfjs-core.js';
import { optionalLayers } from '../training/models/tfjs-layers.js';
import { modelIn } from '../training/models/whole-model.js';
import { artifactsIn, saveArtifacts } from './checkpoint-artifacts.js';
import { FileHandler } from './file-handler.js';
import { bufferedArtifactsOf } from './layers-model.js';
import { patchLayersModel } from './layers-patch.js';
import { readWeightFiles, saveModelFiles } from './model-files.js';
import { dispose, readyArtifacts } from './ready-model.js';
import { CHECKPOINT, DONE, FILE, type FileSystem, type Patched } from './schemes.js';
import { weightsOfArtifacts } from './weights.js';

type Route = (url: string | string[], options?: io.LoadOptions) => io.IOHandler;

/** A router of TensorFlow.js returns null for a URL that is not its own, although its type does not allow that. */
const NONE = null as unknown as io.IOHandler;

/** Does its work once. A second copy of this package does nothing. */
export function register(): void {
  const mark = globalThis as Patched;
  if (mark[DONE]) return;
  mark[DONE] = true;
  tfio.registerSaveRouter(url => checkpointHandler(url));
  tfio.registerLoadRouter((url, options) => checkpointHandler(url, options));
  tfio.registerSaveRouter(fileRoute(url => tfio.getSaveHandlers(url)));
  tfio.registerLoadRouter(fileRoute(url => tfio.getLoadHandlers(url)));
  const layers = optionalLayers();
  if (layers) patchLayersModel(layers.LayersModel.prototype as LayersModel & Patched);
}

/**
 * tfjs-node may be loaded later than this package, or never. So its handler is looked for, and patched, whenever a
 * handler is asked for. If there is no other handler, ours is used.
 */
function fileRoute(others: (url: string) => io.IOHandler[]): Route {
  let isLooking = false;
  return url => {
    if (isLooking || typeof url !== 'string' || !url.startsWith(FILE)) return NONE;
    isLooking = true;
    try {
      const found = others(url);
      for (const handler of found) patchFileSystem(handler as unknown as FileSystem);
      return found.length === 0 ? new FileHandler(url.slice(FILE.length)) : NONE;
    } finally {
      isLooking = false;
    }
  };
}

/**
 * `options`: those of `tf.loadLayersModel` and `tf.loadGraphModel`. A caller that only wants the artifacts gives none.
 */
function checkpointHandler(url: string | string[], options?: io.LoadOptions): io.IOHandler {
  if (typeof url !== 'string' || !url.startsWith(CHECKPOINT)) return NONE;
  const path = url.slice(CHECKPOINT.length);
  return {
    save: artifacts => saveArtifacts(artifacts, path),
    load: async () => {
      await using reader = await CheckpointReader.open(path);
      const artifacts = await artifactsIn(reader);
      if (artifacts) return artifacts;
      return options ? readyArtifacts(await modelIn(reader), path) : await artifactsOfModelIn(reader);
    },
  };
}

/** Makes the model, takes its artifacts, and disposes it. */
async function artifactsOfModelIn(reader: CheckpointReader): Promise<io.ModelArtifacts> {
  const model = await modelIn(reader);
  try {
    return await bufferedArtifactsOf(model, { includeOptimizer: true });
  } finally {
    dispose(model);
  }
}

/** Patches only tfjs-node's own handler: another handler may use its path in another way. */
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

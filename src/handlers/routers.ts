/** What `tensorbundle/register` changes in TensorFlow.js: two kinds of URL, for `model.save` and for loading. */
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

/** TensorFlow.js's routers say null to a URL that is not theirs; its types do not. */
const NONE = null as unknown as io.IOHandler;

/** Once; a second copy of this package leaves it as it is. */
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
 * tfjs-node may be loaded later than this, or never: its handler is looked for when one is asked for, and changed.
 * Where nobody else has one, ours serves.
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

/** `options`: those of `tf.loadLayersModel` and `tf.loadGraphModel`; whoever wants artifacts gives none. */
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

/** The model is made, and taken apart again. */
async function artifactsOfModelIn(reader: CheckpointReader): Promise<io.ModelArtifacts> {
  const model = await modelIn(reader);
  try {
    return await bufferedArtifactsOf(model, { includeOptimizer: true });
  } finally {
    dispose(model);
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

/** Handles `file://` if tfjs-node is not loaded: writes and loads the same files as tfjs-node. */

import { basename, dirname, resolve } from 'node:path';
import { TextDecoder } from 'node:util';
import type { io } from '@tensorflow/tfjs-core';
import { invalidArgument, TensorBundleError } from '../errors.js';
import { withDirectory } from '../storage/directory.js';
import { io as tfio } from '../tfjs-core.js';
import { MAX_JSON_BYTES, readWeightFiles, saveModelFiles } from './model-files.js';
import { weightsOfArtifacts } from './weights.js';

/** `path` is the URL without `file://`: a directory to save to, or a `model.json` to load. */
export class FileHandler implements io.IOHandler {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Throws what `saveModelFiles` throws. */
  async save(artifacts: io.ModelArtifacts): Promise<io.SaveResult> {
    return await saveModelFiles(this.path, artifacts, weightsOfArtifacts(artifacts));
  }

  /**
   * Rejects with ERR_NOT_FOUND, ERR_INVALID_ARGUMENT for a directory, ERR_CORRUPT for a file that is not a model,
   * ERR_IO.
   */
  async load(): Promise<io.ModelArtifacts> {
    const path = resolve(this.path);
    const model = parse(await read(path), path);
    return await tfio.getModelArtifactsForJSON(model, async manifest => {
      const [specs, buffers] = await readWeightFiles(dirname(path), manifest);
      return [specs, buffers];
    });
  }
}

async function read(path: string): Promise<Uint8Array> {
  if (basename(path) === '') throw isDirectory(path);
  const bytes = await withDirectory(dirname(path), async directory => {
    const stat = await directory.stat(basename(path));
    if (stat?.kind === 'directory') throw isDirectory(path);
    const file = stat && (await directory.open(basename(path)));
    try {
      return (await file?.readAll(MAX_JSON_BYTES)) ?? null;
    } finally {
      await file?.close();
    }
  });
  if (bytes === null) throw new TensorBundleError('ERR_NOT_FOUND', `there is no file ${path}`, { path });
  return bytes;
}

function isDirectory(path: string): TensorBundleError {
  const message = `${path} is a directory; load the file in it: file://${path}/model.json`;
  return invalidArgument(message, { path });
}

function parse(bytes: Uint8Array, path: string): io.ModelJSON {
  let model: Partial<io.ModelJSON> | null = null;
  try {
    model = JSON.parse(new TextDecoder().decode(bytes)) as Partial<io.ModelJSON> | null;
  } catch (cause) {
    throw new TensorBundleError('ERR_CORRUPT', `${path} is not JSON`, { path, cause });
  }
  const { modelTopology, weightsManifest } = model ?? {};
  const isList = weightsManifest === undefined || (Array.isArray(weightsManifest) && weightsManifest.every(isGroup));
  if (typeof modelTopology === 'object' && modelTopology !== null && isList) return model as io.ModelJSON;
  throw new TensorBundleError('ERR_CORRUPT', `${path} is not a model of TensorFlow.js`, { path });
}

function isGroup(value: unknown): boolean {
  const { paths, weights } = (value ?? {}) as Record<string, unknown>;
  return Array.isArray(paths) && paths.every(path => typeof path === 'string') && Array.isArray(weights);
}

/** The two kinds of URL, and the mark on what was patched in TensorFlow.js. */
import type { io } from '@tensorflow/tfjs-core';

export const CHECKPOINT = 'ckpt://';
export const FILE = 'file://';
export const DONE: unique symbol = Symbol.for('tensorbundle.registered') as never;

export interface Patched {
  [DONE]?: boolean;
}

/** The parts of tfjs-node's handler that are used here. */
export interface FileSystem extends Patched {
  path: unknown;
  save(artifacts: io.ModelArtifacts): Promise<io.SaveResult>;
  loadWeights(manifest: io.WeightsManifestConfig, path: string): Promise<unknown>;
}

/** Loads tfjs-layers, an optional peer dependency, for all of src/. */
import { createRequire } from 'node:module';
import type * as tfjsLayers from '@tensorflow/tfjs-layers';
import { TensorBundleError } from '../../errors.js';

/**
 * Not an import, since a program that saves tensors without tfjs-layers must be able to load this file. `require` finds
 * the same copy as an import, since tfjs-layers has one build for Node.
 */
const layers = peer();

/** Null if tfjs-layers cannot be found. */
export function optionalLayers(): typeof tfjsLayers | null {
  return layers;
}

/** Throws ERR_NOT_SUPPORTED if tfjs-layers cannot be found. */
export function requireLayers(): typeof tfjsLayers {
  if (layers) return layers;
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    '@tensorflow/tfjs-layers is not installed; install it, or @tensorflow/tfjs-node',
  );
}

function peer(): typeof tfjsLayers | null {
  try {
    return createRequire(import.meta.url)('@tensorflow/tfjs-layers') as typeof tfjsLayers;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

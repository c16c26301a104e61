/**
 * The trained MobileNetV2 and InceptionV3 classifiers that npm's package `nsfwjs` carries, in the format of
 * TensorFlow.js.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-node';
import type { Plain } from './python.js';

const require = createRequire(import.meta.url);

/** `modelTopology.model_config` is as Keras 2.2.4 wrote it. */
interface Packaged {
  modelTopology: { model_config: object };
  weightsManifest: { paths: string[]; weights: io.WeightsManifestEntry[] }[];
}

export type Classifier = 'mobilenet_v2' | 'inception_v3';

function packaged<T>(classifier: Classifier, file: string): T {
  // By path: the package exports its models only through functions that need a browser's bundler.
  return require(join(dirname(require.resolve('nsfwjs')), '..', 'models', classifier, `${file}.min.js`)) as T;
}

/** The architecture for `model_from_json`. */
export function architecture(classifier: Classifier): string {
  return JSON.stringify(packaged<Packaged>(classifier, 'model').modelTopology.model_config);
}

/** The trained model; its weights, stored with 8 bits, become float32. */
export async function trained(classifier: Classifier): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest } = packaged<Packaged>(classifier, 'model');
  const shards = weightsManifest.flatMap(({ paths }) => paths).map(path => packaged<string>(classifier, path));
  const bytes = Buffer.concat(shards.map(shard => Buffer.from(shard, 'base64')));
  const weightData = new Uint8Array(bytes).buffer;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}

/** The same architecture with random weights. */
export async function untrained(classifier: Classifier): Promise<tf.LayersModel> {
  // Without the manifest, which would make it fetch the weights.
  const { modelTopology } = packaged<Packaged>(classifier, 'model');
  return tf.models.modelFromJSON({ modelTopology } as unknown as io.ModelJSON);
}

/** A picture of waves, from 0 to 1. */
export function picture(side: number): Plain {
  const data: number[] = [];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (const slope of [1, 2, 3]) data.push(Math.fround(0.5 + 0.5 * Math.sin((x * slope + y) / 20 + slope)));
    }
  }
  return { shape: [1, side, side, 3], data };
}

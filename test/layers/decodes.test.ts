/** How often a load decodes an entry of the index, and how many native calls read the values: counted. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { native } from '../../src/binding.js';
import { CheckpointReader } from '../../src/index.js';
import { Checkpoint, CheckpointManager, loadModel, loadWeights, saveModel, saveWeights } from '../../src/tfjs.js';
import { decodedNames } from '../bundle/decodes.js';

vi.mock('../../src/format/entry.js', async original =>
  (await import('../bundle/decodes.js')).watched(await original()),
);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-decodes-'));
});
afterAll(() => rm(directory, { recursive: true }));

const at = (name: string): string => join(directory, name);
const stack = (): tf.LayersModel =>
  tf.sequential({ layers: Array.from({ length: 20 }, () => tf.layers.dense({ units: 4, inputShape: [4] })) });
const compiled = (): tf.LayersModel => {
  const model = stack();
  model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss: 'meanSquaredError' });
  return model;
};
const manager = (checkpoint: Checkpoint): CheckpointManager =>
  new CheckpointManager(checkpoint, at('m'), { maxToKeep: 1 });

test('a load decodes each entry once', async () => {
  const model = compiled();
  await saveWeights(model, at('w'));
  await saveModel(model, at('model'));
  const checkpoint = (): Checkpoint => new Checkpoint({ model, optimizer: model.optimizer });
  await checkpoint().write(at('c'));
  await manager(checkpoint()).save();
  const again = manager(checkpoint());
  /** Decoded entries and reads, beside the entries that there are. */
  const count = async (prefix: string, load: () => Promise<unknown>): Promise<unknown> => {
    await using reader = await CheckpointReader.open(prefix);
    const reads = vi.spyOn(native, 'readRanges');
    decodedNames.length = 0;
    await load();
    const counted = { decodes: decodedNames.length - reader.names().length, reads: reads.mock.calls.length };
    reads.mockRestore();
    return counted;
  };
  // One read is that of the object graph, and one that of a model's configuration.
  const once = { decodes: 0, reads: 2 };
  expect(await count(at('w'), () => loadWeights(model, at('w')))).toEqual(once);
  expect(await count(at('w'), () => loadWeights(model, at('w'), { alias: true }))).toEqual(once);
  expect(await count(at('model'), () => loadModel(at('model')))).toEqual({ ...once, reads: 3 });
  expect(await count(at('c'), () => checkpoint().read(at('c')))).toEqual(once);
  expect(await count(at('m'), () => again.restoreOrInitialize())).toEqual(once);
});

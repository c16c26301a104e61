/**
 * Checkpoints with keys outside the object graph, in the hands of everything in TensorFlow that reads or writes
 * checkpoints.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { updateCheckpointState } from '../../src/index.js';
import { Checkpoint, saveWeights } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';

let directory: string;
let model: tf.LayersModel;
let answer: Record<string, unknown>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-consumers-'));
  model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
  const optimizer = tf.train.adam(0.01);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  await model.fit(tf.ones([4, 3]), tf.ones([4, 2]), { epochs: 3, verbose: 0 });
  const path = await new Checkpoint({ model, optimizer }).save(join(directory, 'run', 'ckpt'));
  // A manager of TensorFlow's sweeps only what has a time.
  await updateCheckpointState(join(directory, 'run'), {
    modelCheckpointPath: path,
    allModelCheckpointTimestamps: [Date.now() / 1000 - 60],
  });
  await saveWeights(model, join(directory, 'weights'));
  await runPython('test/training/consumers.py', [directory, path]);
  answer = JSON.parse(await readFile(join(directory, 'answer.json'), 'utf8')) as Record<string, unknown>;
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it('there are such keys', () => {
  expect(answer.extras).toContain('.TENSORBUNDLE/optimizer/iterations');
  expect(answer.kernel).toEqual([...model.layers[0]!.getWeights()[0]!.dataSync()]);
});

it.each([
  'load_checkpoint',
  'list_variables',
  'RestoreV2',
  'Checkpoint.restore',
  'Checkpoint.read',
  'load_weights',
  'MergeV2Checkpoints',
  'Saver',
  'CheckpointManager',
  'remove_checkpoint',
])('%s', consumer => {
  expect(answer[consumer]).toBe(true);
});

it('a sweep leaves nothing of them, and Python writes none', () => {
  expect(answer.left).toEqual(['checkpoint', 'ckpt-2.data-00000-of-00001', 'ckpt-2.index']);
  expect(answer['extras after Python']).toEqual([]);
});

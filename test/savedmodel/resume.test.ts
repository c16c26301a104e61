/** A training that stops in the middle of an epoch, and goes on from its SavedModel: the same numbers bit for bit. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Adam } from '../../src/optimizers.js';
import { loadModel, saveModel } from '../../src/savedmodel.js';
import { Counter, Dataset } from '../../src/tfjs.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tensorbundle resume '));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const examples = (): Dataset<number> =>
  Dataset.fromArray([...Array(24).keys()])
    .shuffle(24, 5)
    .repeat();

/** One step with the next four examples. */
async function step(model: tf.LayersModel, iterator: AsyncIterator<number>, count: Counter): Promise<void> {
  const values: number[] = [];
  for (let i = 0; i < 4; i++) values.push((await iterator.next()).value as number);
  const [x, y] = tf.tidy(() => {
    const column = tf.tensor2d(values, [4, 1]).div(24) as tf.Tensor2D;
    return [column, column.square()];
  });
  await model.trainOnBatch(x!, y!);
  tf.dispose([x, y]);
  count.assignAdd();
}

const weightsOf = (model: tf.LayersModel): number[][] => model.getWeights().map(one => [...one.dataSync()]);

it('with the step and the place in the data', async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [1], activation: 'tanh' }), tf.layers.dense({ units: 1 })],
  });
  model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'meanSquaredError' });
  const [iterator, count] = [await examples().iterator(), new Counter(0)];
  for (let i = 0; i < 8; i++) await step(model, iterator, count);
  const dir = join(folder, 'model');
  await saveModel(model, dir, { extra: { step: count, iterator } });
  for (let i = 0; i < 7; i++) await step(model, iterator, count);

  const [again, counted] = [await examples().iterator(), new Counter(0)];
  const loaded = await loadModel(dir, { extra: { step: counted, iterator: again } });
  expect(Number(counted.value)).toBe(8);
  for (let i = 0; i < 7; i++) await step(loaded, again, counted);
  expect(Number(counted.value)).toBe(Number(count.value));
  expect(weightsOf(loaded)).toEqual(weightsOf(model));
});

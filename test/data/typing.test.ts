/** What TypeScript makes of datasets, and that TensorFlow.js's own signatures take them as they are. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, expectTypeOf, it } from 'vitest';
import {
  BackupAndRestore,
  CSVDataset,
  checkpointable,
  Dataset,
  EarlyStopping,
  ModelCheckpoint,
  TFRecordDataset,
} from '../../src/tfjs.js';

it('elements have the types that stages give them', () => {
  const points = Dataset.fromTensorSlices({ xs: tf.zeros([4, 2]), ys: tf.zeros([4, 1]) });
  expectTypeOf(points.shuffle(2).repeat().take(3)).toEqualTypeOf<typeof points>();
  expectTypeOf(Dataset.fromArray([1, 2]).map(x => String(x))).toEqualTypeOf<Dataset<string>>();
  expectTypeOf(Dataset.fromArray([1, 2]).mapAsync(async x => [x])).toEqualTypeOf<Dataset<number[]>>();
  expectTypeOf(Dataset.zip({ a: Dataset.fromArray([1]), b: Dataset.fromArray(['x']) })).toEqualTypeOf<
    Dataset<{ a: number; b: string }>
  >();
  expectTypeOf(new TFRecordDataset('x')).toExtend<Dataset<Uint8Array>>();
  expectTypeOf(Dataset.fromArray([{ a: 1, b: [1, 2] }]).batch(2)).toExtend<Dataset<{ a: tf.Tensor; b: tf.Tensor }>>();
});

it('fitDataset and evaluateDataset take them without a cast', async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
  const points = Dataset.fromTensorSlices({ xs: tf.zeros([4, 2]), ys: tf.zeros([4, 1]) }).batch(2);
  const callbacks = [
    new ModelCheckpoint({ filepath: '/dev/null/never', saveFreq: 1000 }),
    new EarlyStopping({ monitor: 'loss' }),
  ];
  await model.fitDataset(points, { epochs: 1, verbose: 0, callbacks, validationData: points });
  await model.fitDataset(checkpointable(points), { epochs: 1, verbose: 0 });
  await model.fitDataset(checkpointable(tf.data.array([{ xs: [1, 2], ys: [1] }]).batch(1)), { epochs: 1, verbose: 0 });
  const rows = Dataset.fromArray([{ xs: [1, 2], ys: [1] }]).batch(1);
  await model.fitDataset(rows, { epochs: 1, verbose: 0 });
  expect(await model.evaluateDataset(points, {})).toBeDefined();
  expectTypeOf(new BackupAndRestore({ backupDir: 'x' }).resume(model, points)).resolves.toHaveProperty('dataset');
  expectTypeOf(new CSVDataset('x').map(row => row)).toHaveProperty('batch');
});

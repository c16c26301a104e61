/** A model that is loaded computes no initial weights, which the stored ones would replace. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, expect, test } from 'vitest';
import '../../src/register.js';
import { loadModel, saveModel } from '../../src/tfjs.js';
import { makeModel } from '../../src/training/models/bare-model.js';

const folder = mkdtempSync(join(tmpdir(), 'tensorbundle-bare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let computed = 0;
class Counting extends tf.serialization.Serializable {
  static readonly className = 'CountingInitializer';
  apply(shape: number[]): tf.Tensor {
    computed++;
    return tf.ones(shape);
  }
  override getConfig(): tf.serialization.ConfigDict {
    return {};
  }
}
tf.serialization.registerClass(Counting as never);

const dense = (units: number, more: object = {}): tf.layers.Layer =>
  tf.layers.dense({ units, kernelInitializer: { className: 'CountingInitializer', config: {} } as never, ...more });

function nested(): tf.LayersModel {
  const input = tf.input({ shape: [2] });
  const inner = tf.sequential({ layers: [dense(3, { inputShape: [2] })] });
  return tf.model({ inputs: input, outputs: dense(1).apply(inner.apply(input)) as tf.SymbolicTensor });
}

test.each([
  ['a stack', () => tf.sequential({ layers: [dense(3, { inputShape: [2] }), dense(1)] }), 0],
  // TensorFlow.js does not pass the argument on to the inner model.
  ['a graph of layers with a model in it', nested, 1],
])('%s', async (_, make, initialized) => {
  const model = make();
  const path = join(folder, `m${model.name}`);
  await saveModel(model, path);
  const x = tf.ones([1, 2]);
  const expected = (model.predict(x) as tf.Tensor).dataSync();
  for (const load of [() => loadModel(path), () => tf.loadLayersModel(`ckpt://${path}`)]) {
    computed = 0;
    const tensors = tf.memory().numTensors;
    const loaded = await load();
    expect(computed).toBe(initialized);
    // No second model was made on the way.
    expect(tf.memory().numTensors - tensors).toBeLessThanOrEqual(6);
    expect((loaded.predict(x) as tf.Tensor).dataSync()).toEqual(expected);
    loaded.dispose();
  }
});

test('an architecture whose calls wait for each other is refused; TensorFlow.js would try for ever', async () => {
  const input = tf.input({ shape: [2] });
  const first = tf.layers.dense({ units: 2, name: 'first' }).apply(input) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: tf.layers.dense({ units: 2 }).apply(first) as tf.SymbolicTensor });
  const topology = JSON.parse(model.toJSON() as string) as { layers: { name: string; inbound_nodes: unknown[][] }[] };
  const config = (topology as unknown as { config?: typeof topology }).config ?? topology;
  const layer = config.layers.find(({ name }) => name === 'first')!;
  layer.inbound_nodes = [[[config.layers.at(-1)!.name, 0, 0, {}]]];
  await expect(makeModel({ modelTopology: topology })).rejects.toMatchObject({
    code: 'ERR_CORRUPT',
    message: expect.stringContaining('never come to be'),
  });
});

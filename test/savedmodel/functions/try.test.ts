import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { func, loadFunctions, saveModel } from '../../../src/savedmodel.js';
import { Counter } from '../../../src/tfjs.js';
const D = '/tmp/notes19/written/out';
it('writes', async () => {
  const w = tf.variable(tf.tensor2d([[1, 2], [3, 4], [5, 6]]), true, 'w');
  const b = tf.variable(tf.tensor1d([0.5, -0.5]), false, 'b');
  const n = tf.variable(tf.scalar(0), false, 'n');
  const table = tf.tensor2d(Array.from({ length: 400 }, (_, i) => Math.sin(i)), [200, 2]);
  const call = func((x: tf.Tensor2D) => x.matMul(w).add(b), [{ shape: [2, 3], dtype: 'float32' }]);
  const both = func((x, scale) => ({ z: call(x).mul(scale), a: x.sum() }), [
    { shape: [2, 3], dtype: 'float32' },
    { shape: [], dtype: 'float32' },
  ]);
  const list = func(ids => [table.gather(ids), ids], [{ shape: [2], dtype: 'int32', name: 'ids' }]);
  const count = func(by => {
    n.assign(n.add(by));
    return n.clone();
  }, [{ shape: [], dtype: 'float32' }]);
  const object = { w, b, n, call, both, inner: { list, more: [tf.variable(tf.scalar(7))] }, count, step: new Counter(5) };
  await saveModel(object, `${D}/object`);
  await saveModel({ f: func(x => x.square(), [{ shape: [2], dtype: 'float32' }]) }, `${D}/alone`);
  const functions = await loadFunctions(`${D}/object`);
  console.log(Object.keys(functions));
  const out = await functions.serving_default!(tf.ones([2, 3]));
  expect((out as tf.Tensor).dataSync()).toEqual(call(tf.ones([2, 3])).dataSync());
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
  await saveModel(model, `${D}/model`, { signatures: func(x => model.apply(x) as tf.Tensor, [{ shape: [2, 3], dtype: 'float32' }]) });
});

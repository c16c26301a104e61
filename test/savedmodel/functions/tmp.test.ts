import { writeSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-node';
import { it } from 'vitest';
import { trace } from '../../../src/training/savedmodel/dynamic/trace.js';

it('x', () => {
  const i = tf.input({ shape: [null, 5] });
  const m = tf.model({
    inputs: i,
    outputs: tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 3 }) }).apply(i) as tf.SymbolicTensor,
  });
  let n = 0;
  const t0 = Date.now();
  try {
    trace(
      x => {
        if (n++ < 100) writeSync(2, 'S ' + x!.shape.join() + ' ' + (Date.now() - t0) + '\n');
        return m.apply(x!);
      },
      [{ name: 'x', dtype: 'float32', shape: [null, null, 5] }],
      { sameBatch: true },
    );
  } catch (e) {
    writeSync(2, String(e));
  }
});

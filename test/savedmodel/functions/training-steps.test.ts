/** Steps of a training in functions: what is saved for them, and that TensorFlow trains on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointReader } from '../../../src/index.js';
import { func, saveModel } from '../../../src/savedmodel.js';
import { Checkpoint } from '../../../src/tfjs.js';
import { DATA, expectNear, makePart, OPTIMIZERS, steps } from './stepping.js';

// The others, and Python, are in the deep test.
it.each(['adam', 'nesterov', 'RMSprop'])('TensorFlow trains on: %s', async name => {
  const directory = await mkdtemp(join(tmpdir(), 'tensorbundle steps '));
  const part = makePart(OPTIMIZERS[name]!(), [4]);
  steps(part, 2);
  await saveModel(part, directory);
  const loaded = await tf.node.loadSavedModel(directory);
  for (let i = 0; i < 4; i++) {
    const [found] = Object.values(loaded.predict({ x: DATA[0], y: DATA[1] }) as tf.NamedTensorMap);
    expectNear(found!.arraySync(), part.step(...DATA).arraySync());
  }
  await rm(directory, { recursive: true, force: true });
});

describe('the variables that steps use', () => {
  let directory: string;
  const at = (name: string): string => join(directory, name);
  const partsOf = (...names: string[]) =>
    Object.fromEntries(names.map(name => [name, makePart(OPTIMIZERS[name]!(), [4])]));

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle steps '));
  });

  afterAll(async () => {
    tf.disposeVariables();
    await rm(directory, { recursive: true, force: true });
  });

  async function valuesIn(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    const reader = await CheckpointReader.open(at(prefix));
    const values = new Map<string, unknown>();
    for (const key of reader.names()) {
      if (!key.endsWith('/.ATTRIBUTES/VARIABLE_VALUE')) continue;
      values.set(key.replace('/.ATTRIBUTES/VARIABLE_VALUE', ''), (await reader.read(key)).data);
    }
    await reader.close();
    return values;
  }

  it('are those of a checkpoint, and what no variable of Keras’s optimizer has', async () => {
    const parts = partsOf('adam', 'momentum');
    for (const part of Object.values(parts)) steps(part, 2);
    await saveModel(parts, at('saved'));
    await new Checkpoint(parts).write(at('checkpoint'));
    const [saved, checkpoint] = [await valuesIn('saved/variables/variables'), await valuesIn('checkpoint')];
    for (const [key, value] of checkpoint) expect([key, saved.get(key)]).toEqual([key, value]);
    expect([...saved.keys()].filter(key => !checkpoint.has(key))).toEqual([
      'adam/optimizer/tfjs/accBeta1',
      'adam/optimizer/tfjs/accBeta2',
      'momentum/optimizer/tfjs/accumulations_0',
      'momentum/optimizer/tfjs/accumulations_1',
    ]);
    const velocity = saved.get('momentum/optimizer/tfjs/accumulations_0') as Float32Array;
    // In Keras's form, as a checkpoint has it.
    expectNear(saved.get('momentum/optimizer/momentums/0') ?? saved.get('momentum/optimizer/_variables/1'), [
      ...velocity.map(one => one * -0.1),
    ]);
  });

  it('are restored in TensorFlow.js, which uses every value', async () => {
    await saveModel(partsOf('adam', 'momentum', 'RMSprop'), at('restored'));
    const fresh = partsOf('adam', 'momentum', 'RMSprop');
    const status = await new Checkpoint(fresh).read(at('restored/variables/variables'));
    expect([status.unused, status.missing]).toEqual([[], []]);
  });

  it('are made by the first trace only, and nothing else is left', async () => {
    const parts = partsOf('adam');
    await saveModel(parts, at('first'));
    const afterFirst = tf.memory().numTensors;
    await saveModel(parts, at('second'));
    expect(tf.memory().numTensors).toBe(afterFirst);
    // This function fails where the sizes of its inputs differ, in the middle of a gradient.
    const { step, weights } = makePart(OPTIMIZERS.sgd!());
    const { numTensors } = tf.memory();
    await saveModel({ step, weights }, at('failing'));
    expect(tf.memory().numTensors).toBe(numTensors);
    const [first, second] = [await valuesIn('first/variables/variables'), await valuesIn('second/variables/variables')];
    expect([...second]).toEqual([...first]);
  });

  it('are found in the optimizer of a model', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3] })] });
    model.compile({ optimizer: tf.train.adam(0.1), loss: 'meanSquaredError' });
    const step = func(
      (x: tf.Tensor2D) =>
        model.optimizer.minimize(() => (model.apply(x) as tf.Tensor).square().mean() as tf.Scalar, true)!,
      [{ shape: [4, 3], dtype: 'float32' }],
    );
    await saveModel(model, at('model'), { extra: { step } });
    expect([...(await valuesIn('model/variables/variables')).keys()]).toContain('optimizer/tfjs/accBeta1');
    await expect(saveModel(model, at('none'), { extra: { step }, includeOptimizer: false })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/^function 'step' uses the variable .* which is not in the model/),
    });
  });

  it('need the optimizer in the object', async () => {
    const { step, weights } = partsOf('adagrad').adagrad!;
    await expect(saveModel({ step, weights }, at('none'))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/^function 'step' uses .* not in the object.* belongs to an optimizer/),
    });
  });

  it('may be those of a layer that is built in the function', async () => {
    const dense = tf.layers.dense({ units: 2 });
    const f = func(x => dense.apply(x) as tf.Tensor, [{ shape: [null, 3], dtype: 'float32' }]);
    await saveModel({ dense, f }, at('layer'));
    const values = await valuesIn('layer/variables/variables');
    expect([...values.keys()].sort()).toEqual(['dense/bias', 'dense/kernel']);
    expectNear(values.get('dense/kernel'), dense.getWeights()[0]!.flatten().arraySync());
  });
});

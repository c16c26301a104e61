/** What is said of layers that TensorFlow.js has, and computes or trains in another way than Keras. */
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, it } from 'vitest';
import { kerasTopology, type Topology } from '../../src/training/keras/config/topology.js';
import { makeModel } from '../../src/training/models/bare-model.js';

type Config = Record<string, null | boolean | number | string | (null | number)[] | { class_name: string }>;

function read(layers: readonly [className: string, config: Config][]): Topology {
  const all = layers.map(([class_name, config], i) => ({ class_name, config: { name: `layer_${i}`, ...config } }));
  const model = { className: 'Sequential', config: { name: 'model', layers: all } };
  return kerasTopology({ model, isNetwork: true, inputShape: [null, 8, 8, 2] }, 1000, 'DIR');
}

it('lists all options in one error that TensorFlow.js does not compute', () => {
  const refused: [string, Config][] = [
    ['UpSampling2D', { interpolation: 'lanczos3' }],
    ['Conv1D', { groups: 2, filters: 2, kernel_size: [3] }],
    ['Resizing', { height: 3, width: 3 }],
    ['MaxPooling1D', { data_format: 'channels_first' }],
  ];
  expect(() => read(refused)).toThrow(
    /UpSampling2D 'layer_0': interpolation: "lanczos3", Conv1D 'layer_1': groups: 2, Resizing 'layer_2': .*'layer_3'/,
  );
});

describe('a remark names the layers that train in another way', () => {
  it.each<[string, Config, RegExp]>([
    [
      'Dense',
      { units: 2, kernel_constraint: { class_name: 'NonNeg' } },
      /does not apply the constraints .*: 'layer_0'/,
    ],
    ['Conv2D', { filters: 2, kernel_size: [2, 2], dilation_rate: [2, 2] }, /cannot train .* dilation_rate/],
    ['BatchNormalization', { center: false }, /cannot train .* center or scale/],
    ['BatchNormalization', { trainable: false }, /frozen BatchNormalization/],
  ])('%s %j', (className, config, remark) => {
    expect(read([[className, config]]).remarks.join()).toMatch(remark);
  });

  it('a few of them, if there are many', () => {
    const layers = Array.from({ length: 30 }, (): [string, Config] => ['BatchNormalization', { trainable: false }]);
    expect(read(layers).remarks).toEqual([expect.stringMatching(/: 'layer_0', .*'layer_4', and 25 more$/)]);
  });

  it('none, if they train as in Keras', () => {
    const layers: [string, Config][] = [
      ['Conv2D', { filters: 2, kernel_size: [2, 2], dilation_rate: [1, 1], kernel_constraint: null }],
      ['BatchNormalization', { center: true, scale: true, trainable: true }],
    ];
    expect(read(layers).remarks).toEqual([]);
  });
});

it('leaves no weights of a model that TensorFlow.js refuses half-made', async () => {
  const layers = [
    { class_name: 'Dense', config: { name: 'made', units: 3, batch_input_shape: [null, 2] } },
    { class_name: 'ELU', config: { name: 'refused', alpha: 0.5 } },
  ];
  const modelTopology = { class_name: 'Sequential', config: { name: 'half', layers } };
  const kept = tf.variable(tf.scalar(1));
  const before = tf.memory().numTensors;
  await expect(makeModel({ modelTopology })).rejects.toThrow('alpha');
  expect(tf.memory().numTensors).toBe(before);
  expect(kept.isDisposed).toBe(false);
  kept.dispose();
});

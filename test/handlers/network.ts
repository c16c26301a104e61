/** A network for optimizers to be told apart by. */
import * as tf from '@tensorflow/tfjs-node';

const { dense } = tf.layers;
const [xs, ys] = tf.tidy(() => [
  tf.keep(tf.linspace(-1, 1, 12).reshape([4, 3])),
  tf.keep(tf.linspace(1, -1, 12).reshape([4, 3])),
]);

/** All kernels have one shape, so that only order and names tell them apart. */
export function network(
  optimizer: tf.Optimizer,
  change: (model: tf.LayersModel) => void = () => undefined,
): tf.LayersModel {
  const layer = (name: string) => dense({ units: 3, inputShape: [3], activation: 'tanh', name });
  const inner = tf.sequential({ layers: [layer('b'), layer('c')], name: 'inner' });
  const model = tf.sequential({
    layers: [layer('a'), inner, tf.layers.batchNormalization({ name: 'norm' }), layer('d')],
  });
  change(model);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

export const train = async (model: tf.LayersModel): Promise<void> => {
  await model.fit(xs!, ys!, { epochs: 2, batchSize: 2, shuffle: false, verbose: 0 });
};

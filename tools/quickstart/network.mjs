/**
 * The network of the quickstart; keras.py builds the same one in Python. Layers get no explicit names, so each side
 * uses its own. The benchmark also has it with more `units`.
 */
export function buildNetwork(tf, units = 64) {
  const { layers } = tf;
  return tf.sequential({
    layers: [
      layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1] }),
      layers.batchNormalization({ momentum: 0.9 }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 32, kernelSize: 3, activation: 'relu' }),
      layers.batchNormalization({ momentum: 0.9 }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dropout({ rate: 0.3 }),
      layers.dense({ units, activation: 'relu' }),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
}

/** Predictions [count, 10] as a plain array. */
export function predict(tf, model, digits) {
  return tf.tidy(() => {
    const images = tf.tensor(digits.images, [digits.count, 28, 28, 1]);
    return model.predict(images, { batchSize: 250 }).dataSync().slice();
  });
}

/** The share of digits whose most likely class is right. */
export function accuracy(predictions, digits) {
  const best = (values, i) => {
    let index = 0;
    for (let k = 1; k < 10; k++) if (values[i * 10 + k] > values[i * 10 + index]) index = k;
    return index;
  };
  let right = 0;
  for (let i = 0; i < digits.count; i++) if (best(predictions, i) === best(digits.labels, i)) right++;
  return right / digits.count;
}

/** Largest absolute difference; NaN anywhere or another length counts as infinite. */
export function largestDifference(a, b) {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

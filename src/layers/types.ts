/** Names for the types of TensorFlow.js that this folder speaks of. Types only: nothing is loaded. */
import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';

export type { LayersModel, LayerVariable };

/** tfjs-layers does not export its class Layer by name. */
export type Layer = LayersModel['layers'][number];

/** What `addWeight` gives, or what `tf.variable` gives, which is inside the other. */
export type AnyVariable = LayerVariable | Variable;

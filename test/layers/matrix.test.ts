/**
 * Every layer of TensorFlow.js, in several configurations, exchanged with tf_keras. Half of them have names that are
 * given, half of them automatic ones; in the deep tests it is the other way round.
 */
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, it } from 'vitest';
import { isDeep } from '../depth.js';
import { describeExchange } from './keras.js';
import { CONVOLUTIONS } from './matrix-convolutions.js';
import { given, inTurns } from './matrix-model.js';
import { NESTING } from './matrix-nesting.js';
import { RECURRENT } from './matrix-recurrent.js';
import { WEIGHTLESS } from './matrix-weightless.js';
import { WRAPPERS } from './matrix-wrappers.js';

const ROWS = { ...CONVOLUTIONS, ...RECURRENT, ...WRAPPERS, ...NESTING, ...WEIGHTLESS };

/** Registered layers that no model of tfjs can hold, and why. */
const IMPOSSIBLE: Readonly<Record<string, string>> = {
  ConvLSTM2DCell: 'only ConvLSTM2D uses it: an RNN takes inputs of rank 3',
  RandomWidth: 'the shape that it gives is refused by the layer',
  Functional: 'tf.model makes objects whose class name is Model',
};

describe('the matrix', () => {
  it('has every layer that TensorFlow.js registers', () => {
    const found = new Set<unknown>();
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      found.add((value as { class_name?: unknown }).class_name);
      for (const child of Object.values(value)) visit(child);
    };
    for (const { make } of Object.values(ROWS)) visit(make(given).toJSON(null, false));
    const registered = Object.entries(tf.serialization.SerializationMap.getMap().classNameMap);
    const layers = registered.filter(([, [type]]) => 'computeOutputShape' in type.prototype).map(([name]) => name);
    expect(layers.length).toBeGreaterThan(60);
    expect(layers.filter(name => !found.has(name)).sort()).toEqual(Object.keys(IMPOSSIBLE).sort());
  });

  describeExchange(inTurns(ROWS, isDeep ? 1 : 0));
});

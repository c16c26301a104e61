/** How a row of the matrix is written: layers in a row, or a graph of them, each with a name given or none. */
import * as tf from '@tensorflow/tfjs-node';
import type { Subject } from './keras.js';

export type Layer = Parameters<typeof tf.sequential>[0] extends infer C
  ? C extends { layers?: (infer L)[] }
    ? L
    : never
  : never;
export type Tensor = tf.SymbolicTensor;

/** The option `name`, or nothing if this model's layers are to be named by the libraries. */
export type Naming = (name: string) => { name?: string };

/** A row: how to make the model, and what else is to be known about it. */
export interface Row extends Omit<Subject, 'make'> {
  make(name: Naming): tf.LayersModel;
}

export type Rows = Readonly<Record<string, Row>>;

export const given: Naming = name => ({ name });
export const automatic: Naming = () => ({});

/** Layers in a row, behind an input of this shape (without the batch, or with it). */
export function row(
  shape: number[] | { batchInputShape: number[] },
  layers: (name: Naming) => Layer[],
  more: Omit<Row, 'make'> = {},
): Row {
  const input = Array.isArray(shape) ? { inputShape: shape } : shape;
  return {
    ...more,
    make: name => tf.sequential({ layers: [tf.layers.inputLayer({ ...input, name: 'given' }), ...layers(name)] }),
  };
}

/** A functional model of the inputs' shapes. */
export function graph(
  shapes: number[][],
  build: (name: Naming, ...inputs: Tensor[]) => Tensor | Tensor[],
  more: Omit<Row, 'make'> = {},
): Row {
  return {
    ...more,
    make: name => {
      const inputs = shapes.map((shape, i) => tf.input({ shape, name: `given${i}` }));
      return tf.model({ inputs, outputs: build(name, ...inputs) });
    },
  };
}

export function apply(layer: Layer, input: Tensor | Tensor[]): Tensor {
  return [layer.apply(input)].flat()[0] as Tensor;
}

/** All outputs of a layer that has several. */
export function applyAll(layer: Layer, input: Tensor | Tensor[], kwargs?: { initialState: Tensor[] }): Tensor[] {
  return [layer.apply(input, kwargs as never)].flat() as Tensor[];
}

/**
 * Every row, with the names that are written there and with those the libraries choose: in turns, so that each layer is
 * asked in both ways by one row or another. `turn` 1 is the other half.
 */
export function inTurns(rows: Rows, turn: 0 | 1): Record<string, Subject> {
  return Object.fromEntries(
    Object.entries(rows).map(([title, { make, ...more }], i) => {
      const isGiven = i % 2 === turn;
      return [
        `${title}, names ${isGiven ? 'given' : 'automatic'}`,
        { ...more, make: () => make(isGiven ? given : automatic) },
      ];
    }),
  );
}

/** Every row twice: with the names that are written there, and with those the libraries choose. */
export function bothNamings(rows: Rows): Record<string, Subject> {
  return Object.fromEntries(
    Object.entries(rows).flatMap(([title, { make, ...more }]) => [
      [`${title}, names given`, { ...more, make: () => make(given) }],
      [`${title}, names automatic`, { ...more, make: () => make(automatic) }],
    ]),
  );
}

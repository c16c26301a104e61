/** How a kind of layer is described: the edges that lead from it, in tf_keras's tracking order. */

import { TensorBundleError } from '../errors.js';
import type { Attribute } from '../graph/attribute.js';
import type { Edge, Trackable } from '../graph/trackable.js';
import { Variable } from '../tfjs-core.js';
import type { AnyVariable, Layer, LayerVariable } from './types.js';

/** The part of the names of a layer's variables that comes before their own names. */
export interface Place {
  /** Keras's name scope, for `full_name`: `bidirectional/forward_lstm/lstm_cell`. */
  readonly scope: string;
  /**
   * tfjs's name of the layer and the path of objects from there, for messages:
   * `bidirectional_Bidirectional1/forward_layer/cell`.
   */
  readonly label: string;
}

/** What a description may use. The same layer or variable always gives the same object. */
export interface Surroundings {
  variable(variable: AnyVariable, name: string, place: Place, refuse?: Attribute['refuse']): Trackable;
  /** A layer that another one holds. If it was described before, `place` is ignored. */
  layer(layer: Layer, place: Place): Trackable;
  /** Whether some description has claimed the variable. */
  isPlaced(variable: AnyVariable): boolean;
  /** Throws `refusal` when all is described, if no description has claimed the layer or variable. */
  expectPlaced(thing: AnyVariable | Layer, refusal: TensorBundleError): void;
  /** Keras's name for a layer, a cell, or the layer in a wrapper. */
  nameOf(layer: Layer): string;
}

/** The description of a kind of layer. */
export interface Kind {
  edges(layer: Layer, around: Surroundings, place: Place): readonly Edge[];
  /**
   * More names, by which other writers (Keras 3) reach what it holds now; `self` is the layer's node. The result is
   * called only for a restore. Default: none.
   */
  aliases?(layer: Layer, around: Surroundings, self: Trackable): () => readonly Edge[];
  /** The layers it holds that have names of their own. Default: none. */
  inner?(layer: Layer): readonly Layer[];
  /**
   * Adds what `edges` depends on, beside the class, the name and the weights of the layer, and gives the layers that it
   * describes. Undefined, or left out: that is not known, so that the layer is described anew for each save.
   */
  witness?(layer: Layer, witness: unknown[]): readonly Layer[] | undefined;
}

const NO_LAYERS: readonly Layer[] = [];

/** Class names, as tfjs registers them, and their descriptions. */
export type Family = readonly (readonly [className: string, kind: Kind])[];

/** tfjs's field, Keras's name, and a function that refuses values that the field cannot hold. */
type Field = readonly [field: string, name: string, refuse?: (layer: Layer) => Attribute['refuse']];

/**
 * A layer whose variables are fields, in tracking order. A field is null if the layer was told to omit the variable
 * (`useBias: false`).
 */
export function variables(...fields: readonly Field[]): Kind {
  return {
    edges: (layer, around, place) =>
      fields.flatMap(([field, name, refuse]) => {
        const variable = variableIn(layer, field);
        if (variable === null) return [];
        return [{ name, node: around.variable(variable, name, place, refuse?.(layer)) }];
      }),
    witness: (layer, witness) => {
      for (const [field] of fields) witness.push(fieldOf(layer, field));
      return NO_LAYERS;
    },
  };
}

export function isVariable(value: unknown): value is LayerVariable {
  return typeof value === 'object' && value !== null && 'read' in value && 'originalName' in value;
}

/** Whether it is a weight of a layer or a tf.Variable. */
export function isAnyVariable(value: unknown): value is AnyVariable {
  // The class is compared first, because `instanceof` is two functions of TensorFlow.js.
  return value?.constructor === Variable || isVariable(value) || value instanceof Variable;
}

/** Reads a field that is private or protected in tfjs's types, so its value has to be checked. */
export function fieldOf(layer: Layer, field: string): unknown {
  return (layer as unknown as Record<string, unknown>)[field];
}

function variableIn(layer: Layer, field: string): LayerVariable | null {
  const value = fieldOf(layer, field);
  if (value === null || value === undefined) return null;
  if (isVariable(value)) return value;
  throw unknownField(layer, field);
}

/** The layer in a field. Throws ERR_NOT_SUPPORTED if there is none. */
export function layerIn(layer: Layer, field: string): Layer {
  const value = fieldOf(layer, field);
  if (isLayer(value)) return value;
  throw unknownField(layer, field);
}

export function isLayer(value: unknown): value is Layer {
  const { getClassName, countParams } = (value ?? {}) as Partial<Layer>;
  return typeof getClassName === 'function' && typeof countParams === 'function';
}

function unknownField(layer: Layer, field: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `layer '${layer.name}' (${layer.getClassName()}) does not have the expected layer in '${field}'; this ` +
      `version of TensorFlow.js is not supported`,
    { found: field },
  );
}

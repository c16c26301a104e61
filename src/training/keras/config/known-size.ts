/**
 * Reshape with one unknown size. TensorFlow.js cannot compute it as long as the size of the batch is unknown. Keras 3
 * says the shape that the layer gets; for Keras 2 there is a class of ours.
 */
import { isList, isObject, type Json, type JsonObject } from './keras-json.js';

/** The layer with a number in the place of -1, if the sizes that it gets are known; else our class. */
export function withKnownSize(
  layer: JsonObject,
  { build_config: build, inbound_nodes: nodes }: JsonObject,
): JsonObject {
  if (layer.class_name !== 'Reshape' || !isObject(layer.config) || !isList(layer.config.target_shape)) return layer;
  const [first] = isList(nodes) ? nodes : [];
  const [tensor] = isObject(first) && isList(first.args) ? first.args : [];
  const given = isObject(build)
    ? build.input_shape
    : isObject(tensor) && isObject(tensor.config)
      ? tensor.config.shape
      : null;
  const sizes = isList(given) ? given.slice(1) : [];
  const target = layer.config.target_shape;
  const open = target.filter(size => size === -1 || size === null);
  const known = product(target.filter(size => size !== -1 && size !== null));
  const all = product(sizes);
  if (open.length !== 1) return layer;
  if (sizes.length === 0 || !(known > 0) || !Number.isInteger(all / known))
    return { ...layer, class_name: 'KerasReshape' };
  const made = target.map(size => (size === -1 || size === null ? all / known : size));
  return { ...layer, config: { ...layer.config, target_shape: made } };
}

/** NaN if one of them is not a number. */
function product(sizes: readonly Json[]): number {
  return sizes.reduce<number>((made, size) => made * (typeof size === 'number' ? size : Number.NaN), 1);
}

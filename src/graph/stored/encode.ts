/**
 * Encodes live objects as what a checkpoint holds: the tensors with their keys, in the order of the data file, and the
 * bytes of `_CHECKPOINTABLE_OBJECT_GRAPH` as TensorFlow serialises them (fields by number, which is also the order of
 * protobuf-es).
 */

import { PYTHON_STATE } from '../attribute.js';
import { attributeKey, extraKey } from '../key.js';
import { type KeyedAttribute, keyedAttributes, numberObjects, withDescendants, writtenSlots } from '../numbering.js';
import type { Extra, Trackable } from '../trackable.js';
import { create, TrackableObjectGraphSchema, toBinary } from './protobuf.js';

interface KeyedExtra {
  readonly key: string;
  readonly extra: Extra;
}

interface ObjectGraph {
  /** In node order, with text state (`py_state`) last: the order that TensorFlow gives to SaveV2. */
  readonly tensors: readonly KeyedAttribute[];
  /** What lies beside the graph. Last in the data file, so that everything before it is as TensorFlow writes it. */
  readonly extras: readonly KeyedExtra[];
  /**
   * The serialised TrackableObjectGraph, a scalar string tensor: in the data file after `tensors` and before `extras`.
   */
  readonly serialized: Uint8Array;
}

export function buildObjectGraph(root: Trackable): ObjectGraph {
  const numbering = numberObjects(root);
  const { objects, numbers } = numbering;
  const hasValues = withDescendants(numbering, object => object.attributes.length > 0);
  const message = create(TrackableObjectGraphSchema, {
    nodes: objects.map(({ object, path }, number) => ({
      children: object.children.map(({ name, node }) => ({ nodeId: numbers.get(node)!, localName: name })),
      attributes: object.attributes.map(({ name, fullName }) => ({
        name,
        fullName,
        checkpointKey: attributeKey(path, name),
      })),
      slotVariables: writtenSlots(object, numbers).map(({ variable, name, node }) => ({
        originalVariableNodeId: numbers.get(variable)!,
        slotName: name,
        slotVariableNodeId: numbers.get(node)!,
      })),
      hasCheckpointValues: { value: hasValues[number]! },
    })),
  });
  const extras = objects.flatMap(({ object, path }) =>
    (object.extras ?? []).flatMap(extra => {
      const of = extra.of && numbers.get(extra.of);
      if (extra.of && of === undefined) return [];
      return [{ key: extraKey(path, extra.name, of === undefined ? undefined : objects[of]!.path), extra }];
    }),
  );
  // TensorFlow puts text state, which Python serialises, after all tensors (tensorflow/python/checkpoint/save_util.py).
  const tensors = keyedAttributes(objects);
  const isState = ({ attribute }: KeyedAttribute): boolean => attribute.name === PYTHON_STATE;
  const ordered = [...tensors.filter(one => !isState(one)), ...tensors.filter(isState)];
  return { tensors: ordered, extras, serialized: toBinary(TrackableObjectGraphSchema, message) };
}

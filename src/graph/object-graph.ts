/**
 * From live objects to what a checkpoint holds: the tensors with their keys, in the order of the data file, and the bytes of
 * `_CHECKPOINTABLE_OBJECT_GRAPH` as TensorFlow serialises them (fields by number, which is also protobuf-es's order).
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { attributeKey } from './key.js';
import { type Numbering, numberObjects, withDescendants } from './numbering.js';
import { TrackableObjectGraphSchema } from './proto/trackable_object_graph_pb.js';
import type { Attribute, Trackable } from './trackable.js';

/** Name of the tensor that holds the object graph. */
export const OBJECT_GRAPH_KEY = '_CHECKPOINTABLE_OBJECT_GRAPH';

/** An attribute of a live object under the key it is saved by. */
export interface KeyedAttribute {
  readonly key: string;
  readonly attribute: Attribute;
}

export interface ObjectGraph {
  /** In node order, which is the order TensorFlow gives to SaveV2. */
  readonly tensors: readonly KeyedAttribute[];
  /** The serialised TrackableObjectGraph; a scalar string tensor, last in the data file. */
  readonly serialized: Uint8Array;
}

/** The keys of every attribute below `root`, in node order. */
export function keyedAttributes({ objects }: Numbering): KeyedAttribute[] {
  return objects.flatMap(({ object, path }) =>
    object.attributes.map(attribute => ({ key: attributeKey(path, attribute.name), attribute })),
  );
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
      hasCheckpointValues: { value: hasValues[number]! },
    })),
  });
  return { tensors: keyedAttributes(numbering), serialized: toBinary(TrackableObjectGraphSchema, message) };
}

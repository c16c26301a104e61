/**
 * Encodes live objects as what a checkpoint holds: the tensors with their keys, in the order of the data file, and the
 * bytes of `_CHECKPOINTABLE_OBJECT_GRAPH` as TensorFlow serialises them (fields by number).
 */

import { PYTHON_STATE } from '../attribute.js';
import { attributeKey, extraKey } from '../key.js';
import {
  type KeyedAttribute,
  keyedAttributes,
  type Numbering,
  numberObjects,
  withDescendants,
  writtenSlots,
} from '../numbering.js';
import type { Extra, Trackable } from '../trackable.js';
import { GraphBytes } from './graph-bytes.js';

const NONE: readonly KeyedExtra[] = [];

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
   * Made when it is first asked for, so that the call of a save need not wait for it.
   */
  readonly serialized: Uint8Array;
}

export function buildObjectGraph(root: Trackable): ObjectGraph {
  const numbering = numberObjects(root);
  const { objects, numbers } = numbering;
  const extras = objects.flatMap(({ object, path }) => keyedExtras(object, path, numbering));
  const tensors = keyedAttributes(objects);
  let serialized: Uint8Array | undefined;
  return {
    tensors: tensors.some(isState) ? [...tensors.filter(one => !isState(one)), ...tensors.filter(isState)] : tensors,
    extras,
    get serialized() {
      serialized ??= serialize(objects, numbers);
      return serialized;
    },
  };
}

/** TensorFlow puts text state, which Python serialises, last (tensorflow/python/checkpoint/save_util.py). */
function isState({ attribute }: KeyedAttribute): boolean {
  return attribute.name === PYTHON_STATE;
}

function keyedExtras({ extras }: Trackable, path: string, { objects, numbers }: Numbering): readonly KeyedExtra[] {
  if (extras === undefined) return NONE;
  return extras.flatMap(extra => {
    const of = extra.of && numbers.get(extra.of);
    if (extra.of && of === undefined) return [];
    return [{ key: extraKey(path, extra.name, of === undefined ? undefined : objects[of]!.path), extra }];
  });
}

/** The numbers of the fields are those of proto/trackable_object_graph.proto. */
function serialize(objects: Numbering['objects'], numbers: Numbering['numbers']): Uint8Array {
  const hasValues = withDescendants({ objects, numbers }, object => object.attributes.length > 0);
  const bytes = new GraphBytes(128 * objects.length);
  const numberOf = (node: Trackable): number => numbers.get(node)!;
  objects.forEach(({ object, path }, number) => {
    bytes.message(1, () => {
      for (const { name, node } of object.children) {
        bytes.message(1, () => {
          bytes.number(1, numberOf(node));
          bytes.text(2, name);
        });
      }
      for (const { name, fullName } of object.attributes) {
        bytes.message(2, () => {
          bytes.text(1, name);
          bytes.text(2, fullName);
          bytes.text(3, attributeKey(path, name));
        });
      }
      for (const { variable, name, node } of writtenSlots(object, numbers)) {
        bytes.message(3, () => {
          bytes.number(1, numberOf(variable));
          bytes.text(2, name);
          bytes.number(3, numberOf(node));
        });
      }
      // Written in any case, as TensorFlow does.
      bytes.message(5, () => bytes.number(1, Number(hasValues[number])));
    });
  });
  return bytes.finish();
}

/**
 * Encodes live objects as what a checkpoint holds: the tensors with their keys, in the order of the data file, and the
 * bytes of `_CHECKPOINTABLE_OBJECT_GRAPH` as TensorFlow serialises them (fields by number).
 */

import { atOnce, type Steps } from '../../format/turns.js';
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

/** Messages that are written between two stops. */
const STEP = 64;

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
  /** Makes `serialized` in steps. */
  serialize(): Steps<void>;
}

/** Of roots that are saved several times. */
const lasting = new WeakMap<Trackable, ObjectGraph>();

export function buildObjectGraph(root: Trackable): ObjectGraph {
  if (root.isLasting !== true) return encodeObjects(root);
  const known = lasting.get(root) ?? encodeObjects(root);
  lasting.set(root, known);
  return known;
}

function encodeObjects(root: Trackable): ObjectGraph {
  const numbering = numberObjects(root);
  const { objects, numbers } = numbering;
  const extras: KeyedExtra[] = [];
  for (const { object, path } of objects) {
    // Looked at once: a getter captures the state of an iterator. And one by one: there may be any number.
    const { extras: own } = object;
    if (own !== undefined) for (const one of keyedExtras(own, path, numbering)) extras.push(one);
  }
  const tensors = keyedAttributes(objects);
  let serialized: Uint8Array | undefined;
  return {
    tensors: tensors.some(isState) ? [...tensors.filter(one => !isState(one)), ...tensors.filter(isState)] : tensors,
    extras,
    get serialized() {
      serialized ??= atOnce(serialize(objects, numbers));
      return serialized;
    },
    *serialize() {
      serialized ??= yield* serialize(objects, numbers);
    },
  };
}

/** TensorFlow puts text state, which Python serialises, last (tensorflow/python/checkpoint/save_util.py). */
function isState({ attribute }: KeyedAttribute): boolean {
  return attribute.name === PYTHON_STATE;
}

function keyedExtras(extras: readonly Extra[], path: string, { objects, numbers }: Numbering): readonly KeyedExtra[] {
  return extras.flatMap(extra => {
    const of = extra.of && numbers.get(extra.of);
    if (extra.of && of === undefined) return [];
    return [{ key: extraKey(path, extra.name, of === undefined ? undefined : objects[of]!.path), extra }];
  });
}

/** The numbers of the fields are those of proto/trackable_object_graph.proto. */
function* serialize(objects: Numbering['objects'], numbers: Numbering['numbers']): Steps<Uint8Array> {
  const hasValues = withDescendants({ objects, numbers }, object => object.attributes.length > 0);
  const bytes = new GraphBytes(128 * objects.length);
  let written = 0;
  for (let number = 0; number < objects.length; number++) {
    const { object, path } = objects[number]!;
    const start = bytes.begin(1);
    for (const { name, node } of object.children) {
      if (written++ % STEP === 0) yield;
      const child = bytes.begin(1);
      bytes.number(1, numbers.get(node)!);
      bytes.text(2, name);
      bytes.end(child);
    }
    for (const { name, fullName } of object.attributes) {
      if (written++ % STEP === 0) yield;
      const attribute = bytes.begin(2);
      bytes.text(1, name);
      bytes.text(2, fullName);
      bytes.text(3, attributeKey(path, name));
      bytes.end(attribute);
    }
    for (const { variable, name, node } of writtenSlots(object, numbers)) {
      if (written++ % STEP === 0) yield;
      const slot = bytes.begin(3);
      bytes.number(1, numbers.get(variable)!);
      bytes.text(2, name);
      bytes.number(3, numbers.get(node)!);
      bytes.end(slot);
    }
    // Written in any case, as TensorFlow does.
    const has = bytes.begin(5);
    bytes.number(1, Number(hasValues[number]));
    bytes.end(has);
    bytes.end(start);
  }
  return bytes.finish();
}

/**
 * The objects of a SavedModel (`SavedObjectGraph`). Nodes and numbers are those of the checkpoint in `variables/`; what
 * is added is what kind of object each one is, so that TensorFlow makes it anew without the program
 * (tensorflow/python/saved_model/save.py, load.py).
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Variable } from '@tensorflow/tfjs-core';
import { dtypeInfo } from '../../../format/dtypes.js';
import { VARIABLE_VALUE } from '../../../graph/attribute.js';
import { type Numbering, writtenSlots } from '../../../graph/numbering.js';
import type { Trackable } from '../../../graph/trackable.js';
import { isAnyVariable, isLayer } from '../../../layers/family.js';
import { isOptimizer } from '../../../layers/optimizers/optimizer.js';
import type { Layer } from '../../../layers/types.js';
import type { SavedObject, SavedObjectSchema } from '../stored/messages.js';

/** A `SavedObject` that is being made. */
export type ObjectInit = Exclude<MessageInitShape<typeof SavedObjectSchema>, SavedObject>;
type Kind = NonNullable<ObjectInit['kind']>;

/** Names of Keras's dictionaries. All other objects without values and with numbered children are lists. */
const DICTIONARIES: ReadonlySet<string> = new Set(['_index_dict', '_trainable_variables_indices']);

/** The name of the edge to what maps names to functions. */
export const SIGNATURES = 'signatures';

/** Layers whose states Keras handles in a class of their own. */
const RECURRENT: ReadonlySet<string> = new Set(['RNN', 'SimpleRNN', 'GRU', 'LSTM', 'ConvLSTM2D']);

interface ObjectGraphSource {
  readonly numbering: Numbering;
  /** The live object that a node describes; undefined for a node without one. */
  objectOf(trackable: Trackable): unknown;
  /** Whether the variable can be trained, even if it is frozen now. */
  isTrainable(variable: Variable): boolean;
}

/** By their numbers. */
export function savedObjects(source: ObjectGraphSource): ObjectInit[] {
  const { objects, numbers } = source.numbering;
  const names = edgeNames(source.numbering);
  return objects.map(({ object }, number) => ({
    children: object.children.map(({ name, node }) => ({ localName: name, nodeId: numbers.get(node)! })),
    slotVariables: writtenSlots(object, numbers).map(({ variable, name, node }) => ({
      originalVariableNodeId: numbers.get(variable)!,
      slotName: name,
      slotVariableNodeId: numbers.get(node)!,
    })),
    kind: kindOf(object, names[number]!, source),
  }));
}

/** What Keras calls the kind of a layer. */
export function layerIdentifier(layer: Layer): string {
  const className = layer.getClassName();
  if (className === 'InputLayer') return '_tf_keras_input_layer';
  if (className === 'Sequential') return '_tf_keras_sequential';
  if ('layers' in layer) return '_tf_keras_network';
  return RECURRENT.has(className) ? '_tf_keras_rnn_layer' : '_tf_keras_layer';
}

/** For each node, the name of the edge by which it was first met; '' for the root. */
export function edgeNames({ objects, numbers }: Numbering): string[] {
  const names = objects.map(() => '');
  const seen = new Set([0]);
  for (const { object } of objects) {
    for (const { name, node } of object.children) {
      const number = numbers.get(node)!;
      if (seen.has(number)) continue;
      seen.add(number);
      names[number] = name;
    }
  }
  return names;
}

function kindOf(object: Trackable, edge: string, source: ObjectGraphSource): Kind {
  const live = source.objectOf(object);
  if (isLayer(live)) return userObject(layerIdentifier(live));
  if (typeof live === 'object' && live !== null && isOptimizer(live)) return userObject('experimentalOptimizer', 2);
  if (edge === SIGNATURES && live === undefined) return userObject('signature_map');
  const value = object.attributes.find(({ name }) => name === VARIABLE_VALUE);
  if (value === undefined) return userObject(collectionIdentifier(object, edge, live));
  const trainable = isAnyVariable(live) && source.isTrainable(live as Variable);
  return {
    case: 'variable',
    value: {
      dtype: dtypeInfo(value.writtenAs ?? value.dtype).number,
      shape: { dim: value.shape.map(size => ({ size: BigInt(size) })) },
      trainable,
      name: value.fullName,
    },
  };
}

function collectionIdentifier({ children, attributes }: Trackable, edge: string, live: unknown): string {
  if (DICTIONARIES.has(edge)) return 'trackable_dict_wrapper';
  const isList = children.every(({ name }, i) => name === String(i));
  // An object of the user may have such names, too, or no children at all.
  if (attributes.length === 0 && isList && (live === undefined || Array.isArray(live))) return 'trackable_list_wrapper';
  return '_generic_user_object';
}

export function userObject(identifier: string, producer = 1): Kind {
  return {
    case: 'userObject',
    value: { identifier, version: { producer, minConsumer: 1 } },
  };
}

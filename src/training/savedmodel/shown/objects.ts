/** The objects of a SavedModel: layers, optimizers, lists, variables, functions, tables. */

import type { SavedObject } from '../stored/messages.js';
import type { StoredModel } from '../stored/stored-model.js';
import type { ObjectPlaces } from './object-places.js';

const KINDS = {
  userObject: 'object',
  asset: 'asset',
  function: 'function',
  variable: 'variable',
  bareConcreteFunction: 'bare function',
  constant: 'constant',
  resource: 'resource',
  capturedTensor: 'captured tensor',
} as const;

export interface ObjectSummary {
  readonly node: number;
  /** The shortest path of edges from the root, which is empty for the root; null if no edge leads to it. */
  readonly path: string | null;
  /** `unknown` for a kind that this version does not know. */
  readonly kind: (typeof KINDS)[keyof typeof KINDS] | 'unknown';
  /** TensorFlow's word for what kind of object it is, such as `_tf_keras_layer`. Empty for other kinds. */
  readonly identifier: string;
  /** Such as `tf.StaticHashTable`; mostly empty. */
  readonly registeredName: string;
  /** Of Keras: the class and the name. */
  readonly className: string | null;
  readonly name: string | null;
  /** What Keras stored of it: parsed JSON, or text if it is not JSON. Null if Keras stored nothing. */
  readonly metadata: unknown;
  readonly children: readonly { readonly name: string; readonly node: number }[];
  /** Slot variables, such as momenta, that an optimizer keeps for a variable. */
  readonly slots: readonly { readonly name: string; readonly variable: number; readonly node: number }[];
}

/** By number. */
export function objectsOf({ nodes, keras }: StoredModel, places: ObjectPlaces): readonly ObjectSummary[] {
  return nodes.map((object, node) => {
    const { kind, registeredName, children, slotVariables } = object;
    const user = kind.case === 'userObject' ? kind.value : null;
    // Before TensorFlow 2.5 it was in the graph.
    const metadata = parsed(keras?.get(node)?.metadata ?? user?.metadata ?? '');
    return {
      node,
      path: places.pathOf(node),
      kind: kindOf(object),
      identifier: user?.identifier ?? '',
      registeredName,
      className: textOf(metadata, 'class_name'),
      name: textOf(metadata, 'name'),
      metadata,
      children: children.map(({ localName, nodeId }) => ({ name: localName, node: nodeId })),
      slots: slotVariables.map(({ slotName, originalVariableNodeId, slotVariableNodeId }) => ({
        name: slotName,
        variable: originalVariableNodeId,
        node: slotVariableNodeId,
      })),
    };
  });
}

/** A text in an object of any shape, else null. */
export function textOf(value: unknown, key: string): string | null {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : null;
  return typeof found === 'string' ? found : null;
}

function kindOf({ kind }: SavedObject): ObjectSummary['kind'] {
  return kind.case === undefined ? 'unknown' : KINDS[kind.case];
}

function parsed(metadata: string): unknown {
  if (metadata === '') return null;
  try {
    return JSON.parse(metadata);
  } catch {
    return metadata;
  }
}

/**
 * Names of edges in checkpoints of Keras 3, where they differ from those of tf_keras, and attribute names in models
 * written as classes. They are only used to read and are never written. Facts from checkpoints of Keras 3.15
 * (keras/src/models, keras/src/layers).
 *
 * Through `tf.train.Checkpoint`, Keras 3 does not save some values at all: those of the cells of an RNN with several
 * cells, and of what a model written as a class holds in lists and dictionaries. Such variables are `missing`.
 */
import { branch, type Edge, type Trackable } from '../graph/trackable.js';

/** A layer of a model, in the model's order. */
export interface NamedNode {
  /** The name the user gave; left out if it was made up. */
  readonly name?: string;
  readonly node: Trackable;
  readonly hasWeights: boolean;
}

/**
 * Names from a model to itself and to its layers:
 * - `_functional`: a Sequential of Keras 3 holds a Functional, which holds the layers;
 * - `_operations/N`: the layers of a Functional. With `hiddenInput` (a Sequential) the first is an InputLayer that
 *   the model itself does not list. Keras 3 numbers layers without weights, too; `holders` lets such layers differ;
 * - the layers' own names, `d1` or `blocks/0`: a model written as a class, also in tf_keras, reaches its layers by
 *   attributes (`self.d1`, `self.blocks[0]`), and layers with such names are found there.
 */
export function containerAliases(layers: readonly NamedNode[], hiddenInput: boolean, self: Trackable): Edge[] {
  const first = hiddenInput ? 1 : 0;
  const operations: Trackable = {
    ...branch(layers.map(({ node }, i) => ({ name: String(first + i), node }))),
    holders: layers.flatMap(({ node, hasWeights }) => (hasWeights ? [node] : [])),
  };
  const attributes: Edge[] = [];
  const lists = new Map<string, Edge[]>();
  const listAt = (path: string): Edge[] => {
    const known = lists.get(path);
    if (known) return known;
    const items: Edge[] = [];
    lists.set(path, items);
    const [parent, name] = parted(path);
    (parent === null ? attributes : listAt(parent)).push({ name, node: branch(items) });
    return items;
  };
  for (const { name: path, node } of layers) {
    if (path === undefined) continue;
    const [parent, name] = parted(path);
    (parent === null ? attributes : listAt(parent)).push({ name, node });
  }
  return [{ name: '_functional', node: self }, { name: '_operations', node: operations }, ...attributes];
}

/** `blocks/0` is `0` in the list `blocks`; `d1` is not in a list. */
function parted(path: string): [list: string | null, name: string] {
  const cut = path.lastIndexOf('/');
  return cut < 0 ? [null, path] : [path.slice(0, cut), path.slice(cut + 1)];
}

/** By tf_keras's name, Keras 3's name for the attribute that holds a variable. Other names are the same in both. */
const VARIABLES: ReadonlyMap<string, string> = new Map([
  // Dense and Conv compute the property `kernel` from `_kernel` (quantization, LoRA), as Embedding does with
  // `embeddings`.
  ['kernel', '_kernel'],
  ['embeddings', '_embeddings'],
  // DepthwiseConv; in a SeparableConv both libraries say `depthwise_kernel`, and nothing is called `kernel`.
  ['depthwise_kernel', 'kernel'],
]);

/** Names from a layer to its variables, given those of tf_keras. */
export function variableAliases(children: readonly Edge[]): Edge[] {
  return children.flatMap(({ name, node }) => {
    const alias = VARIABLES.get(name);
    return alias !== undefined && node.attributes.length > 0 ? [{ name: alias, node }] : [];
  });
}

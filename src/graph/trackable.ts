/**
 * What the object graph is made of: a tree (or any graph) of plain descriptions. Nothing here knows TensorFlow.js: the
 * code that owns the live objects (src/layers) describes them in TensorFlow's tracking order and says how a value is
 * read and set. An object has a Restorer if a checkpoint holds it in another form than the live one: optimizers, with
 * three generations of keys, values to convert, and slots that may not exist yet.
 */
import type { TensorValue } from '../format/dtypes.js';
import type { Attribute } from './attribute.js';
import type { Mismatch } from './mismatch.js';
import type { StoredEntry, StoredSubgraph } from './stored-graph.js';

/**
 * A variable that an optimizer keeps for another variable (TensorFlow's slot variable). It is written beside the
 * variable it belongs to: `<variable>/.OPTIMIZER_SLOT/<optimizer>/<name>/.ATTRIBUTES/VARIABLE_VALUE`.
 */
export interface Slot {
  /** A slot of a variable that no edge leads to is not written, as in TensorFlow. */
  readonly variable: Trackable;
  readonly name: string;
  /** Has attributes and no children. */
  readonly node: Trackable;
}

/**
 * A tensor of an object that lies beside the object graph, where TensorFlow never looks:
 * `.TENSORBUNDLE/<object>/<name>`. The object's restorer finds it again (`StoredSubgraph.extra`).
 */
export interface Extra extends Pick<Attribute, 'dtype' | 'shape' | 'capture'> {
  readonly name: string;
  /**
   * Another object that it is about, whose path is added to the key. If no edge leads there, the extra is not written.
   */
  readonly of?: Trackable;
}

/** An object that gets variables or children later: a layer that is not built, a model without layers. */
export interface Incomplete {
  /** The live object. It stays the same when it is described again. */
  readonly owner: object;
  /**
   * Calls `changed` synchronously each time the object gets more, with its new description. Returns a function that
   * stops this.
   */
  watch(changed: (now: Trackable) => void): () => void;
}

export interface Edge {
  /** Name of the child in its parent: an attribute's name in Python, an index in a list. Unescaped. */
  readonly name: string;
  readonly node: Trackable;
}

/** The name of a layer, and whether a user gave it. */
export interface LayerName {
  readonly name: string;
  /** Whether a user gave the name. */
  readonly isGiven: boolean;
  /** Whether Keras or TensorFlow.js would make up this name for a layer of this class. */
  isAutomatic(name: string): boolean;
  /** Whether it is a model. TensorFlow's names of its variables do not contain the model's name; Keras 3's do. */
  readonly isModel: boolean;
}

/** An object of the graph. Identity counts: the same object reached by two edges is one node with two names. */
export interface Trackable {
  /** In tracking order, which decides node numbers and with them keys and the order of the data file. */
  readonly children: readonly Edge[];
  readonly attributes: readonly Attribute[];
  /**
   * Names by which other writers (Keras 3) reach objects from here. They serve to find values and are never written.
   */
  readonly aliases?: readonly Edge[];
  /**
   * For a list: the items that hold values, in order. If the stored list has the same number of items with values, the
   * two are paired in order, so that items without values may come and go. Otherwise the names of the edges count.
   */
  readonly holders?: readonly Trackable[];
  /** Grouped by slot name, in the optimizer's order. Numbered after everything that edges lead to. */
  readonly slots?: readonly Slot[];
  readonly extras?: readonly Extra[];
  /** Takes over what is stored at and below this object, instead of attributes, children and slots one by one. */
  readonly restorer?: Restorer;
  /**
   * For an object with a restorer: the children that the restorer does not restore, which a Checkpoint added to its
   * root.
   */
  readonly added?: readonly Edge[];
  /** Left out for an object that is complete. */
  readonly incomplete?: Incomplete;
  /** For a root that is saved several times and does not change: what is made of it is kept. Default false. */
  readonly isLasting?: boolean;
  /** The live object's own name (`dense_Dense1`), for messages and maps. Left out if it has none. */
  readonly label?: string;
  /** TensorFlow's name for it: the scope of its variables (`dense`). */
  readonly fullName?: string;
  /** Only for a layer. */
  readonly layer?: LayerName;
}

/** An object that holds others and no tensor of its own. */
export function branch(children: readonly Edge[]): Trackable {
  return { children, attributes: [] };
}

/** An object that is one variable. */
export function variableNode(attribute: Attribute): Trackable {
  return { children: [], attributes: [attribute] };
}

/**
 * The root as `tf.train.Checkpoint(root).write` sees it: the object's own children, then the edge `root` to itself
 * (tensorflow/python/checkpoint/checkpoint.py; `save_counter` would follow, but only `save` makes one).
 */
export function checkpointRoot(object: Trackable, extras: readonly Extra[] = [], isLasting = false): Trackable {
  const children: Edge[] = [...object.children];
  const root: Trackable = { children, attributes: object.attributes, extras, isLasting };
  children.push({ name: 'root', node: root });
  return root;
}

/** The key of a value, and the other names by which filters know it. */
export interface NamedValue {
  readonly key: string;
  readonly names?: readonly string[];
  readonly of?: Trackable;
}

/** The rest of the checkpoint: every other object has been matched before a restorer is asked. */
export interface MatchedCheckpoint {
  /** The live object that a stored node was matched to. */
  liveOf(node: number): Trackable | undefined;
  has(key: string): boolean;
  /** Type, shape and size of a stored value. Throws ERR_NOT_FOUND. */
  entry(key: string): StoredEntry;
}

/** Values that are restored together. */
export interface RestorePart {
  readonly keys: readonly string[];
  /** Other names by which filters know it, beside its keys and the object's names. */
  readonly names?: readonly string[];
  /** The variable that it belongs to. A filter that leaves out the variable leaves out this part. */
  readonly of?: Trackable;
  /** Only looks at values that other parts take. Applied if any of those parts is. Default false. */
  readonly looksOn?: boolean;
  /** As in Attribute. */
  readonly copies?: boolean;
  /** Applied only if filters leave out nothing of the object. Default false. */
  readonly isForWhole?: boolean;
  /**
   * Called once, after everything was checked, with the values of `keys`. Synchronous. The callee may keep their
   * memory, unless it `copies`, also for variables that do not exist yet. Must not throw: what does not fit belongs in
   * `mismatched`. Returns 'unused' if the object turns out to have no use for these values.
   */
  apply(values: readonly TensorValue[]): unknown;
}

export interface RestorePlan {
  /**
   * Applied in order. Keys of the object graph count as loaded, so they name every stored value that the object
   * understands. A part should have few keys: all values of a part are in memory together.
   */
  readonly parts: readonly RestorePart[];
  /** Keys of the live object's values that the checkpoint lacks. */
  readonly missing: readonly NamedValue[];
  /** Stored values of another dtype or shape. Unless they are to be skipped, nothing is applied if there are any. */
  readonly mismatched: readonly (Mismatch & NamedValue)[];
  /** Why none of it can be restored: a sentence that says what to do. Nothing is changed then. */
  readonly refusal?: string | undefined;
  /** A small value that is checked beyond its type and shape. */
  readonly early?: EarlyCheck;
}

/** Restores an object, and all that is stored below it, as a whole. */
export interface Restorer {
  /** Reads and changes nothing. */
  plan(stored: StoredSubgraph, found: MatchedCheckpoint): RestorePlan;
  /**
   * The missing keys, if the checkpoint has no such object; `path` is where it would be. Without this method: the keys
   * of its attributes and of everything below it.
   */
  missingAt?(path: string): readonly string[];
}

/** A value that is read and checked before anything is changed. */
export interface EarlyCheck {
  readonly key: string;
  /** Returns more items for `mismatched`. May throw: nothing is changed then. */
  check(value: TensorValue): readonly Mismatch[];
}

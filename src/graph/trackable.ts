/**
 * What the object graph is made of: a tree (or any graph) of plain descriptions. Nothing here knows TensorFlow.js;
 * whoever owns the live objects (src/layers) describes them in TensorFlow's tracking order and says how a value is read
 * and set. A Restorer belongs to an object that is stored in another form than it lives in: optimizers, of which there
 * are three generations of keys, values to convert, and slots that may not exist yet.
 */
import type { Entry } from '../bundle/reader.js';
import type { TensorValue } from '../format/dtypes.js';
import type { Attribute } from './attribute.js';
import type { Mismatch } from './mismatch.js';
import type { StoredSubgraph } from './stored-graph.js';

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
   * Another object that it speaks of, whose path is added to the key. If no edge leads there, the extra is not written.
   */
  readonly of?: Trackable;
}

/** An object that gets variables or children later: a layer that is not built, a model without layers. */
export interface Incomplete {
  /** The live object, whoever describes it. */
  readonly owner: object;
  /**
   * Has `changed` called, synchronously, each time there is more, with the object as it then is. Returns what stops
   * that.
   */
  watch(changed: (now: Trackable) => void): () => void;
}

export interface Edge {
  /** Name of the child in its parent: an attribute's name in Python, an index in a list. Unescaped. */
  readonly name: string;
  readonly node: Trackable;
}

/** What a layer is called, and by whom. */
export interface LayerName {
  readonly name: string;
  /** Whether a user gave the name. */
  readonly isGiven: boolean;
  /** Whether Keras or TensorFlow.js make up such names for layers of this class. */
  isAutomatic(name: string): boolean;
  /** Whether it is a model: its name is not in TensorFlow's names of its variables, and is in Keras 3's. */
  readonly isModel: boolean;
}

/** An object of the graph. Identity counts: the same object reached by two edges is one node with two names. */
export interface Trackable {
  /** In tracking order: it decides node numbers, hence keys and the order of the data file. */
  readonly children: readonly Edge[];
  readonly attributes: readonly Attribute[];
  /**
   * Names by which other writers (Keras 3) reach objects from here. They serve to find values and are never written.
   */
  readonly aliases?: readonly Edge[];
  /**
   * Of a list: the items that hold values, in order. If the stored list has as many that do, they are taken for these,
   * so that items without values may come and go; else the names of the edges count.
   */
  readonly holders?: readonly Trackable[];
  /** By slot name as the optimizer orders them. Numbered after everything that edges lead to. */
  readonly slots?: readonly Slot[];
  readonly extras?: readonly Extra[];
  /** Takes over what is stored at and below this object, instead of attributes, children and slots one by one. */
  readonly restorer?: Restorer;
  /** Those of the children that are not the restorer's: what a Checkpoint adds to a root that has one. */
  readonly added?: readonly Edge[];
  /** Left out for an object that is complete. */
  readonly incomplete?: Incomplete;
  /** What the owner calls the object (`dense_Dense1`), for messages and maps; left out where it has no name. */
  readonly label?: string;
  /** What TensorFlow would call it: the scope of its variables (`dense`). */
  readonly fullName?: string;
  /** Of a layer. */
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
export function checkpointRoot(object: Trackable, extras: readonly Extra[] = []): Trackable {
  const children: Edge[] = [...object.children];
  const root: Trackable = { children, attributes: object.attributes, extras };
  children.push({ name: 'root', node: root });
  return root;
}

/** A value by its key, and what else filters may call it. */
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
  entry(key: string): Entry;
}

/** Values that are restored together. */
export interface RestorePart {
  readonly keys: readonly string[];
  /** What else filters may call it, beside its keys and the object. */
  readonly names?: readonly string[];
  /** The variable that it goes with: who leaves that out leaves this out. */
  readonly of?: Trackable;
  /** It only looks at values that other parts take, and is applied if any of these is. Default false. */
  readonly looksOn?: boolean;
  /** Applied only if filters leave out nothing of the object. Default false. */
  readonly isForWhole?: boolean;
  /**
   * Called once, after everything was checked, with the values of `keys`; synchronous. The memory is the callee's to
   * keep. May hold on to values for variables that do not exist yet. Must not throw: what does not fit is `mismatched`.
   * 'unused': the object has no use for what the values turned out to be.
   */
  apply(values: readonly TensorValue[]): unknown;
}

export interface RestorePlan {
  /**
   * Applied in order. Keys of the object graph count as loaded, so they name every stored value that the object
   * understands. Few keys a part: all values of a part are in memory together.
   */
  readonly parts: readonly RestorePart[];
  /** Keys that values of the live object would have and that the checkpoint lacks. */
  readonly missing: readonly NamedValue[];
  /** Stored values of another dtype or shape. Unless they are to be skipped, nothing is applied if there are any. */
  readonly mismatched: readonly (Mismatch & NamedValue)[];
  /** Why none of it can be restored, as a sentence that says what to do; nothing is changed then. */
  readonly refusal?: string | undefined;
  /** A small value that tells more than types and shapes do. */
  readonly early?: EarlyCheck;
}

/** Restores an object, and all that is stored below it, as a whole. */
export interface Restorer {
  /** Reads and changes nothing. */
  plan(stored: StoredSubgraph, found: MatchedCheckpoint): RestorePlan;
  /**
   * Keys that are missing where the checkpoint has no such object; `path` is where it would be. Left out: those of its
   * attributes and of what is below it.
   */
  missingAt?(path: string): readonly string[];
}

/** Read while nothing has been changed. */
export interface EarlyCheck {
  readonly key: string;
  /** What `mismatched` would have. May throw: nothing is changed then. */
  check(value: TensorValue): readonly Mismatch[];
}

/**
 * What the object graph is made of: a tree (or any graph) of plain descriptions. Nothing here knows TensorFlow.js; whoever
 * owns the live objects (src/layers) describes them in TensorFlow's tracking order and says how a value is read and set.
 */
import type { DType, TensorData, TensorValue } from '../format/dtypes.js';

/** The attribute name under which TensorFlow keeps the value of a variable. */
export const VARIABLE_VALUE = 'VARIABLE_VALUE';

/** A value that is kept for a save. */
export interface Capture {
  /** Little-endian, row-major; may come in pieces. Called at most once. */
  data(): TensorData | Promise<TensorData> | AsyncIterable<Uint8Array>;
  /** Lets go of the value; called once, when the save is over. */
  release(): void;
}

/** One tensor of an object. `dtype` and `shape` are known without touching the data. */
export interface Attribute {
  /** Last part of the checkpoint key; `VARIABLE_VALUE` for a variable. */
  readonly name: string;
  /** The variable's shared name in TensorFlow (`dense/kernel`), written to the graph. */
  readonly fullName: string;
  /** What the owner of the live object calls it (`dense_Dense1/kernel`), for messages and filters. */
  readonly label: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Holds on to the value as it is now, whatever happens to the object afterwards. Synchronous, copies nothing. */
  capture(): Capture;
  /** Replaces the value. `value` has this dtype and shape, and its memory is the callee's to keep. */
  assign(value: TensorValue): void;
  /**
   * Why a stored value of another dtype or shape belongs to something that the live object cannot be (Keras's GRU with
   * `reset_after`), as a sentence that says what to do; undefined if it is an ordinary mismatch.
   */
  refuse?(stored: { readonly dtype: DType; readonly shape: readonly number[] }): string | undefined;
}

export interface Edge {
  /** Name of the child in its parent: an attribute's name in Python, an index in a list. Unescaped. */
  readonly name: string;
  readonly node: Trackable;
}

/** An object of the graph. Identity counts: the same object reached by two edges is one node with two names. */
export interface Trackable {
  /** In tracking order: it decides node numbers, hence keys and the order of the data file. */
  readonly children: readonly Edge[];
  readonly attributes: readonly Attribute[];
  /** Names by which other writers (Keras 3) reach objects from here. They serve to find values and are never written. */
  readonly aliases?: readonly Edge[];
  /**
   * Of a list: the items that hold values, in order. If the stored list has as many that do, they are taken for these, so that
   * items without values may come and go; else the names of the edges count.
   */
  readonly holders?: readonly Trackable[];
  /** What the owner calls the object (`dense_Dense1`), for messages and maps; left out where it has no name. */
  readonly label?: string;
  /** What TensorFlow would call it: the scope of its variables (`dense`). */
  readonly fullName?: string;
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
export function checkpointRoot(object: Trackable): Trackable {
  const children: Edge[] = [...object.children];
  const root: Trackable = { children, attributes: object.attributes };
  children.push({ name: 'root', node: root });
  return root;
}

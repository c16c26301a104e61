/**
 * What the object graph is made of: a tree (or any graph) of plain descriptions. Nothing here knows TensorFlow.js; whoever
 * owns the live objects (src/layers) describes them in TensorFlow's tracking order and says how a value is read and set.
 */
import type { DType, StoredDType, TensorData, TensorValue } from '../format/dtypes.js';
import type { Restorer } from './restorer.js';

/** The attribute name under which TensorFlow keeps the value of a variable. */
export const VARIABLE_VALUE = 'VARIABLE_VALUE';

/** The attribute name of state that is no tensor but text. */
export const PYTHON_STATE = 'py_state';

/** A value that is kept for a save. */
export interface Capture {
  /**
   * What `data` gives was made for the save, each piece in a buffer of its own, and nobody else holds it: it is freed once it is
   * written, unless the save may be tried again.
   */
  readonly own?: true;
  /** Little-endian, row-major; may come in pieces. May be asked again until it is released: a save may be tried again. */
  data(): TensorData | Promise<TensorData> | AsyncIterable<Uint8Array>;
  /** Lets go of the value; called once, when all of it was read or the save is over. */
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
  /** What it is written as, if that is another type: what it was in the checkpoint that was restored. `capture` gives that. */
  readonly writtenAs?: DType | undefined;
  /**
   * Holds on to the value as it is now, whatever happens to the object afterwards. Synchronous; copies what others may still
   * change.
   */
  capture(): Capture;
  /**
   * Replaces the value. `value` has this dtype and shape, and its memory is the callee's to keep. `storedAs` is the type that it was
   * converted from.
   */
  assign(value: TensorValue, storedAs?: DType): void;
  /**
   * Why a stored value of another dtype or shape belongs to something that the live object cannot be (Keras's GRU with
   * `reset_after`), as a sentence that says what to do; undefined if it is an ordinary mismatch.
   */
  refuse?(stored: { readonly dtype: StoredDType; readonly shape: readonly number[] }): string | undefined;
  /**
   * A stored value of another dtype and the same shape as one of this dtype, if it can be held exactly (an int64 step in an
   * int32 variable); undefined if not, which is a mismatch, or a sentence that says why not and what to do. Values are read for it
   * before anything is assigned, so it is for small ones; left out where nothing is converted.
   */
  convert?(stored: TensorValue): TensorValue | string | undefined;
}

/**
 * A variable that an optimizer keeps for another variable (TensorFlow's slot variable). It is written beside the variable it
 * belongs to: `<variable>/.OPTIMIZER_SLOT/<optimizer>/<name>/.ATTRIBUTES/VARIABLE_VALUE`.
 */
export interface Slot {
  /** A slot of a variable that no edge leads to is not written, as in TensorFlow. */
  readonly variable: Trackable;
  readonly name: string;
  /** Has attributes and no children. */
  readonly node: Trackable;
}

/**
 * A tensor of an object that lies beside the object graph, where TensorFlow never looks: `.TENSORBUNDLE/<object>/<name>`. The
 * object's restorer finds it again (`StoredObject.extra`).
 */
export interface Extra extends Pick<Attribute, 'dtype' | 'shape' | 'capture'> {
  readonly name: string;
  /** Another object that it speaks of, whose path is added to the key. If no edge leads there, the extra is not written. */
  readonly of?: Trackable;
}

/** An object that gets variables or children later: a layer that is not built, a model without layers. */
export interface Growth {
  /** The live object, whoever describes it. */
  readonly owner: object;
  /** Has `grown` called, synchronously, each time there is more, with the object as it then is. Returns what stops that. */
  watch(grown: (now: Trackable) => void): () => void;
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
  /** Names by which other writers (Keras 3) reach objects from here. They serve to find values and are never written. */
  readonly aliases?: readonly Edge[];
  /**
   * Of a list: the items that hold values, in order. If the stored list has as many that do, they are taken for these, so that
   * items without values may come and go; else the names of the edges count.
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
  readonly growth?: Growth;
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

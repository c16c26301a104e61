/**
 * Objects that restore themselves as a whole, because the form in which they are stored is not the form in which they live:
 * optimizers, of which there are three generations of keys, values to convert, and slots that may not exist yet.
 */
import type { Entry } from '../bundle/reader.js';
import type { TensorValue } from '../format/dtypes.js';
import type { Mismatch } from './mismatch.js';
import type { StoredGraph } from './stored-graph.js';
import type { Trackable } from './trackable.js';

/** What a checkpoint holds for one object. */
export interface StoredObject {
  readonly graph: StoredGraph;
  readonly node: number;
  /** Of edges from the root, escaped as in keys. */
  readonly path: string;
  /** Key of an `Extra` of this object; undefined if the checkpoint has none of this name. */
  extra(name: string): string | undefined;
}

/** The rest of the checkpoint: every other object has been matched before a restorer is asked. */
export interface Found {
  /** The live object that a stored node was matched to. */
  liveOf(node: number): Trackable | undefined;
  has(key: string): boolean;
  /** Type, shape and size of a stored value. Throws ERR_NOT_FOUND. */
  entry(key: string): Entry;
}

/** Values that are restored together. */
export interface RestorePart {
  readonly keys: readonly string[];
  /**
   * Called once, after everything was checked, with the values of `keys`; synchronous. The memory is the callee's to keep. May
   * hold on to values for variables that do not exist yet. Must not throw: what does not fit is `mismatched`.
   */
  apply(values: readonly TensorValue[]): void;
}

export interface RestorePlan {
  /**
   * Applied in order. Keys of the object graph count as loaded, so they name every stored value that the object understands.
   * Few keys a part: all values of a part are in memory together.
   */
  readonly parts: readonly RestorePart[];
  /** Keys that values of the live object would have and that the checkpoint lacks. */
  readonly missing: readonly string[];
  /** Stored values of another dtype or shape. Unless they are to be skipped, nothing is applied if there are any. */
  readonly mismatched: readonly Mismatch[];
  /** A small value that tells more than types and shapes do. */
  readonly early?: EarlyCheck;
}

/** Read while nothing has been changed. */
export interface EarlyCheck {
  readonly key: string;
  /** What `mismatched` would have. May throw: nothing is changed then. */
  check(value: TensorValue): readonly Mismatch[];
}

export interface Restorer {
  /** Reads and changes nothing. */
  plan(stored: StoredObject, found: Found): RestorePlan;
  /**
   * Keys that are missing where the checkpoint has no such object; `path` is where it would be. Left out: those of its attributes
   * and of what is below it.
   */
  missingAt?(path: string): readonly string[];
}

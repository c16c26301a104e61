/**
 * Objects that restore themselves as a whole, because the form in which they are stored is not the form in which they live:
 * optimizers, of which there are three generations of keys, values to convert, and slots that may not exist yet.
 */
import type { Entry } from '../bundle/reader.js';
import type { TensorValue } from '../format/dtypes.js';
import type { Mismatch } from './restore/mismatch.js';
import type { StoredGraph } from './stored/decode.js';
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
  /** What else filters may call it, beside its keys and the object. */
  readonly names?: readonly string[];
  /** The variable that it goes with: who leaves that out leaves this out. */
  readonly of?: Trackable;
  /** It only looks at values that other parts take, and is applied if any of these is. Default false. */
  readonly looksOn?: boolean;
  /** Applied only if filters leave out nothing of the object. Default false. */
  readonly isForWhole?: boolean;
  /**
   * Called once, after everything was checked, with the values of `keys`; synchronous. The memory is the callee's to keep. May
   * hold on to values for variables that do not exist yet. Must not throw: what does not fit is `mismatched`. 'unused': the
   * object has no use for what the values turned out to be.
   */
  apply(values: readonly TensorValue[]): unknown;
}

/** A value by its key, and what else filters may call it. */
export interface Named {
  readonly key: string;
  readonly names?: readonly string[];
  readonly of?: Trackable;
}

export interface RestorePlan {
  /**
   * Applied in order. Keys of the object graph count as loaded, so they name every stored value that the object understands.
   * Few keys a part: all values of a part are in memory together.
   */
  readonly parts: readonly RestorePart[];
  /** Keys that values of the live object would have and that the checkpoint lacks. */
  readonly missing: readonly Named[];
  /** Stored values of another dtype or shape. Unless they are to be skipped, nothing is applied if there are any. */
  readonly mismatched: readonly (Mismatch & Named)[];
  /** Why none of it can be restored, as a sentence that says what to do; nothing is changed then. */
  readonly refusal?: string | undefined;
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

/** One tensor of an object: what is known of it, how it is kept for a save, and how a value is assigned. */
import type { Ownership } from '../bundle/item.js';
import type { CopyBudget } from '../bundle/tf-staging.js';
import type { DType, StoredDType, TensorData, TensorValue } from '../format/dtypes.js';

/** The attribute name under which TensorFlow keeps the value of a variable. */
export const VARIABLE_VALUE = 'VARIABLE_VALUE';

/** The attribute name of state that is not a tensor but text. */
export const PYTHON_STATE = 'py_state';

/** A value that is kept for a save. */
export interface Capture {
  /**
   * What `data` gives was made for the save, and nobody else holds it. 'given': it is made anew each time, each piece
   * in a buffer of its own, and is freed once it is written. 'kept': it is the same each time, and so freed only where
   * the save is not tried again.
   */
  readonly own?: Ownership;
  /**
   * Little-endian, row-major; may come in pieces. May be asked again until it is released: a save may be tried again.
   */
  data(): TensorData | Promise<TensorData> | AsyncIterable<Uint8Array>;
  /** Lets go of the value; called once, when all of it was read or the save is over. */
  release(): void;
}

/** A value at hand, of which nothing has to be let go of. `own` is as in Capture. */
export function captureOf(data: Capture['data'], own?: Ownership): Capture {
  return { ...(own && { own }), data, release: () => undefined };
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
  /**
   * What it is written as, if that is another type: what it was in the checkpoint that was restored. `capture` gives
   * that.
   */
  readonly writtenAs?: DType | undefined;
  /**
   * Holds on to the value as it is now, whatever happens to the object afterwards. Synchronous; copies what others may
   * still change, as far as `budget` reaches (default: all of it).
   */
  capture(budget?: CopyBudget): Capture;
  /**
   * Replaces the value. `value` has this dtype and shape, and its memory is the callee's to keep. `storedAs` is the
   * type that it was converted from.
   */
  assign(value: TensorValue, storedAs?: DType): void;
  /**
   * Why a stored value of another dtype or shape belongs to something that the live object cannot be (Keras's GRU with
   * `reset_after`), as a sentence that says what to do; undefined if it is an ordinary mismatch.
   */
  refuse?(stored: { readonly dtype: StoredDType; readonly shape: readonly number[] }): string | undefined;
  /**
   * A stored value of another dtype and the same shape as one of this dtype, if it can be held exactly (an int64 step
   * in an int32 variable); undefined if not, which is a mismatch, or a sentence that says why not and what to do.
   * Values are read for it before anything is assigned, so it is for small ones; left out where nothing is converted.
   */
  convert?(stored: TensorValue): TensorValue | string | undefined;
}

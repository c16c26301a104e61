/** One tensor of an object: its description, how its value is kept for a save, and how a value is assigned. */
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
   * Set if the result of `data` was made for the save and nothing else refers to it. 'given': it is made anew each
   * time, each piece in a buffer of its own, and is freed once it is written. 'kept': it is the same each time, so it
   * is freed only if the save is not tried again.
   */
  readonly own?: Ownership;
  /**
   * The value: little-endian, row-major; may come in pieces. May be called again until the capture is released, because
   * a save may be tried again.
   */
  data(): TensorData | Promise<TensorData> | AsyncIterable<Uint8Array>;
  /** Lets go of the value; called once, when all of it was read or the save is over. */
  release(): void;
}

/** A capture of a value that needs no release. `own` is as in Capture. */
export function captureOf(data: Capture['data'], own?: Ownership): Capture {
  return { ...(own && { own }), data, release: () => undefined };
}

/** One tensor of an object. `dtype` and `shape` are known without touching the data. */
export interface Attribute {
  /** Last part of the checkpoint key; `VARIABLE_VALUE` for a variable. */
  readonly name: string;
  /** The variable's shared name in TensorFlow (`dense/kernel`), written to the graph. */
  readonly fullName: string;
  /** The live object's own name for it (`dense_Dense1/kernel`), for messages and filters. */
  readonly label: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /**
   * The type that is written, if it differs from `dtype`: the type in the checkpoint that was restored. `capture` gives
   * values of this type.
   */
  readonly writtenAs?: DType | undefined;
  /**
   * Keeps the value as it is now, whatever happens to the object afterwards. Synchronous. Copies what others may still
   * change, as far as `budget` allows (default: all of it).
   */
  capture(budget?: CopyBudget): Capture;
  /**
   * Replaces the value. `value` has this dtype and shape, and the callee may keep its memory, unless it `copies`.
   * `storedAs` is the type that it was converted from.
   */
  assign(value: TensorValue, storedAs?: DType): void;
  /**
   * Whether `assign` copies arrays that `reusedMemoryOf` knows, so that others may write into them afterwards. Default
   * false.
   */
  readonly copies?: boolean;
  /**
   * Why a stored value of another dtype or shape cannot be used, if it belongs to something that the live object cannot
   * be (Keras's GRU with `reset_after`): a sentence that says what to do. Undefined for an ordinary mismatch.
   */
  refuse?(stored: { readonly dtype: StoredDType; readonly shape: readonly number[] }): string | undefined;
  /**
   * Converts a stored value of another dtype and the same shape to this dtype, if that loses nothing (an int64 step in
   * an int32 variable). If it cannot: undefined, which makes it a mismatch, or a sentence that says why not and what to
   * do. Only for small values: they are read before anything is assigned. Left out if nothing is ever converted.
   */
  convert?(stored: TensorValue): TensorValue | string | undefined;
}

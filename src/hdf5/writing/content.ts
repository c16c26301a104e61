/** What an HDF5 file is to hold, as its maker says it. */
import type { NumberToWrite } from './type-messages.js';

export type AttributeToWrite =
  /** One text of any length, as h5py stores a `str`. */
  | { readonly text: string }
  /** One text of any length, as h5py stores `bytes`. */
  | { readonly bytes: string }
  /** A list of texts of any length, as h5py stores a list of `str`. At most 4,000 or so: see `fixed`. */
  | { readonly texts: readonly string[] }
  /**
   * A NumPy array of the type 'S', where each text takes as many bytes as the longest. Together at most about 64,000
   * bytes; `splitNames` divides more of them, as Keras does.
   */
  | { readonly fixed: readonly string[] }
  /** Numbers in C order; one number if the shape is []. */
  | {
      readonly dtype: Exclude<NumberToWrite, 'float16' | 'bfloat16' | 'complex64' | 'complex128'>;
      readonly shape: readonly number[];
      readonly values: readonly (number | bigint | boolean)[];
    };

export type Attributes = ReadonlyMap<string, AttributeToWrite>;

/** The same object at two places of a tree is stored once, and both places are links to it. */
export interface GroupToWrite {
  readonly attributes?: Attributes | undefined;
  /** The data of datasets lies in the file in this order. Names are listed by readers in the order of their bytes. */
  readonly children: ReadonlyMap<string, GroupToWrite | DatasetToWrite>;
}

export interface DatasetToWrite {
  /** A bfloat16 also gets the attribute by which Keras 3 knows it. */
  readonly dtype: NumberToWrite;
  readonly shape: readonly number[];
  readonly attributes?: Attributes | undefined;
  /**
   * The elements in C order, little-endian, in pieces of any size. Called once, in the order of the file, and not at
   * all if there are no elements.
   */
  readonly data: () => AsyncIterable<Uint8Array> | Promise<Uint8Array> | Uint8Array;
}

export function isGroup(node: GroupToWrite | DatasetToWrite): node is GroupToWrite {
  return 'children' in node;
}

/** The reader that takes over where this package's own reader finds a structure that it does not know. */
import type { Hdf5File } from '../hdf5-file.js';

/**
 * A structure of HDF5 that this package's own reader does not know, such as the groups of HDF5's latest version. It is
 * not a fault of the file, and h5wasm may know it.
 */
export class UnknownStructure extends Error {
  override readonly name = 'UnknownStructure';

  /** @param what In words that continue "the file has …". */
  constructor(readonly what: string) {
    super(`the file has ${what}`);
  }
}

export class OtherReader {
  #file: Promise<Hdf5File> | null = null;

  /** `open` opens the same file in the other way; `what` is what it has. */
  constructor(private readonly open: (what: string) => Promise<Hdf5File>) {}

  /** What `own` gives; if it finds something unknown, what `other` gives. */
  async instead<T>(own: () => Promise<T>, other: (file: Hdf5File) => Promise<T>): Promise<T> {
    try {
      return await own();
    } catch (error) {
      if (!(error instanceof UnknownStructure)) throw error;
      this.#file ??= this.open(error.what).catch(cause => {
        this.#file = null;
        throw cause;
      });
      return await other(await this.#file);
    }
  }

  /** The file of the other reader; null if it was not needed. */
  async opened(): Promise<Hdf5File | null> {
    return this.#file && (await this.#file.catch(() => null));
  }
}

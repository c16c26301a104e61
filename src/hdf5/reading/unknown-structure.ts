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

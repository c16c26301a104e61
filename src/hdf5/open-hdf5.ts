/** Opens an HDF5 file: with this package's own reader, and with h5wasm where that one does not know a structure. */
import { CompiledFile } from './compiled/compiled-file.js';
import { findLibrary } from './compiled/library-place.js';
import type { FileRange } from './file-range.js';
import type { Hdf5File } from './hdf5-file.js';
import { OtherReader } from './reading/other-reader.js';
import { PlainFile } from './reading/plain-file.js';

/**
 * Opens an HDF5 file. `signal` ends the opening and all reads of it. The file of the range stays open when the HDF5
 * file is closed. Throws ERR_NOT_A_CHECKPOINT if it is not HDF5, and as all methods of the file do.
 */
export async function openHdf5(
  range: FileRange,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Hdf5File> {
  const other = new OtherReader(what => CompiledFile.open(range, signal, findLibrary(range.path, what)));
  return await other.instead<Hdf5File>(
    () => PlainFile.open(range, signal, other),
    async file => file,
  );
}

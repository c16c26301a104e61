/** Opens an HDF5 file: with this package's own reader, and with h5wasm where that one does not know a structure. */
import type { FileRange } from './file-range.js';
import type { Hdf5File } from './hdf5-file.js';
import { PlainFile } from './reading/plain-file.js';

/**
 * Opens an HDF5 file. `signal` ends the opening and all reads of it. The file of the range stays open when the HDF5
 * file is closed. Throws ERR_NOT_A_CHECKPOINT if it is not HDF5, and as all methods of the file do.
 */
export async function openHdf5(
  range: FileRange,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Hdf5File> {
  return await PlainFile.open(range, options.signal);
}

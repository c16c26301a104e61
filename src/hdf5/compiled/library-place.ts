/** Finds h5wasm, an optional peer that is loaded only for files that need it. */
import { TensorBundleError } from '../../errors.js';

/** The URL of h5wasm. `reason` says what of the file needs it. Throws ERR_NOT_SUPPORTED if it is not installed. */
export function findLibrary(path: string, reason: string): string {
  try {
    return import.meta.resolve('h5wasm');
  } catch (cause) {
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `${path} has ${reason}, which tensorbundle reads with h5wasm: \`npm install h5wasm\`. Or copy it with Python's ` +
        `h5py, whose defaults need no h5wasm`,
      { path, expected: 'h5wasm', found: reason, cause },
    );
  }
}

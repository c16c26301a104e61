/** Tensors whose type this version does not know can be listed, verified, copied and merged, but not read. */
import { TensorBundleError } from '../errors.js';
import type { DTypeInfo } from '../format/dtypes.js';
import type { IndexFile } from './index-file.js';
import type { StoredTensor } from './stored-tensor.js';

/** Throws ERR_DTYPE for another type: it is not known how many elements its bytes hold, and of what kind. */
export function knownType(index: IndexFile, { name, dtype, position }: StoredTensor): DTypeInfo {
  if (!dtype.opaque) return dtype;
  throw new TensorBundleError(
    'ERR_DTYPE',
    `${index.path}: tensor '${name}' has type number ${dtype.number}, which this version cannot read; it can be ` +
      `listed, ` +
      'verified, copied and merged, and the other tensors can be read',
    { path: index.path, tensor: name, offset: index.offsetOf(position), found: dtype.number },
  );
}

/** What a save sees of its prefix as soon as it has the lock of the directory. */
import { isNativeError, TensorBundleError } from '../errors.js';
import type { Directory } from '../storage/directory.js';
import type { DirectorySteps } from '../storage/directory-steps.js';
import { type CommittedIndex, committedIndex, START_BYTES, totalAtStart } from './generations.js';
import { indexName } from './names.js';

interface Look {
  /** Carried out together with the lock. */
  readonly steps: DirectorySteps;
  /** The names in the directory. */
  names(): readonly string[];
  /** As `committedIndex`. */
  index(checked: boolean): Promise<CommittedIndex>;
  /** As `Directory.freeSpace`; `fresh` asks anew, because files were removed since. */
  freeSpace(fresh: boolean): Promise<number | null>;
}

/** The parts are to be asked for after the steps were carried out. */
export function lookAt(directory: Directory, base: string): Look {
  const steps = directory.steps();
  const listed = steps.list();
  const { handle, stat, bytes } = steps.start(indexName(base), START_BYTES);
  const space = steps.freeSpace();
  const isSpecial = (): boolean => isNativeError(handle.value) || stat.value?.kind === 'other';
  return {
    steps,
    names: () => listed.value,
    freeSpace: async fresh => {
      if (fresh) return await directory.freeSpace();
      return isNativeError(space.value) ? null : space.value;
    },
    async index(checked) {
      // The rename can replace a FIFO or a device. It cannot replace a directory, which is therefore refused before
      // anything is written.
      if (isSpecial()) return { total: 'unknown', file: null };
      if (stat.value === null) return { total: null, file: null };
      const path = directory.pathOf(indexName(base));
      const { kind, identity, size, mode, modified } = stat.value;
      if (kind !== 'file') {
        const data = { path, expected: 'file', found: kind };
        throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a regular file`, data);
      }
      if (checked) return await committedIndex(directory, base, { checked });
      const file = { identity, size, mode, modified };
      const total = isNativeError(bytes.value) ? 'unknown' : totalAtStart(bytes.value!, path);
      return { total, file };
    },
  };
}

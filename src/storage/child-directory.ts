/** Opens a directory in an open one, and never what a link leads to. */
import { type Handle, native } from '../binding.js';
import { TensorBundleError } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { release } from './handles.js';

/**
 * Null if it is absent. Throws ERR_NOT_A_CHECKPOINT if it is not a directory, ERR_IO if it is replaced meanwhile, and
 * errors of the addon.
 */
export async function openChild(
  parent: Handle,
  name: string,
  path: string,
): Promise<{ handle: Handle; identity: string } | null> {
  const seen = await native.stat(parent, name, false);
  if (seen === null) return null;
  if (seen.kind !== 'directory') {
    const data = { path, expected: 'directory', found: seen.kind };
    throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a directory`, data);
  }
  const handle = await withDescriptor(() => native.openDirectoryAt(parent, name));
  try {
    const { identity } = (await native.stat(handle))!;
    // A link may have got the name meanwhile.
    if (identity === seen.identity) return { handle, identity };
    throw new TensorBundleError('ERR_IO', `${path} was replaced while it was opened; try again`, { path });
  } catch (error) {
    await release(handle);
    throw error;
  }
}

/** Permissions of what exists already. A file system that decides about them itself keeps its own. */
import { type Handle, native } from '../binding.js';
import { withDescriptor } from './descriptors.js';
import { release } from './handles.js';
import { lacks } from './lacks.js';

/** Rejects with errors of the addon. */
export async function setMode(handle: Handle, mode: number): Promise<void> {
  await native.setMode(handle, mode).catch(error => {
    if (!lacks('permissions', error)) throw error;
  });
}

/** Does nothing if the file is absent. */
export async function setFileMode(directory: Handle, name: string, mode: number): Promise<void> {
  const handle = await withDescriptor(() => native.open(directory, name, 'lock'));
  if (handle !== null) await setMode(handle, mode).finally(() => release(handle));
}

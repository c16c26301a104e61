/** Opens a file of Keras. Which of its forms a path leads to is known by the content, not by the name. */
import { Archive } from '../../../archive/archive.js';
import { splitPrefix } from '../../../commit/names.js';
import { TensorBundleError, throwIfAborted } from '../../../errors.js';
import type { LoadHooks } from '../../../graph/restore/restore-source.js';
import { Directory } from '../../../storage/directory.js';
import type { ReadableFile } from '../../../storage/file.js';
import { DividedWeights } from './divided-weights.js';
import { Hdf5KerasFile } from './hdf5-keras-file.js';
import type { KerasFile } from './keras-file.js';
import { CONFIG, METADATA, WEIGHTS, WEIGHTS_MAP } from './member-names.js';
import { PackedKerasFile } from './packed-keras-file.js';
import { shardNames } from './shard-names.js';
import { MAX_CONFIG_BYTES, MAX_METADATA_BYTES, textIn } from './stored-texts.js';
import { UnpackedKerasFile } from './unpacked-keras-file.js';

/** `PK`, and what an entry or the end of an archive begins with. */
const ZIP = [
  [0x50, 0x4b, 3, 4],
  [0x50, 0x4b, 5, 6],
];
const HDF5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Bytes of another program may stand before HDF5: 512, or twice as many, and so on. */
const FIRST_FOREIGN_BYTES = 512;
const MAX_FOREIGN_BYTES = 1024 ** 2;
const BRACE = 0x7b;

/**
 * Null if there is nothing at the path, or something else. Throws ERR_CORRUPT, ERR_TRUNCATED, ERR_TOO_LARGE for a
 * damaged archive or list of files; ERR_MISSING_SHARD if one of several files is missing; ERR_PERMISSION, ERR_IO.
 * The `signal` ends the opening and all reads of the file, with ERR_ABORTED. Progress is that of a check.
 */
export async function openKerasFile(path: string, hooks: LoadHooks = {}): Promise<KerasFile | null> {
  const { directory, base } = splitPrefix(path.replace(/(?<=.)\/+$/s, ''));
  const parent = await existing(directory);
  if (parent === null) return null;
  try {
    const kind = base === '' ? undefined : (await parent.stat(base))?.kind;
    if (kind === 'directory') return await openUnpacked(path, hooks);
    return kind === 'file' ? await openIn(parent, base, hooks) : null;
  } finally {
    await parent.close();
  }
}

/** Null also for a path below a file. */
async function existing(path: string): Promise<Directory | null> {
  try {
    return await Directory.open(path);
  } catch (error) {
    if (error instanceof TensorBundleError && error.code === 'ERR_NOT_A_CHECKPOINT') return null;
    throw error;
  }
}

async function openIn(directory: Directory, name: string, hooks: LoadHooks): Promise<KerasFile | null> {
  const file = await directory.open(name);
  let taken: KerasFile | null = null;
  try {
    taken = file && (await openKnown(file, directory, hooks));
    return taken;
  } finally {
    if (taken === null || taken instanceof DividedWeights) await file?.close();
  }
}

/** What is returned closes the file, but for weights in several files. */
async function openKnown(file: ReadableFile, directory: Directory, hooks: LoadHooks): Promise<KerasFile | null> {
  throwIfAborted(hooks.signal, 'the load');
  const first = await bytesAt(file, 0, HDF5.length);
  if (ZIP.some(mark => startsWith(first, mark))) return new PackedKerasFile(file, await Archive.open(file), hooks);
  if (await isHdf5(file)) return new Hdf5KerasFile(file, hooks.signal);
  if (first[0] !== BRACE || !file.name.endsWith('.json') || file.size > MAX_CONFIG_BYTES) return null;
  const names = shardNames(await file.readAll(MAX_CONFIG_BYTES), file.path);
  return names && (await DividedWeights.open(file.path, directory, names, hooks.signal));
}

async function isHdf5(file: ReadableFile): Promise<boolean> {
  // A file of another kind is rarely a whole number of such blocks, and is known by the first one anyway.
  for (let at = 0; at <= MAX_FOREIGN_BYTES && at < file.size; at = at === 0 ? FIRST_FOREIGN_BYTES : 2 * at)
    if (startsWith(await bytesAt(file, at, HDF5.length), HDF5)) return true;
  return false;
}

async function openUnpacked(path: string, hooks: LoadHooks): Promise<KerasFile | null> {
  const directory = await existing(path);
  if (directory === null) return null;
  try {
    const isThere = async (name: string): Promise<boolean> => (await directory.stat(name))?.kind === 'file';
    if (!(await isThere(CONFIG))) return null;
    const weights = (await isThere(WEIGHTS)) ? WEIGHTS : (await isThere(WEIGHTS_MAP)) ? WEIGHTS_MAP : null;
    if (weights === null) return null;
    const config = await textIn(await directory.open(CONFIG), MAX_CONFIG_BYTES);
    const metadata = await textIn(await directory.open(METADATA), MAX_METADATA_BYTES);
    const inner = await openIn(directory, weights, hooks);
    return config === null || inner === null ? null : new UnpackedKerasFile(directory.path, config, metadata, inner);
  } finally {
    await directory.close();
  }
}

/** Fewer at the end of the file. */
async function bytesAt(file: ReadableFile, at: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, Math.min(count, file.size - at)));
  if (bytes.length > 0) await file.read(at, bytes);
  return bytes;
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, i) => bytes[i] === byte);
}

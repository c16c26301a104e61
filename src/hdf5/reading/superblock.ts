/** The superblock, the first structure of an HDF5 file: how wide addresses are, where they count from, the root. */
import { TensorBundleError } from '../../errors.js';
import type { FileRange } from '../file-range.js';
import type { BlockCache } from './block-cache.js';
import { requireChecksum } from './checksum.js';
import { Fields, type Widths } from './fields.js';
import { UnknownStructure } from './other-reader.js';

const SIGNATURE = '\x89HDF\r\n\x1a\n';
/** A file may begin with a block of its user: 512 bytes, or a power of two above it. */
const FIRST_USER_BLOCK = 512;
/** The widest superblock: version 1 with addresses of 8 bytes. */
const MAX_BYTES = 28 + 4 * 8 + 40;

export interface Superblock {
  readonly widths: Widths;
  /** What addresses count from: a place in the range. */
  readonly base: number;
  /** Address of the root's object header. */
  readonly root: number;
}

/** Throws ERR_NOT_A_CHECKPOINT if the file is not HDF5, ERR_TRUNCATED if it is shorter than it says. */
export async function readSuperblock(range: FileRange, blocks: BlockCache): Promise<Superblock> {
  const { path } = range;
  for (let at = 0; at + SIGNATURE.length <= range.size; at = at === 0 ? FIRST_USER_BLOCK : at * 2) {
    const start = await blocks.bytes(at, SIGNATURE.length);
    if (String.fromCharCode(...start) !== SIGNATURE) continue;
    const bytes = await blocks.bytes(at, Math.min(MAX_BYTES, range.size - at));
    return decode(range, bytes, at);
  }
  throw new TensorBundleError(
    'ERR_NOT_A_CHECKPOINT',
    `${path} is not an HDF5 file: it has no signature of one${range.size === 0 ? ', and is empty' : ''}`,
    { path, expected: 'HDF5', offset: range.start },
  );
}

function decode(range: FileRange, bytes: Uint8Array, at: number): Superblock {
  const origin = { path: range.path, offset: range.start + at };
  const start = new Fields(bytes, origin, { address: 8, length: 8 });
  start.skip(SIGNATURE.length);
  const version = start.u8();
  if (version > 3) throw new UnknownStructure(`a superblock of version ${version}`);
  const isOld = version < 2;
  if (isOld) start.skip(4);
  const widths: Widths = { address: widthOf(start, 'addresses'), length: widthOf(start, 'lengths') };
  // Old: a reserved byte, the sizes of groups' nodes and flags; version 1 adds the size of the nodes of chunks.
  start.skip(isOld ? (version === 0 ? 9 : 13) : 1);
  const fields = new Fields(bytes, origin, widths, start.at);
  const base = fields.address() ?? at;
  fields.skip(widths.address);
  const end = fields.address() ?? 0;
  // Old: the driver, and the name of the root.
  if (isOld) fields.skip(2 * widths.address);
  const root = fields.address();
  if (root === null) throw fields.corrupt('the file has no root');
  if (!isOld) requireChecksum(fields, 0, fields.at);
  // As for the HDF5 library, addresses count from where the superblock is, whatever it says.
  if (end - base + at > range.size) throw truncated(range, end - base + at);
  return { widths, base: at, root };
}

function widthOf(fields: Fields, what: string): 4 | 8 {
  const bytes = fields.u8();
  if (bytes === 4 || bytes === 8) return bytes;
  if (bytes === 2 || bytes === 16 || bytes === 32) throw new UnknownStructure(`${what} of ${bytes} bytes`);
  throw fields.corrupt(`${what} cannot have ${bytes} bytes`);
}

function truncated({ path, size }: FileRange, expected: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_TRUNCATED',
    `${path} has ${size} bytes, but says that it has ${expected}; it was copied or written in part, use another copy`,
    { path, expected, found: size },
  );
}

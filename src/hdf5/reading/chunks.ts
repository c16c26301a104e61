/** Datasets in chunks: boxes of one shape, stored one by one, perhaps shuffled and deflated; a B-tree finds them. */
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { TensorBundleError } from '../../errors.js';
import { boxRuns } from '../../format/box-runs.js';
import { sizeOf } from '../../format/shape.js';
import { leavesOf } from './btree.js';
import { DEFLATE, type Filter } from './dataset-messages.js';
import type { Fields } from './fields.js';
import type { PlainDataset } from './plain-objects.js';
import type { Storage } from './stored-dataset.js';

/** A chunk may be that much larger than its dataset, which is in memory with it. */
const MAX_SPARE_BYTES = 64 * 1024 * 1024;

const inflated = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(inflate);

type Chunks = Extract<Storage, { kind: 'chunks' }>;

/** Fills `into`, which holds the fill value, with the elements of all chunks. */
export async function readChunks(dataset: PlainDataset, chunks: Chunks, into: Uint8Array): Promise<void> {
  const { structures } = dataset.parts;
  const { type, shape } = dataset.content;
  const rank = shape!.length;
  const chunkBytes = sizeOf(chunks.shape) * type.size;
  if (chunkBytes > dataset.bytes + MAX_SPARE_BYTES) throw tooLarge(dataset, chunkBytes);
  // Neither two chunks in one place of the dataset nor two in one place of the file: the work is bounded by both.
  let storedBytes = 0;
  let last = -1;
  for await (const { key, address } of leavesOf(structures, chunks.tree, { type: 1, keyBytes: 8 + 8 * (rank + 1) })) {
    const bytes = key.u32le();
    const mask = key.u32le();
    const begin = chunks.shape.map(() => key.u64le());
    const at = requirePlaced(key, begin, chunks.shape, shape!, last);
    last = at;
    storedBytes += bytes;
    if (storedBytes > structures.size) throw key.corrupt('the chunks have more bytes than the file');
    const stored = (await structures.fields(address, bytes, `a chunk of '${dataset.path}'`)).bytes(bytes);
    const chunk = await unfiltered(stored, chunks.filters, mask, chunkBytes, key);
    const size = begin.map((start, axis) => Math.min(chunks.shape[axis]!, shape![axis]! - start));
    const none = begin.map(() => 0);
    for (const { source, target, length } of boxRuns(chunks.shape, none, shape!, begin, size)) {
      into.set(chunk.subarray(source * type.size, (source + length) * type.size), target * type.size);
    }
  }
}

/** Where a chunk begins in the dataset, which must be after the chunk before it. */
function requirePlaced(
  key: Fields,
  begin: readonly number[],
  chunk: readonly number[],
  shape: readonly number[],
  last: number,
): number {
  let at = 0;
  for (let axis = 0; axis < begin.length; axis++) {
    const start = begin[axis]!;
    if (start % chunk[axis]! !== 0 || start >= shape[axis]!) {
      throw key.corrupt(`a chunk is at [${begin}] of a dataset [${shape}] in chunks of [${chunk}]`);
    }
    at = at * shape[axis]! + start;
  }
  if (at <= last) throw key.corrupt(`the chunk at [${begin}] is there twice, or out of order`);
  return at;
}

/** The bytes of a chunk before the filters, of which `mask` says which were left out. */
async function unfiltered(
  stored: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  chunkBytes: number,
  key: Fields,
): Promise<Uint8Array> {
  let bytes = stored;
  for (let i = filters.length - 1; i >= 0; i--) {
    if (i < 32 && (mask >>> i) & 1) continue;
    const { id, values } = filters[i]!;
    bytes = id === DEFLATE ? await inflate1(bytes, chunkBytes, key) : unshuffled(bytes, values[0] ?? 1);
  }
  if (bytes.length === chunkBytes) return bytes;
  throw key.corrupt(`a chunk has ${bytes.length} bytes, not ${chunkBytes}`, key.at, {
    expected: chunkBytes,
    found: bytes.length,
  });
}

async function inflate1(bytes: Uint8Array, most: number, key: Fields): Promise<Uint8Array> {
  try {
    return await inflated(bytes, { maxOutputLength: most });
  } catch (cause) {
    throw key.corrupt('a chunk cannot be inflated', key.at, { cause });
  }
}

/** Shuffled elements lie with their first bytes first, then all second bytes, and so on. */
function unshuffled(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / elementBytes);
  if (elementBytes < 2 || count < 2) return bytes;
  const whole = new Uint8Array(bytes);
  for (let part = 0, from = 0; part < elementBytes; part++) {
    for (let i = 0, to = part; i < count; i++, to += elementBytes) whole[to] = bytes[from++]!;
  }
  return whole;
}

function tooLarge({ path, parts }: PlainDataset, found: number): TensorBundleError {
  const file = parts.structures.range.path;
  return new TensorBundleError(
    'ERR_TOO_LARGE',
    `${file}: a chunk of the dataset '${path}' has ${found} bytes, far more than the dataset`,
    { path: file, tensor: path, found },
  );
}

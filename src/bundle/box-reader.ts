/**
 * Reads a box of a stored row-major array into a box of another array. Only the rows that the box touches are read, and
 * rows that are close together are read in one go.
 */
import { boxRuns } from '../format/box-runs.js';
import type { NumericArray } from '../format/dtypes.js';
import type { TensorSlice } from '../format/slices.js';
import type { ReadableFile } from '../storage/file.js';

/** Rows with at most this gap between them are read together; the bytes in the gap are thrown away. */
const MAX_GAP_BYTES = 32 * 1024;
const MAX_HULL_BYTES = 4 * 1024 * 1024;
/** The most reads that are under way at once. */
const MAX_PENDING = 64;

interface StoredArray {
  file: ReadableFile;
  /** Bytes from the start of the file. */
  offset: number;
  shape: readonly number[];
  elementBytes: number;
  /** Changes stored bytes into this machine's byte order, in place. */
  decode(bytes: Uint8Array): void;
}

interface BoxTarget {
  array: NumericArray;
  shape: readonly number[];
  begin: readonly number[];
}

/** A contiguous part of the box: its bytes, and their positions in the stored array and in the target. */
interface Run {
  at: number;
  target: number;
  bytes: number;
}

/** Rows that are read together. */
interface Hull {
  start: number;
  end: number;
  runs: Run[];
}

/** Throws ERR_TRUNCATED and ERR_IO. The checksum is not compared, because it covers only the whole tensor. */
export async function readBox(source: StoredArray, box: TensorSlice, target: BoxTarget): Promise<void> {
  let pending: Promise<void>[] = [];
  for (const hull of hulls(source, box, target)) {
    pending.push(readHull(source, hull, target.array));
    if (pending.length < MAX_PENDING) continue;
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
}

function* hulls(source: StoredArray, box: TensorSlice, target: BoxTarget): Generator<Hull> {
  const { elementBytes } = source;
  let hull: Hull | null = null;
  for (const run of boxRuns(source.shape, box.begin, target.shape, target.begin, box.size)) {
    const at = run.source * elementBytes;
    const bytes = run.length * elementBytes;
    if (hull !== null && (at - hull.end > MAX_GAP_BYTES || at + bytes - hull.start > MAX_HULL_BYTES)) {
      yield hull;
      hull = null;
    }
    hull ??= { start: at, end: at, runs: [] };
    hull.end = at + bytes;
    hull.runs.push({ at, target: run.target * elementBytes, bytes });
  }
  if (hull !== null) yield hull;
}

async function readHull(source: StoredArray, hull: Hull, target: NumericArray): Promise<void> {
  // Each run gets a view of its own: one view of the whole target could be longer than an array of bytes may be.
  const place = (run: Run): Uint8Array => new Uint8Array(target.buffer, target.byteOffset + run.target, run.bytes);
  const only = hull.runs.length === 1 ? hull.runs[0]! : null;
  const bytes = only === null ? new Uint8Array(hull.end - hull.start) : place(only);
  await source.file.read(source.offset + hull.start, bytes);
  source.decode(bytes);
  if (only !== null) return;
  for (const run of hull.runs) place(run).set(bytes.subarray(run.at - hull.start, run.at - hull.start + run.bytes));
}

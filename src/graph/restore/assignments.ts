/**
 * The second half of a restore: every checksum is checked, then values are read and assigned. Beside the live objects never
 * more is held than the largest tensor that is needed, or a small constant where all are smaller.
 */
import type { CheckpointReader } from '../../bundle/reader.js';
import type { TensorValue } from '../../format/dtypes.js';

/** Tensors smaller than this are read together: one at a time would wait for each. */
const LEAST_BATCH_BYTES = 1024 * 1024;
/** Checks that may be under way at once; each holds a few buffers of the engine, no tensor. */
const MAX_CHECKS = 256;

/** Stored tensors that are read and assigned together. */
export interface Assignment {
  readonly names: readonly string[];
  /** What people call the variable of each. */
  readonly labels: readonly string[];
  /** Of all of them. */
  readonly bytes: number;
  /** Synchronous; the memory is its to keep. 'unused': there was no use for the values. */
  apply(values: readonly TensorValue[]): unknown;
  /** What it reads is another assignment's. Default false. */
  readonly looksOn?: boolean;
}

/**
 * Damage is found before the first value is assigned. `alias` lets values be views of the mapped file. Returns the assignments
 * that had no use for their values.
 * Throws what the reader throws.
 */
export async function assignAll(
  reader: CheckpointReader,
  assignments: readonly Assignment[],
  alias: boolean,
): Promise<ReadonlySet<Assignment>> {
  const unused = new Set<Assignment>();
  const largest = assignments.reduce((most, { bytes }) => Math.max(most, bytes), LEAST_BATCH_BYTES);
  const all = [...batches(assignments, largest)];
  // One batch is checked by reading it, since it is assigned only when all of it was read.
  if (all.length > 1) await checkSums(reader, assignments);
  for (const batch of all) for (const one of await assignBatch(reader, batch, alias)) unused.add(one);
  return unused;
}

/** A function of its own: its values are garbage before the next batch is read. */
async function assignBatch(
  reader: CheckpointReader,
  batch: readonly Assignment[],
  alias: boolean,
): Promise<Assignment[]> {
  const values = await Promise.all(
    batch.map(({ names }) => Promise.all(names.map(name => reader.read(name, { copy: !alias })))),
  );
  return batch.filter((assignment, i) => assignment.apply(values[i]!) === 'unused');
}

/**
 * Makes the reader check each tensor without keeping its bytes: reading one element checks all of the stored tensor, once.
 * A partitioned tensor is read whole, since one element would check one part of it and no gap; these come one by one.
 */
async function checkSums(reader: CheckpointReader, assignments: readonly Assignment[]): Promise<void> {
  let pending: Promise<unknown>[] = [];
  for (const name of new Set(assignments.flatMap(({ names }) => names))) {
    const { shape, slices } = reader.entry(name);
    if (slices.length > 0) {
      await reader.read(name, { copy: true });
      continue;
    }
    const range = shape.includes(0) ? {} : { begin: shape.map(() => 0), size: shape.map(() => 1) };
    pending.push(reader.read(name, range));
    if (pending.length < MAX_CHECKS) continue;
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
}

/** Consecutive assignments of at most `limit` bytes together. */
function* batches(assignments: readonly Assignment[], limit: number): Generator<readonly Assignment[]> {
  let batch: Assignment[] = [];
  let bytes = 0;
  for (const assignment of assignments) {
    if (batch.length > 0 && bytes + assignment.bytes > limit) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(assignment);
    bytes += assignment.bytes;
  }
  if (batch.length > 0) yield batch;
}

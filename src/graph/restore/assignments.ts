/**
 * The second half of a restore: every checksum is checked, then values are read and assigned. Beside the live objects
 * never more is held than the largest tensor that is needed, or a small constant where all are smaller.
 */
import type { CheckpointReader } from '../../bundle/reader.js';
import type { TensorValue } from '../../format/dtypes.js';

/** Tensors smaller than this are read together: one at a time would wait for each. */
const LEAST_BATCH_BYTES = 1024 * 1024;

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
 * Damage is found before the first value is assigned. `alias` lets values be views of the mapped file. Returns the
 * assignments that had no use for their values. Throws what the reader throws.
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
  if (all.length > 1) await reader.check(assignments.flatMap(({ names }) => names));
  for (const batch of all) for (const one of await assignBatch(reader, batch, alias)) unused.add(one);
  return unused;
}

/** A function of its own: its values are garbage before the next batch is read. */
async function assignBatch(
  reader: CheckpointReader,
  batch: readonly Assignment[],
  alias: boolean,
): Promise<Assignment[]> {
  const names = batch.flatMap(assignment => assignment.names);
  const values = await reader.readAll(names, { copy: !alias });
  let at = 0;
  return batch.filter(assignment => {
    const own = values.slice(at, at + assignment.names.length);
    at += own.length;
    return assignment.apply(own) === 'unused';
  });
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

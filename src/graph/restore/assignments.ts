/**
 * The second half of a restore: every checksum is checked, then values are read and assigned. Beside the live objects,
 * it never holds more than the largest tensor that is needed, or a small constant if all tensors are smaller.
 */
import type { CheckpointReader } from '../../bundle/reader.js';
import type { TensorValue } from '../../format/dtypes.js';

/** Smaller tensors are read together, because reading them one at a time would wait for each. */
const LEAST_BATCH_BYTES = 8 * 1024 * 1024;

/** Stored tensors that are read and assigned together. */
export interface Assignment {
  readonly names: readonly string[];
  /** For each name, the variable's name in messages. */
  readonly labels: readonly string[];
  /** Size of all these tensors together. */
  readonly bytes: number;
  /** Synchronous. May keep the memory of the values. Returns 'unused' if there was no use for them. */
  apply(values: readonly TensorValue[]): unknown;
  /** Its values belong to another assignment, and it only looks at them. Default false. */
  readonly looksOn?: boolean;
}

/**
 * Damage is found before the first value is assigned. With `alias`, values may be views of the mapped file. Returns the
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
  // A single batch needs no check of its own: it is assigned only after all of it was read, and reading checks it.
  if (all.length > 1) await reader.check(assignments.flatMap(({ names }) => names));
  for (const batch of all) for (const one of await assignBatch(reader, batch, alias)) unused.add(one);
  return unused;
}

/** A function of its own, so that its values can be freed before the next batch is read. */
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

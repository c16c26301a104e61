/**
 * The second half of a restore: every checksum is checked, and only then are values assigned. Values that need little
 * memory are all read, which checks them, and then assigned. If they need much, all checksums are checked first; then
 * values are read in batches, the next ones while some are assigned, and memory never holds more of them than
 * LEAST_HELD_BYTES, or the largest tensor if it is larger. What is copied when it is assigned is read into the same
 * memory again and again.
 */
import { availableMemory } from 'node:process';
import { throwIfAborted } from '../../errors.js';
import type { TensorValue } from '../../format/dtypes.js';
import { ReadMemory, readingWith } from '../../storage/read-memory.js';
import { type Part, partBytes, ReusedMemory } from '../../storage/reused-memory.js';
import type { LoadHooks, RestoreSource } from './restore-source.js';

/** So much may always be in memory, being read or waiting to be assigned. */
const LEAST_HELD_BYTES = 64 * 1024 * 1024;
/** Of the memory that is free, this part may hold values that wait until all are read. */
const FREE_PART = 1 / 4;
/** Smaller tensors are read together, because reading them one at a time would wait for each. */
const BATCH_BYTES = LEAST_HELD_BYTES / 4;
/** The same for memory that is reused. What was read is still in the processor's cache when it is assigned. */
const REUSED_BATCH_BYTES = 4 * 1024 * 1024;
/** Memory that is reused is for two batches, one that is read and one that is assigned, or for one that is larger. */
const REUSED_BYTES = 16 * 1024 * 1024;

/** Stored tensors that are read and assigned together. */
export interface Assignment {
  readonly names: readonly string[];
  /** For each name, the variable's name in messages. */
  readonly labels: readonly string[];
  /** Size of all these tensors together. */
  readonly bytes: number;
  /** Synchronous. May keep the memory of values, unless it `copies`. Returns 'unused' if there was no use for them. */
  apply(values: readonly TensorValue[]): unknown;
  /** Whether `apply` copies values in memory that is reused. Default false. */
  copies?(): boolean;
  /** Its values belong to another assignment, and it only looks at them. Default false. */
  readonly looksOn?: boolean;
}

/** Consecutive assignments that are read together. */
interface Batch {
  readonly assignments: readonly Assignment[];
  readonly bytes: number;
  /** How much reused memory it is read into; 0 if it is read into arrays of its own. */
  readonly partBytes: number;
}

interface ReadBatch {
  readonly batch: Batch;
  readonly values: readonly TensorValue[];
}

type Read = (names: readonly string[], part: Part | undefined) => Promise<TensorValue[]>;

interface AssignOptions extends LoadHooks {
  /** Default false. True: values may be views of the mapped file. */
  alias?: boolean | undefined;
  /** How many bytes may be in memory for the sake of reading them only once. Default: a part of the free memory. */
  onceBytes?: number | undefined;
}

/**
 * Damage is found before the first value is assigned. Returns the assignments that had no use for their values. Throws
 * what the reader throws; ERR_ABORTED between two batches, and then what was assigned stays.
 */
export async function assignAll(
  reader: RestoreSource,
  assignments: readonly Assignment[],
  { alias, onceBytes, signal, onProgress }: AssignOptions = {},
): Promise<ReadonlySet<Assignment>> {
  const totalBytes = assignments.reduce((sum, { bytes }) => sum + bytes, 0);
  const readsOnce = isWithin(totalBytes, onceBytes);
  // What waits in memory anyway is one batch: its arrays are made in one go, while no thread reads. V8 collects garbage
  // for every new buffer of many bytes, which takes several times as long beside busy threads. Progress needs several.
  const atOnce = onProgress ? LEAST_HELD_BYTES : Number.POSITIVE_INFINITY;
  const all = [...batches(assignments, readsOnce ? atOnce : BATCH_BYTES, !readsOnce && !alias)];
  if (!readsOnce)
    await reader.check(
      assignments.flatMap(({ names }) => names),
      { signal, onProgress },
    );
  return await readingWith(new ReadMemory(true), async memory => {
    const unused: Assignment[] = [];
    const waiting: ReadBatch[] = [];
    const read: Read = (names, part) => {
      if (alias) return reader.readAll(names, { signal });
      if (part === undefined) return reader.readForTensors(names, memory, signal);
      return readingWith(new ReadMemory(true, part), own => reader.readForTensors(names, own, signal));
    };
    let bytes = 0;
    throwIfAborted(signal, 'the load');
    for await (const one of readAhead(all, read)) {
      bytes += one.batch.bytes;
      if (one.batch.bytes > 0) onProgress?.({ phase: 'read', bytes, totalBytes });
      throwIfAborted(signal, 'the load');
      if (readsOnce) waiting.push(one);
      else for (const assignment of applyBatch(one)) unused.push(assignment);
    }
    for (const one of waiting) for (const assignment of applyBatch(one)) unused.push(assignment);
    return new Set(unused);
  });
}

/** Node asks the system for the memory that is free, in several files. That is left out where it does not matter. */
function isWithin(bytes: number, limit: number | undefined): boolean {
  if (limit !== undefined) return bytes <= limit;
  return bytes <= LEAST_HELD_BYTES || bytes <= availableMemory() * FREE_PART;
}

/** The batches in their order. While one is used, the next ones are read. */
async function* readAhead(all: readonly Batch[], read: Read): AsyncGenerator<ReadBatch> {
  const ahead: Promise<TensorValue[]>[] = [];
  const largest = all.reduce((most, batch) => Math.max(most, batch.partBytes), 0);
  const memory = new ReusedMemory(Math.max(largest, Math.min(2 * largest, REUSED_BYTES)));
  try {
    for (let at = 0, next = 0, bytes = 0; at < all.length; at++) {
      for (; next < all.length && (next === at || bytes + all[next]!.bytes <= LEAST_HELD_BYTES); next++) {
        const batch = all[next]!;
        const part = batch.partBytes > 0 ? memory.take(batch.partBytes) : undefined;
        if (batch.partBytes > 0 && part === undefined) break;
        const values = read(
          batch.assignments.flatMap(({ names }) => names),
          part,
        );
        // Nobody waits for it if an earlier one fails.
        values.catch(() => undefined);
        ahead.push(values);
        bytes += batch.bytes;
      }
      const batch = all[at]!;
      yield { batch, values: await ahead.shift()! };
      bytes -= batch.bytes;
      if (batch.partBytes > 0) memory.giveBack();
    }
  } finally {
    await Promise.allSettled(ahead);
  }
}

/** The assignments that had no use for their values. */
function applyBatch({ batch, values }: ReadBatch): Assignment[] {
  let at = 0;
  return batch.assignments.filter(assignment => {
    const own = values.slice(at, at + assignment.names.length);
    at += own.length;
    return assignment.apply(own) === 'unused';
  });
}

/** Batches of at most `limit` bytes, or of one assignment that has more. `reuses`: memory is reused where it can be. */
function* batches(all: readonly Assignment[], limit: number, reuses: boolean): Generator<Batch> {
  const isReused = (assignment: Assignment): boolean => reuses && assignment.copies?.() === true;
  let assignments: Assignment[] = [];
  let bytes = 0;
  const batch = (): Batch => ({ assignments, bytes, partBytes: isReused(assignments[0]!) ? partBytes(bytes) : 0 });
  for (const assignment of all) {
    const most = isReused(assignment) ? REUSED_BATCH_BYTES : limit;
    const fits = bytes + assignment.bytes <= most && isReused(assignment) === isReused(assignments[0] ?? assignment);
    if (assignments.length > 0 && !fits) {
      yield batch();
      assignments = [];
      bytes = 0;
    }
    assignments.push(assignment);
    bytes += assignment.bytes;
  }
  if (assignments.length > 0) yield batch();
}

/**
 * What must be checked to know that an open bundle is whole: whether slices fit together, and which stored tensors to
 * read so that no byte of a data file is read twice. TensorFlow gives every tensor its own bytes (BundleWriter::Add
 * appends, MergeBundles keeps what was written); only tensors without bytes may have the same place. Two entries that
 * claim the same bytes are damage. If they were allowed, a small index could make a reader read any amount of data.
 */
import { TensorBundleError } from '../errors.js';
import { inTurns, type Steps, sorted } from '../format/turns.js';
import type { OpenBundle } from './open-bundle.js';
import { SliceIndex } from './slice-index.js';
import type { StoredTensor } from './stored-tensor.js';
import { inFileOrder } from './tensor-ranges.js';
import type { TensorReader } from './tensor-reader.js';

interface CheckPlan {
  /** In the order of the files, and of the bytes in each file. */
  checks: StoredTensor[];
  /** Tensors that share bytes with one of `checks`. */
  overlapping: StoredTensor[];
  /** How many bytes of the files are claimed by entries. */
  claimedBytes: number;
}

const STEP_TENSORS = 4096;
const STEP_NAMES = 256;

/** Gets every problem that is found. If it throws, the work ends with that error. */
export type OnProblem = (error: unknown) => void;

/** The ranges of the tensors must lie inside their files. */
export function* planChecks(stored: readonly StoredTensor[]): Steps<CheckPlan> {
  const order = yield* sorted(stored, inFileOrder);
  const plan: CheckPlan = { checks: [], overlapping: [], claimedBytes: 0 };
  let shard = -1;
  let checkedTo = 0;
  let claimedTo = 0;
  for (const [i, tensor] of order.entries()) {
    if (i % STEP_TENSORS === 0) yield;
    const { entry } = tensor;
    const end = entry.offset + entry.size;
    if (entry.shard !== shard) [shard, checkedTo, claimedTo] = [entry.shard, 0, 0];
    if (entry.size > 0 && entry.offset < checkedTo) plan.overlapping.push(tensor);
    else {
      plan.checks.push(tensor);
      checkedTo = Math.max(checkedTo, end);
    }
    plan.claimedBytes += Math.max(0, end - Math.max(claimedTo, entry.offset));
    claimedTo = Math.max(claimedTo, end);
  }
  return plan;
}

/** Entries that have bytes of their own, can be decoded, and have numbers that agree with their file. */
export function* locatedTensors(
  { index }: OpenBundle,
  { files }: TensorReader,
  onProblem: OnProblem,
): Steps<StoredTensor[]> {
  const located: StoredTensor[] = [];
  for (const attempt of index.attempts()) {
    if (attempt === null) {
      yield;
      continue;
    }
    try {
      const stored = attempt();
      if (stored === null) continue;
      files.locate(stored);
      located.push(stored);
    } catch (error) {
      onProblem(error);
    }
  }
  return located;
}

/** Checks for each tensor that its slices exist, do not overlap, and hold all of it. */
export function* checkSlices({ index }: OpenBundle, names: readonly string[], onProblem: OnProblem): Steps<void> {
  for (const [i, name] of names.entries()) {
    if (i % STEP_NAMES === 0) yield;
    try {
      const entry = yield* index.entryInSteps(name);
      if (entry.slices.length === 0) continue;
      const slices = yield* SliceIndex.build(index, name, entry);
      yield* slices.parts();
      slices.requireWhole();
    } catch (error) {
      onProblem(error);
    }
  }
}

/**
 * Checks an open bundle and throws the first problem that it finds: for `open` with `verify: 'open'`. Throws
 * ERR_CHECKSUM, ERR_CORRUPT, ERR_TRUNCATED, ERR_DTYPE, ERR_SLICE_GAP, ERR_SLICE_OVERLAP, ERR_TOO_LARGE, ERR_ABORTED.
 */
export async function checkBundle(
  bundle: OpenBundle,
  tensors: TensorReader,
  signal: AbortSignal | undefined,
): Promise<void> {
  const action = 'opening the checkpoint';
  const onError = (error: unknown): never => {
    throw error;
  };
  const stored = await inTurns(locatedTensors(bundle, tensors, onError), signal, action);
  const plan = await inTurns(planChecks(stored), signal, action);
  refuseOverlap(bundle, plan.overlapping);
  await tensors.checks.checkAll(plan.checks, { signal, action, onError });
  await inTurns(checkSlices(bundle, bundle.index.names(), onError), signal, action);
}

/** The message for an entry that shares bytes with another. */
export function overlapMessage(file: string, { name, entry }: StoredTensor): string {
  return (
    `${file}: '${name}' at byte ${entry.offset} shares bytes with the tensor before it; every tensor must have ` +
    `its own bytes, so the index is damaged`
  );
}

/** Throws ERR_CORRUPT for the first entry that shares bytes with another, if there is one. */
export function refuseOverlap(bundle: OpenBundle, overlapping: readonly StoredTensor[]): void {
  const shared = overlapping[0];
  if (shared === undefined) return;
  const path = bundle.shards.pathOf(shared.entry.shard);
  throw new TensorBundleError('ERR_CORRUPT', overlapMessage(path, shared), {
    path,
    tensor: shared.name,
    offset: shared.entry.offset,
  });
}

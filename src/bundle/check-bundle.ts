/** Checks an open bundle until the first thing that is wrong, which it throws: for `open` with `verify: 'open'`. */
import { TensorBundleError } from '../errors.js';
import { inTurns, type Steps } from '../format/turns.js';
import { checkAll, planChecks, refuseOverlap } from './check-plan.js';
import type { OpenBundle } from './open-bundle.js';
import { SliceIndex } from './slice-index.js';
import type { StoredTensor, TensorReader } from './tensor-reader.js';

const STEP_NAMES = 256;

/** Throws ERR_CHECKSUM, ERR_CORRUPT, ERR_TRUNCATED, ERR_DTYPE, ERR_SLICE_GAP, ERR_SLICE_OVERLAP, ERR_TOO_LARGE, ERR_ABORTED. */
export async function checkBundle(
  bundle: OpenBundle,
  tensors: TensorReader,
  signal: AbortSignal | undefined,
): Promise<void> {
  const action = 'opening the checkpoint';
  const stored = await inTurns(locateAll(bundle, tensors), signal, action);
  const plan = await inTurns(planChecks(stored), signal, action);
  refuseOverlap(bundle, plan.overlapping);
  const onError = (error: unknown): never => {
    throw error;
  };
  await checkAll(tensors, plan.checks, { signal, action, onError });
  await inTurns(checkSlices(bundle), signal, action);
}

function* locateAll({ index }: OpenBundle, tensors: TensorReader): Steps<StoredTensor[]> {
  const stored: StoredTensor[] = [];
  for (const attempt of index.attempts()) {
    if (attempt === null) yield;
    const tensor = attempt?.() ?? null;
    if (tensor === null) continue;
    tensors.locate(tensor);
    stored.push(tensor);
  }
  return stored;
}

function* checkSlices({ index }: OpenBundle): Steps<void> {
  for (const [i, name] of index.names().entries()) {
    if (i % STEP_NAMES === 0) yield;
    const entry = yield* index.entryInSteps(name);
    if (entry.slices.length === 0) continue;
    const slices = yield* SliceIndex.build(index, name, entry);
    // Gaps are legal to store (parts that wait for a merge), but such a tensor cannot be read whole.
    if (slices.complete) continue;
    throw new TensorBundleError('ERR_SLICE_GAP', `the stored slices of '${name}' do not cover [${entry.shape}]`, {
      tensor: name,
    });
  }
}

/**
 * Which stored tensors to check, so that no byte of a data file is read twice. TensorFlow gives every tensor bytes of its
 * own (BundleWriter::Add appends, MergeBundles keeps what was written); only tensors without bytes may lie at one place.
 * Entries that claim the same bytes are damage, and a small index could ask for any amount of reading with them.
 */
import { TensorBundleError, throwIfAborted } from '../errors.js';
import { type Steps, sorted } from '../format/turns.js';
import type { OpenBundle } from './open-bundle.js';
import type { CheckHooks, StoredTensor, TensorReader } from './tensor-reader.js';

export interface CheckPlan {
  /** In the order of the files and of the bytes in them. */
  checks: StoredTensor[];
  /** Those that share bytes with one of `checks`. */
  overlapping: StoredTensor[];
  /** Bytes of the files that an entry claims. */
  claimedBytes: number;
}

/** Checks that are under way at once end at this many bytes and tensors, so that an abort and the progress are prompt. */
const WAVE_BYTES = 128 * 1024 * 1024;
const WAVE_TENSORS = 4096;
const STEP_TENSORS = 4096;

/** The tensors' ranges must lie inside their files. */
export function* planChecks(stored: readonly StoredTensor[]): Steps<CheckPlan> {
  const order = yield* sorted(
    stored,
    (a, b) => a.entry.shard - b.entry.shard || a.entry.offset - b.entry.offset || a.entry.size - b.entry.size,
  );
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

/** Checks the tensors, wave by wave. `onError` is told what was wrong with one; what it throws ends the checks. */
export async function checkAll(
  tensors: TensorReader,
  checks: readonly StoredTensor[],
  hooks: CheckHooks & { action: string; onError(error: unknown, tensor: StoredTensor): void },
): Promise<void> {
  for (let at = 0; at < checks.length; ) {
    throwIfAborted(hooks.signal, hooks.action);
    const wave: Promise<void>[] = [];
    for (
      let bytes = 0;
      at < checks.length && wave.length < WAVE_TENSORS && (wave.length === 0 || bytes < WAVE_BYTES);
    ) {
      const tensor = checks[at++]!;
      bytes += tensor.entry.size;
      wave.push(tensors.check(tensor, hooks).catch(error => hooks.onError(error, tensor)));
    }
    const settled = await Promise.allSettled(wave);
    for (const result of settled) if (result.status === 'rejected') throw result.reason;
  }
}

/** What an entry that shares bytes with another is told. */
export function overlapMessage(file: string, { name, entry }: StoredTensor): string {
  return `${file}: '${name}' at byte ${entry.offset} shares bytes with the tensor before it; every tensor has bytes of its own, the index is damaged`;
}

/** ERR_CORRUPT for the first entry that shares bytes with another, if there is one. */
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

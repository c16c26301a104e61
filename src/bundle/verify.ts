/** Verification of a checkpoint by path, also of one that cannot be opened at all. */
import type { PathLike } from '../commit/paths.js';
import { TensorBundleError } from '../errors.js';
import { refuseUnknown } from '../options.js';
import { DescriptorPool } from '../storage/descriptors.js';
import { locate } from './locate.js';
import { openBundle } from './open-bundle.js';
import { problemOf, VERIFY_OPTIONS, type VerifyOptions, type VerifyReport, verifyBundle } from './verify-bundle.js';

/** Errors of opening that say what is damaged; the others say that there is nothing to verify. */
const DAMAGE: ReadonlySet<string> = new Set([
  'ERR_CHECKSUM',
  'ERR_CORRUPT',
  'ERR_TRUNCATED',
  'ERR_MISSING_SHARD',
  'ERR_NOT_A_CHECKPOINT',
]);

/**
 * Opens a checkpoint and checks everything in it. All damage is in the report, including damage that keeps the
 * checkpoint from opening. Rejects with ERR_NOT_FOUND, ERR_PERMISSION, ERR_V1_FORMAT, ERR_TOO_LARGE, ERR_ABORTED, and
 * with ERR_NOT_A_CHECKPOINT for a path without an index.
 */
export async function verifyCheckpoint(path: PathLike, options: VerifyOptions = {}): Promise<VerifyReport> {
  refuseUnknown(options, 'verifyCheckpoint', VERIFY_OPTIONS);
  const prefix = await locate(path);
  let bundle: Awaited<ReturnType<typeof openBundle>>;
  try {
    bundle = await openBundle(prefix, {
      signal: options.signal,
      allowMissing: true,
      pool: new DescriptorPool(),
    });
  } catch (error) {
    if (!(error instanceof TensorBundleError) || !DAMAGE.has(error.code)) throw error;
    const problems = [problemOf(error, `${prefix}.index`)];
    return { prefix, ok: false, tensors: 0, bytes: 0, unreferencedBytes: 0, problems };
  }
  try {
    return await verifyBundle(bundle, options);
  } finally {
    await bundle.close();
  }
}

/** Which errors say that a checkpoint is damaged or gone, so that an older one may be taken instead; all others say nothing about it. */
import { type ErrorCode, TensorBundleError } from '../errors.js';

const DAMAGE: readonly ErrorCode[] = [
  'ERR_CHECKSUM',
  'ERR_CORRUPT',
  'ERR_MISSING_SHARD',
  'ERR_NOT_A_CHECKPOINT',
  'ERR_NOT_FOUND',
  'ERR_TOO_LARGE',
  'ERR_TRUNCATED',
  'ERR_V1_FORMAT',
];

export function isDamage(error: unknown): error is TensorBundleError {
  return error instanceof TensorBundleError && isDamageCode(error.code);
}

export function isDamageCode(code: ErrorCode): boolean {
  return DAMAGE.includes(code);
}

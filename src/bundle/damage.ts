/** What each error code says about a checkpoint. All lists of such codes are in this file. */
import { type ErrorCode, TensorBundleError } from '../errors.js';

/** Errors of opening a checkpoint that say that its files are damaged. */
const UNOPENABLE: readonly ErrorCode[] = [
  'ERR_CHECKSUM',
  'ERR_CORRUPT',
  'ERR_MISSING_SHARD',
  'ERR_NOT_A_CHECKPOINT',
  'ERR_TRUNCATED',
];
/**
 * The checkpoint is damaged or gone, so that an older one may be taken instead. All other codes say nothing about it.
 */
const DAMAGE: readonly ErrorCode[] = [...UNOPENABLE, 'ERR_NOT_FOUND', 'ERR_TOO_LARGE', 'ERR_V1_FORMAT'];
/** Results of a check of the contents, and not failures to carry out that check. */
const FINDINGS: readonly ErrorCode[] = [
  'ERR_CHECKSUM',
  'ERR_CORRUPT',
  'ERR_DTYPE',
  'ERR_DUPLICATE_NAME',
  'ERR_MISSING_SHARD',
  'ERR_NOT_FOUND',
  'ERR_SHAPE',
  'ERR_SLICE_GAP',
  'ERR_SLICE_OVERLAP',
  'ERR_TRUNCATED',
];

/** Whether a checkpoint that could not be opened exists, but is damaged. */
export function isUnopenable(error: unknown): error is TensorBundleError {
  return error instanceof TensorBundleError && UNOPENABLE.includes(error.code);
}

/** Whether an older checkpoint may be taken instead. */
export function isDamage(error: unknown): error is TensorBundleError {
  return error instanceof TensorBundleError && isDamageCode(error.code);
}

export function isDamageCode(code: ErrorCode): boolean {
  return DAMAGE.includes(code);
}

/** Whether the error says something about the contents of a checkpoint, and not that they could not be read. */
export function isFinding(error: TensorBundleError): boolean {
  return FINDINGS.includes(error.code);
}

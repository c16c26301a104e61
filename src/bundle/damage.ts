/** Which errors say what about a checkpoint: the one place where codes are sorted by it. */
import { type ErrorCode, TensorBundleError } from '../errors.js';

/** Errors of opening one that say that what is there is damaged. */
const UNOPENABLE: readonly ErrorCode[] = [
  'ERR_CHECKSUM',
  'ERR_CORRUPT',
  'ERR_MISSING_SHARD',
  'ERR_NOT_A_CHECKPOINT',
  'ERR_TRUNCATED',
];
/** Damaged or gone, so that an older one may be taken instead; all others say nothing about the checkpoint. */
const DAMAGE: readonly ErrorCode[] = [...UNOPENABLE, 'ERR_NOT_FOUND', 'ERR_TOO_LARGE', 'ERR_V1_FORMAT'];
/** What was found out about its content, by whoever asked: an answer, and no failure to look. */
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

/** Whether a checkpoint that could not be opened is there, but damaged. */
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

/** Whether the error says something about the content of a checkpoint, and not that it could not be looked at. */
export function isFinding(error: TensorBundleError): boolean {
  return FINDINGS.includes(error.code);
}

/**
 * The errors that this package throws on purpose, and the one place where an operating-system error becomes one of
 * them. Codes are stable: compare `error.code`, never the text.
 */

import { types } from 'node:util';
import { isError } from './realms.js';

/** The codes are stable: compare `error.code`, never the text. docs/errors.md says what causes each and what to do. */
export type ErrorCode =
  | 'ERR_ABORTED'
  | 'ERR_BAD_NAME'
  | 'ERR_CHECKSUM'
  | 'ERR_CLOSED'
  | 'ERR_CORRUPT'
  | 'ERR_DTYPE'
  | 'ERR_DUPLICATE_NAME'
  | 'ERR_DURABILITY_UNCERTAIN'
  | 'ERR_EXISTS'
  | 'ERR_FILENAME_PATTERN'
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_IO'
  | 'ERR_LOCKED'
  | 'ERR_MISMATCH'
  | 'ERR_MISSING_SHARD'
  | 'ERR_NATIVE_ADDON'
  | 'ERR_NOT_A_CHECKPOINT'
  | 'ERR_NOT_CONSUMED'
  | 'ERR_NOT_FOUND'
  | 'ERR_NOT_SUPPORTED'
  | 'ERR_NO_SPACE'
  | 'ERR_PERMISSION'
  | 'ERR_SHAPE'
  | 'ERR_SLICE_GAP'
  | 'ERR_SLICE_OVERLAP'
  | 'ERR_STATE'
  | 'ERR_TOO_LARGE'
  | 'ERR_TRIVIAL_MATCH'
  | 'ERR_TRUNCATED'
  | 'ERR_UNMATCHED'
  | 'ERR_V1_FORMAT';

/** Data that travels with an error; every field is optional and machine-readable. */
export interface ErrorDetails {
  /** File or directory the error is about. */
  path?: string | undefined;
  /** Name of the tensor. */
  tensor?: string | undefined;
  /** Byte offset in `path`. */
  offset?: number | undefined;
  expected?: unknown;
  found?: unknown;
  cause?: unknown;
}

/** The only error class of the package. */
export class TensorBundleError extends Error {
  override readonly name = 'TensorBundleError';
  /** Stable: docs/errors.md lists all. */
  readonly code: ErrorCode;
  /** The file or directory that the error is about. */
  declare readonly path?: string;
  /** Name of the tensor, or of the variable. */
  declare readonly tensor?: string;
  /** Byte offset in `path`. */
  declare readonly offset?: number;
  /** What should have been there. */
  declare readonly expected?: unknown;
  /** What was there instead. */
  declare readonly found?: unknown;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    const { cause: _cause, ...data } = details;
    for (const [key, value] of Object.entries(data)) {
      if (value !== undefined) Object.defineProperty(this, key, { value, enumerable: true });
    }
  }
}

/** The error for an argument that the caller must change: `message` says how. */
export function invalidArgument(message: string, details: ErrorDetails = {}): TensorBundleError {
  return new TensorBundleError('ERR_INVALID_ARGUMENT', message, details);
}

/** An error that says what an argument or option must be; `expected` continues the sentence "… must be". */
export function argumentMustBe(name: string, expected: string, found: unknown): TensorBundleError {
  return invalidArgument(`${name} must be ${expected}, not ${String(found)}`, { expected, found });
}

/** What the native engine rejects with: a `Status` of C++, made into a plain Error (native/node/js_error.cc). */
export interface NativeError extends Error {
  /** Errno name ('ENOENT'), or 'ESHORT' (the file ended early), 'ECANCELED', 'ENOMEM'. */
  code: string;
  /** The engine's own number for it (native/engine/error.h), which is Linux's on every system. */
  errno: number;
  syscall: string;
  path?: string;
  /** Byte offset in the file, for reads and writes. */
  offset?: number;
}

export function isNativeError(error: unknown): error is NativeError {
  return isError(error) && typeof (error as Partial<NativeError>).syscall === 'string';
}

const CODE_OF_ERRNO: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'ERR_PERMISSION',
  EPERM: 'ERR_PERMISSION',
  EROFS: 'ERR_PERMISSION',
  ENOSPC: 'ERR_NO_SPACE',
  EDQUOT: 'ERR_NO_SPACE',
  ENOENT: 'ERR_NOT_FOUND',
  ESHORT: 'ERR_TRUNCATED',
  ECANCELED: 'ERR_ABORTED',
};

const ADVICE: Readonly<Partial<Record<ErrorCode, string>>> = {
  ERR_PERMISSION: 'check the permissions of the file and of its directory',
  ERR_NO_SPACE:
    'free space or use another file system; an overwrite needs room for the old and the new checkpoint together',
};

/** Turns an error of the native engine into a TensorBundleError. Other errors pass through unchanged. */
export function fromNative(error: unknown, action: string, details: ErrorDetails = {}): Error {
  if (!isNativeError(error)) return isError(error) ? error : new Error(String(error));
  const code = CODE_OF_ERRNO[error.code] ?? 'ERR_IO';
  const path = details.path ?? error.path;
  const advice = ADVICE[code];
  const where = path === undefined ? '' : ` ${path}`;
  const message = `cannot ${action}${where}: ${error.code} in ${error.syscall}${advice ? `; ${advice}` : ''}`;
  return new TensorBundleError(code, message, { offset: error.offset, ...details, path, cause: error });
}

/**
 * The error itself, for one that is kept. Until the text of its stack is asked for, V8 keeps the objects whose methods
 * were running, and so perhaps the values of a whole model.
 */
export function withoutFrames(error: unknown): unknown {
  const seen = new Set<unknown>();
  for (let one = error; types.isNativeError(one) && !seen.has(one); one = one.cause) {
    seen.add(one);
    try {
      void one.stack;
    } catch {
      // A program's own Error.prepareStackTrace may fail.
    }
  }
  return error;
}

/** The error of an aborted operation; its `cause` is the signal's reason, as in the web platform. */
export function abortError(signal: AbortSignal, action: string): TensorBundleError {
  return new TensorBundleError('ERR_ABORTED', `${action} was aborted`, { cause: signal.reason });
}

/** Throws ERR_ABORTED if the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, action: string): void {
  if (signal?.aborted) throw abortError(signal, action);
}

/**
 * For classes that only a function of this library makes. `part` is what that function gives to the constructor; a
 * caller would give a path or something else. Throws ERR_INVALID_ARGUMENT that says how an object is made.
 */
export function requireMade(part: unknown, what: string, how: string): void {
  if (typeof part === 'object' && part !== null && !Array.isArray(part) && !('href' in part)) return;
  throw invalidArgument(`a ${what} is not made by new ${what}(…) but by ${how}`, {
    expected: how,
    found: part,
  });
}

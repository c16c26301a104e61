/**
 * Verification: everything about a checkpoint that can be checked, even if it cannot be opened at all. It reads the
 * index strictly, and checks every entry against its file, every checksum, the slices, and which bytes two entries or
 * no entry claim.
 */
import type { PathLike } from '../commit/paths.js';
import { type ErrorCode, isNativeError, TensorBundleError } from '../errors.js';
import { inTurns, type Steps } from '../format/turns.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { DescriptorPool } from '../storage/descriptor-pool.js';
import { checkSlices, locatedTensors, type OnProblem, overlapMessage, planChecks } from './check-bundle.js';
import { isUnopenable } from './damage.js';
import { IndexFile } from './index-file.js';
import { type Located, locate } from './locate.js';
import { type OpenBundle, openBundle } from './open-bundle.js';
import type { StoredTensor } from './stored-tensor.js';
import { TensorReader } from './tensor-reader.js';
import type { Progress } from './writer-options.js';

export interface VerifyProblem {
  /** The code that an error for this damage would have. */
  code: ErrorCode;
  /** The damaged file. */
  file: string;
  /** Name of the tensor; absent if the problem is not about one. */
  tensor?: string;
  /** Byte offset in `file`; absent if it is not known. */
  offset?: number;
  message: string;
}

export interface VerifyReport {
  /** The prefix that was checked. */
  prefix: string;
  /** True if there are no problems. */
  ok: boolean;
  /** Tensors that the index names; a partitioned one counts once. */
  tensors: number;
  /** Bytes of all data files. */
  bytes: number;
  /** Bytes of the data files that no entry uses. They are not damage. */
  unreferencedBytes: number;
  problems: VerifyProblem[];
}

export interface VerifyOptions {
  /** Aborts the check: ERR_ABORTED. Default: none. */
  signal?: AbortSignal;
  /** Called from time to time with the bytes that have been checked. Default: nothing is called. */
  onProgress?(progress: Progress): void;
}

export const VERIFY_OPTIONS: OptionList<VerifyOptions> = { signal: 'signal', onProgress: 'function' };

const PROGRESS_BYTES = 16 * 1024 * 1024;
const STEP_ENTRIES = 256;
/**
 * The most problems that a report holds, and the most characters of their texts together: a small index can break rules
 * in very many entries.
 */
const MAX_PROBLEMS = 10_000;
const MAX_TEXT = 16 * 1024 * 1024;

/**
 * Opens a checkpoint and checks everything in it. All damage is in the report, including damage that keeps the
 * checkpoint from opening. Rejects with ERR_NOT_FOUND, ERR_PERMISSION, ERR_V1_FORMAT, ERR_TOO_LARGE, ERR_ABORTED, and
 * with ERR_NOT_A_CHECKPOINT for a path without an index.
 */
export async function verifyCheckpoint(path: PathLike, options: VerifyOptions = {}): Promise<VerifyReport> {
  refuseUnknown(options, 'verifyCheckpoint', VERIFY_OPTIONS);
  return await verifyLocated(await locate(path), options);
}

/** As `verifyCheckpoint`, for a checkpoint that was located; closes its directory. */
export async function verifyLocated(located: Located, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { prefix } = located;
  let bundle: OpenBundle;
  try {
    bundle = await openBundle(located, {
      signal: options.signal,
      allowMissing: true,
      pool: new DescriptorPool(),
    });
  } catch (error) {
    if (!isUnopenable(error)) throw error;
    const problems = [problemOf(error, `${prefix}.index`)];
    return { prefix, ok: false, tensors: 0, bytes: 0, unreferencedBytes: 0, problems };
  }
  try {
    return await verifyBundle(bundle, options);
  } finally {
    await bundle.close();
  }
}

/** Never rejects for damage. Rejects with ERR_ABORTED, or with an I/O error that says nothing about the data. */
export async function verifyBundle(bundle: OpenBundle, options: VerifyOptions): Promise<VerifyReport> {
  return new Verification(bundle, options).run();
}

/** Reports the number of checked bytes, but only when it has changed. */
export function checkProgress(
  totalBytes: number,
  onProgress: (progress: Progress) => void,
): (checkedBytes: number) => void {
  let bytes = 0;
  let reported = 0;
  return checkedBytes => {
    bytes += checkedBytes;
    if (bytes - reported < PROGRESS_BYTES && bytes < totalBytes) return;
    reported = bytes;
    onProgress({ phase: 'verify', bytes, totalBytes });
  };
}

/** Turns an error that damage caused into a problem of a report. Throws any other error again. */
function problemOf(error: unknown, file: string): VerifyProblem {
  if (!(error instanceof TensorBundleError) || ['ERR_ABORTED', 'ERR_CLOSED'].includes(error.code)) throw error;
  if (error.code === 'ERR_IO' && isNativeError(error.cause) && error.cause.code !== 'EIO') throw error;
  const problem: VerifyProblem = { code: error.code, file: error.path ?? file, message: error.message };
  if (error.tensor !== undefined) problem.tensor = error.tensor;
  if (error.offset !== undefined) problem.offset = error.offset;
  return problem;
}

class Verification {
  readonly #tensors: TensorReader;
  readonly #problems: VerifyProblem[] = [];
  #textLength = 0;
  /** How many problems were found after the report was full. */
  #unlisted = 0;

  constructor(
    private readonly bundle: OpenBundle,
    private readonly options: VerifyOptions,
  ) {
    this.#tensors = new TensorReader(bundle, true);
  }

  async run(): Promise<VerifyReport> {
    const { bundle } = this;
    await this.#checkIndex();
    const onProblem = this.#reporting(bundle.index.path);
    const stored = await this.#inTurns(locatedTensors(bundle, this.#tensors, onProblem));
    await this.#inTurns(checkSlices(bundle, this.#names(), onProblem));
    const plan = await this.#inTurns(planChecks(stored));
    await this.#checkBytes(plan.checks);
    await this.#inTurns(this.#reportOverlaps(plan.overlapping));
    const bytes = await bundle.shards.bytes();
    if (this.#unlisted > 0) {
      const message = `${bundle.index.path}: ${this.#unlisted} more problems are not listed`;
      this.#problems.push({ code: 'ERR_CORRUPT', file: bundle.index.path, message });
    }
    return {
      prefix: bundle.prefix,
      ok: this.#problems.length === 0,
      tensors: this.#names().length,
      bytes,
      unreferencedBytes: bytes - plan.claimedBytes,
      problems: this.#problems,
    };
  }

  async #checkIndex(): Promise<void> {
    const { index } = this.bundle;
    try {
      const strict = await IndexFile.read(index.bytes, index.path, { strict: true, signal: this.options.signal });
      for (const { code, offset, message } of strict.problems)
        this.#report({ code, file: index.path, offset, message: `${index.path}: ${message} (byte ${offset})` });
    } catch (error) {
      this.#report(problemOf(error, index.path));
    }
  }

  async #checkBytes(checks: readonly StoredTensor[]): Promise<void> {
    const totalBytes = checks.reduce((sum, { entry }) => sum + entry.size, 0);
    const { signal, onProgress } = this.options;
    await this.#tensors.checks.checkAll(checks, {
      action: 'the verification',
      signal,
      onBytes: onProgress && checkProgress(totalBytes, onProgress),
      onError: (error, tensor) => this.#report(problemOf(error, this.bundle.shards.pathOf(tensor.entry.shard))),
    });
  }

  *#reportOverlaps(overlapping: readonly StoredTensor[]): Steps<void> {
    for (const [i, tensor] of overlapping.entries()) {
      if (i % STEP_ENTRIES === 0) yield;
      const { name, entry } = tensor;
      const file = this.bundle.shards.pathOf(entry.shard);
      this.#report({
        code: 'ERR_CORRUPT',
        file,
        tensor: name,
        offset: entry.offset,
        message: overlapMessage(file, tensor),
      });
    }
  }

  /** Empty if a key is not a name: that is reported where its entry is decoded. */
  #names(): readonly string[] {
    try {
      return this.bundle.index.names();
    } catch {
      return [];
    }
  }

  /** Reports an error that damage caused as a problem of `file`, unless the error names another file. */
  #reporting(file: string): OnProblem {
    return error => this.#report(problemOf(error, file));
  }

  #report(problem: VerifyProblem): void {
    this.#textLength += problem.message.length + (problem.tensor?.length ?? 0);
    if (this.#problems.length < MAX_PROBLEMS && this.#textLength < MAX_TEXT) this.#problems.push(problem);
    else this.#unlisted++;
  }

  #inTurns<T>(steps: Steps<T>): Promise<T> {
    return inTurns(steps, this.options.signal, 'the verification');
  }
}

/**
 * Everything about an open bundle that can be checked: the index strictly, every entry against its file, every checksum,
 * slices, and bytes that two entries claim or that none does.
 */
import { type ErrorCode, isNativeError, TensorBundleError } from '../errors.js';
import { inTurns, type Steps } from '../format/turns.js';
import type { OptionList } from '../options.js';
import { checkAll, overlapMessage, planChecks } from './check-plan.js';
import { IndexFile } from './index-file.js';
import type { OpenBundle } from './open-bundle.js';
import { SliceIndex } from './slice-index.js';
import { type StoredTensor, TensorReader } from './tensor-reader.js';
import type { Progress } from './writer-options.js';

export interface VerifyProblem {
  /** What an error for this damage would have as its code. */
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
/** Problems and characters of their texts that a report holds: a small index can break a rule in each of very many entries. */
const MAX_PROBLEMS = 10_000;
const MAX_TEXT = 16 * 1024 * 1024;

/** Never rejects for damage; ERR_ABORTED, or an I/O error that says nothing about the data. */
export async function verifyBundle(bundle: OpenBundle, options: VerifyOptions): Promise<VerifyReport> {
  return new Verification(bundle, options).run();
}

/** What an error that damage caused becomes in a report. Anything else is thrown on. */
export function problemOf(error: unknown, file: string): VerifyProblem {
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
  /** Problems that were found when the report was full. */
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
    const stored = await this.#inTurns(this.#collect());
    await this.#inTurns(this.#checkSlices());
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

  /** Entries that can be decoded and whose numbers agree with their file. */
  *#collect(): Steps<StoredTensor[]> {
    const good: StoredTensor[] = [];
    for (const attempt of this.bundle.index.attempts()) {
      if (attempt === null) {
        yield;
        continue;
      }
      this.#guard(() => {
        const stored = attempt();
        if (stored === null) return;
        this.#tensors.locate(stored);
        good.push(stored);
      });
    }
    return good;
  }

  *#checkSlices(): Steps<void> {
    const { index } = this.bundle;
    let looked = 0;
    for (const name of this.#names()) {
      if (++looked % STEP_ENTRIES === 0) yield;
      try {
        const entry = yield* index.entryInSteps(name);
        if (entry.slices.length === 0) continue;
        const slices = yield* SliceIndex.build(index, name, entry);
        yield* slices.parts();
        if (!slices.complete) {
          throw new TensorBundleError(
            'ERR_SLICE_GAP',
            `${index.path}: the slices of '${name}' do not cover [${entry.shape}]; is a part still to be merged?`,
            { path: index.path, tensor: name },
          );
        }
      } catch (error) {
        this.#report(problemOf(error, index.path));
      }
    }
  }

  async #checkBytes(checks: readonly StoredTensor[]): Promise<void> {
    const totalBytes = checks.reduce((sum, { entry }) => sum + entry.size, 0);
    let bytes = 0;
    let reported = 0;
    await checkAll(this.#tensors, checks, {
      action: 'the verification',
      signal: this.options.signal,
      onBytes: checked => {
        bytes += checked;
        if (bytes - reported < PROGRESS_BYTES && bytes < totalBytes) return;
        reported = bytes;
        this.options.onProgress?.({ phase: 'verify', bytes, totalBytes });
      },
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

  /** None if a key is no name at all: that is reported where its entry is decoded. */
  #names(): readonly string[] {
    try {
      return this.bundle.index.names();
    } catch {
      return [];
    }
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#report(problemOf(error, this.bundle.index.path));
    }
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

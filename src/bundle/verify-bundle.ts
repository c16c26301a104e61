/**
 * Everything about an open bundle that can be checked: the index strictly, every entry against its file, every checksum,
 * slices, and bytes that two entries claim or that none does.
 */
import { type ErrorCode, isNativeError, TensorBundleError, throwIfAborted } from '../errors.js';
import { covers, overlaps } from '../format/slices.js';
import { IndexFile } from './index-file.js';
import type { OpenBundle } from './open-bundle.js';
import type { Progress } from './options.js';
import { sliceParts } from './partitioned.js';
import { type StoredTensor, TensorReader } from './tensor-reader.js';

export interface VerifyProblem {
  code: ErrorCode;
  file: string;
  tensor?: string;
  offset?: number;
  message: string;
}

export interface VerifyReport {
  prefix: string;
  ok: boolean;
  /** Tensors that the index names; a partitioned one counts once. */
  tensors: number;
  /** Bytes of all data files. */
  bytes: number;
  /** Bytes of the data files that no entry uses: reported, no damage. */
  unreferencedBytes: number;
  problems: VerifyProblem[];
}

export interface VerifyOptions {
  signal?: AbortSignal;
  onProgress?(progress: Progress): void;
}

/** Tensors whose checks are under way at once end at this many bytes, so that an abort and the progress are prompt. */
const WAVE_BYTES = 128 * 1024 * 1024;
const PROGRESS_BYTES = 16 * 1024 * 1024;

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
  readonly #ranges: { stored: StoredTensor; start: number; end: number }[][];

  constructor(
    private readonly bundle: OpenBundle,
    private readonly options: VerifyOptions,
  ) {
    this.#tensors = new TensorReader(bundle, true);
    this.#ranges = bundle.shards.map(() => []);
  }

  async run(): Promise<VerifyReport> {
    const { bundle } = this;
    this.#checkIndex();
    const stored = this.#collect();
    this.#checkSlices();
    await this.#checkBytes(stored);
    const unreferencedBytes = this.#checkRanges();
    return {
      prefix: bundle.prefix,
      ok: this.#problems.length === 0,
      tensors: this.#names().length,
      bytes: bundle.shards.reduce((sum, shard) => sum + (shard?.size ?? 0), 0),
      unreferencedBytes,
      problems: this.#problems,
    };
  }

  #checkIndex(): void {
    const { index } = this.bundle;
    this.#guard(() => {
      for (const { code, offset, message } of new IndexFile(index.bytes, index.path, { strict: true }).problems) {
        this.#problems.push({ code, file: index.path, offset, message: `${index.path}: ${message} (byte ${offset})` });
      }
    });
  }

  /** Entries that can be decoded and whose numbers agree with their file. */
  #collect(): StoredTensor[] {
    const { index } = this.bundle;
    const good: StoredTensor[] = [];
    for (const attempt of index.attempts()) {
      this.#guard(() => {
        const stored = attempt();
        if (stored === null) return;
        this.#tensors.locate(stored);
        good.push(stored);
        const { shard, offset, size } = stored.entry;
        if (size > 0) this.#ranges[shard]!.push({ stored, start: offset, end: offset + size });
      });
    }
    return good;
  }

  #checkSlices(): void {
    const { index } = this.bundle;
    for (const name of this.#names()) {
      this.#guard(() => {
        const entry = index.entry(name);
        if (entry.slices.length === 0) return;
        const boxes = sliceParts(index, name, entry).map(part => part.box);
        const details = { path: index.path, tensor: name };
        if (overlaps(boxes) !== null)
          throw new TensorBundleError(
            'ERR_SLICE_OVERLAP',
            `${index.path}: stored slices of '${name}' overlap`,
            details,
          );
        if (!covers(boxes, entry.shape)) {
          throw new TensorBundleError(
            'ERR_SLICE_GAP',
            `${index.path}: the slices of '${name}' do not cover [${entry.shape}]; is a part still to be merged?`,
            details,
          );
        }
      });
    }
  }

  async #checkBytes(stored: readonly StoredTensor[]): Promise<void> {
    const totalBytes = stored.reduce((sum, { entry }) => sum + entry.size, 0);
    let bytes = 0;
    let reported = 0;
    const onBytes = (checked: number): void => {
      bytes += checked;
      if (bytes - reported < PROGRESS_BYTES && bytes < totalBytes) return;
      reported = bytes;
      this.options.onProgress?.({ phase: 'verify', bytes, totalBytes });
    };
    for (let at = 0; at < stored.length; ) {
      throwIfAborted(this.options.signal, 'the verification');
      const wave: Promise<void>[] = [];
      let waveBytes = 0;
      while (at < stored.length && (wave.length === 0 || waveBytes < WAVE_BYTES)) {
        const tensor = stored[at++]!;
        waveBytes += tensor.entry.size;
        wave.push(
          this.#tensors.check(tensor, onBytes).catch(error => {
            this.#problems.push(problemOf(error, this.bundle.shardPath(tensor.entry.shard)));
          }),
        );
      }
      await Promise.all(wave);
    }
  }

  /** Bytes that two entries claim are a problem; bytes that none claims are counted. */
  #checkRanges(): number {
    let unreferenced = 0;
    for (const [shard, ranges] of this.#ranges.entries()) {
      let end = 0;
      for (const range of ranges.sort((a, b) => a.start - b.start)) {
        if (range.start < end) {
          const file = this.bundle.shardPath(shard);
          this.#problems.push({
            code: 'ERR_CORRUPT',
            file,
            tensor: range.stored.name,
            offset: range.start,
            message: `${file}: '${range.stored.name}' at byte ${range.start} shares bytes with the tensor before it`,
          });
        }
        unreferenced += Math.max(0, range.start - end);
        end = Math.max(end, range.end);
      }
      unreferenced += Math.max(0, (this.bundle.shards[shard]?.size ?? 0) - end);
    }
    return unreferenced;
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
      this.#problems.push(problemOf(error, this.bundle.index.path));
    }
  }
}

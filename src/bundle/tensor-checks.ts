/** Compares stored tensors with their checksums, without keeping the bytes. Each tensor is checked once per reader. */
import { native } from '../binding.js';
import { throwIfAborted } from '../errors.js';
import { sizeOf } from '../format/shape.js';
import { StoredStrings } from '../format/strings.js';
import { inTurns } from '../format/turns.js';
import { checkVariants } from '../format/variants.js';
import { makeArray } from '../storage/arrays.js';
import type { StoredTensor } from './stored-tensor.js';
import { naming, type TensorFiles } from './tensor-files.js';
import { batchesOf, checksumsOf, isEncoded, readInto } from './tensor-ranges.js';

/** The most bytes of a tensor that one native call checks, so that a long check shows progress. */
const CHECK_BYTES = 256 * 1024 * 1024;

interface CheckHooks {
  signal?: AbortSignal | undefined;
  /** What to call the work in the error of an abort. */
  action: string;
  onBytes?: ((bytes: number) => void) | undefined;
  /** Gets the problem of a tensor. If it throws, the checks end with that error. */
  onError(error: unknown, tensor: StoredTensor): void;
}

/** The problems, by position in the index. */
type Failures = ReadonlyMap<number, unknown>;

const ALONE: CheckHooks = {
  action: 'reading',
  onError: error => {
    throw error;
  },
};

export class TensorChecks {
  /** The batches of checks that are running, by position in the index. */
  readonly #running = new Map<number, Promise<Failures>>();
  readonly #checked = new Set<number>();

  constructor(private readonly files: TensorFiles) {}

  /** Checks a tensor that was located. Throws ERR_CHECKSUM, ERR_CORRUPT, ERR_TRUNCATED, ERR_IO. */
  async check(tensor: StoredTensor): Promise<void> {
    if (!this.#checked.has(tensor.position)) await this.#checkBatch([tensor], ALONE);
  }

  /**
   * Checks tensors that were located, and are in the order of the files. Problems are reported in that order. Throws
   * ERR_ABORTED.
   */
  async checkAll(tensors: readonly StoredTensor[], hooks: CheckHooks): Promise<void> {
    for (const batch of batchesOf(tensors)) {
      throwIfAborted(hooks.signal, hooks.action);
      await this.#checkBatch(batch, hooks);
    }
  }

  async #checkBatch(batch: readonly StoredTensor[], hooks: CheckHooks): Promise<void> {
    const failures = await this.#failuresOf(batch, hooks);
    if (failures.size === 0) return;
    for (const tensor of batch) if (failures.has(tensor.position)) hooks.onError(failures.get(tensor.position), tensor);
  }

  async #failuresOf(batch: readonly StoredTensor[], hooks: CheckHooks): Promise<Failures> {
    const mine: StoredTensor[] = [];
    const others: StoredTensor[] = [];
    for (const tensor of batch) {
      if (this.#checked.has(tensor.position)) hooks.onBytes?.(tensor.entry.size);
      else (this.#running.has(tensor.position) ? others : mine).push(tensor);
    }
    const own = mine.length === 0 ? new Map<number, unknown>() : await this.#start(mine, hooks);
    if (others.length === 0) return own;
    const failures = new Map(own);
    for (const tensor of others) {
      const { position, entry } = tensor;
      // Null: the caller that began the check has aborted it.
      const theirs = (await this.#running.get(position)?.catch(() => null)) ?? null;
      const all = theirs ?? (await this.#failuresOf([tensor], { ...hooks, onBytes: undefined }));
      if (all.has(position)) failures.set(position, all.get(position));
      hooks.onBytes?.(entry.size);
    }
    return failures;
  }

  async #start(tensors: readonly StoredTensor[], hooks: CheckHooks): Promise<Failures> {
    const running = this.#run(tensors, hooks);
    for (const { position } of tensors) this.#running.set(position, running);
    try {
      return await running;
    } finally {
      for (const { position } of tensors) this.#running.delete(position);
    }
  }

  async #run(tensors: readonly StoredTensor[], hooks: CheckHooks): Promise<Failures> {
    const failures = new Map<number, unknown>();
    const plain: StoredTensor[] = [];
    const encoded: StoredTensor[] = [];
    for (const tensor of tensors) (isEncoded(tensor) ? encoded : plain).push(tensor);
    const [only] = plain;
    await Promise.all([
      plain.length === 1 && only!.entry.size > CHECK_BYTES
        ? this.#checkInParts(only!, hooks, failures)
        : this.#checkPlain(plain, hooks, failures),
      this.#checkEncoded(encoded, hooks, failures),
    ]);
    for (const { position } of tensors) if (!failures.has(position)) this.#checked.add(position);
    return failures;
  }

  async #checkPlain(
    tensors: readonly StoredTensor[],
    { onBytes }: CheckHooks,
    failures: Map<number, unknown>,
  ): Promise<void> {
    if (tensors.length === 0) return;
    const { crcs, failed } = await checksumsOf(this.files, tensors);
    for (const [i, tensor] of tensors.entries()) {
      onBytes?.(tensor.entry.size);
      if (failed.has(i)) failures.set(tensor.position, naming(tensor, failed.get(i)));
      else if (crcs[i] !== tensor.entry.crc) this.#refuse(tensor, crcs[i]!, failures);
    }
  }

  /** Checks a tensor that is so large that it is a batch of its own. */
  async #checkInParts(
    tensor: StoredTensor,
    { signal, action, onBytes }: CheckHooks,
    failures: Map<number, unknown>,
  ): Promise<void> {
    const { offset, size } = tensor.entry;
    const file = this.files.fileOf(tensor);
    let crc = 0;
    for (let at = 0; at < size; at += CHECK_BYTES) {
      throwIfAborted(signal, action);
      const length = Math.min(CHECK_BYTES, size - at);
      try {
        crc = native.crc32cCombine(crc, await file.checksum(offset + at, length), length);
      } catch (error) {
        failures.set(tensor.position, naming(tensor, error));
        return;
      }
      onBytes?.(length);
    }
    this.#refuse(tensor, crc, failures);
  }

  /** The checksums of strings and variants do not cover all of their bytes, so the bytes must be read. */
  async #checkEncoded(
    tensors: readonly StoredTensor[],
    { onBytes }: CheckHooks,
    failures: Map<number, unknown>,
  ): Promise<void> {
    const held: StoredTensor[] = [];
    const arrays: Uint8Array[] = [];
    for (const tensor of tensors) {
      try {
        const { name, entry } = tensor;
        arrays.push(makeArray(name, entry.size, () => new Uint8Array(entry.size)));
        held.push(tensor);
      } catch (error) {
        failures.set(tensor.position, error);
      }
    }
    if (held.length === 0) return;
    const { failed } = await readInto(this.files, held, arrays);
    for (const [i, tensor] of held.entries()) {
      const { position, entry } = tensor;
      onBytes?.(entry.size);
      if (failed.has(i)) failures.set(position, naming(tensor, failed.get(i)));
      else await this.checkElements(tensor, arrays[i]!).catch(error => failures.set(position, error));
    }
  }

  /** Checks the stored bytes of a string tensor or variant. Throws ERR_CHECKSUM, ERR_CORRUPT, ERR_TOO_LARGE. */
  async checkElements(tensor: StoredTensor, bytes: Uint8Array): Promise<void> {
    const count = sizeOf(tensor.entry.shape);
    const context = this.files.contextOf(tensor);
    const crc =
      tensor.dtype.name === 'string'
        ? new StoredStrings(bytes, count, context).crc()
        : await inTurns(checkVariants(bytes, count, context), undefined, 'reading');
    this.files.compare(tensor, crc);
  }

  #refuse(tensor: StoredTensor, crc: number, failures: Map<number, unknown>): void {
    try {
      this.files.compare(tensor, crc);
    } catch (error) {
      failures.set(tensor.position, error);
    }
  }
}

/**
 * The data files of an open checkpoint. Up to a number they are all opened at once and stay open, so that nothing that
 * is saved or removed later changes what is read. Beyond it, or where the process has too few descriptors, the others
 * are looked at (which file it is, its size) and opened when they are needed: the same file as before, or none.
 */
import { parseShardName, shardName } from '../commit/names.js';
import { TensorBundleError, throwIfAborted } from '../errors.js';
import { DescriptorPool, MAX_OPEN } from '../storage/descriptor-pool.js';
import { isExhausted } from '../storage/descriptors.js';
import type { Directory } from '../storage/directory.js';
import type { ReadableFile } from '../storage/file.js';
import { PooledFile } from '../storage/pooled-file.js';

/** Above this only data files that an entry lies in are looked for: a header may count any number of them. */
export const MANY_SHARDS = MAX_OPEN;
/** Files that are looked at together. */
const TOGETHER = 64;

interface ShardOptions {
  signal?: AbortSignal | undefined;
  allowMissing?: boolean;
  pool?: DescriptorPool;
}

export class ShardFiles {
  /** By number; null where the file is missing. Without those that no entry needs. */
  readonly #files = new Map<number, ReadableFile | null>();
  readonly #missing: number[] = [];
  #pool: DescriptorPool | null;

  constructor(
    private readonly directory: Directory,
    private readonly base: string,
    readonly count: number,
    private readonly options: ShardOptions,
  ) {
    this.#pool = options.pool ?? null;
  }

  /** Whether files are opened later: the directory must stay open as long as they may be. */
  get needsStore(): boolean {
    return this.#pool !== null;
  }

  get(shard: number): ReadableFile | null {
    return this.#files.get(shard) ?? null;
  }

  /** Path of a data file, also of a missing one. */
  pathOf(shard: number): string {
    return this.directory.pathOf(shardName(this.base, shard, this.count));
  }

  /**
   * Opens the data files, in rising order; gives the missing ones, or some of many unless they are allowed to be
   * missing.
   */
  async open(numbers: readonly number[]): Promise<readonly number[]> {
    const opened = await this.#openFirst(numbers);
    if (opened < numbers.length) this.#share();
    // Enough are missing: a hostile header may count any number of files.
    const enough = (): boolean =>
      this.#missing.length > 0 && this.count > MANY_SHARDS && this.options.allowMissing !== true;
    for (let at = opened; at < numbers.length && !enough(); at += TOGETHER) {
      throwIfAborted(this.options.signal, 'opening the checkpoint');
      await Promise.all(numbers.slice(at, at + TOGETHER).map(shard => this.#lookAt(shard)));
    }
    return this.#missing.sort((a, b) => a - b);
  }

  /** Bytes of all data files of the checkpoint, those that no entry needs included. */
  async bytes(): Promise<number> {
    let bytes = 0;
    for (const file of this.#files.values()) bytes += file?.size ?? 0;
    if (this.#files.size === this.count) return bytes;
    for (const name of await this.directory.list()) {
      const shard = parseShardName(this.base, name);
      if (shard?.total !== this.count || this.#files.has(shard.shard)) continue;
      const stat = await this.directory.stat(name);
      if (stat?.kind === 'file') bytes += stat.size;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map(file => file?.close()));
  }

  /** Opens as many as may be open; gives their number. */
  async #openFirst(numbers: readonly number[]): Promise<number> {
    const first = numbers.slice(0, this.#pool?.room ?? MAX_OPEN);
    for (const [at, shard] of first.entries()) {
      try {
        const file = await this.directory.open(shardName(this.base, shard, this.count));
        this.#set(shard, file && (this.#pool === null ? file : this.#pooled(this.#pool, file)));
      } catch (error) {
        if (!isExhausted(error)) throw error;
        this.#share();
        // What came to an end here would be missing elsewhere in this process.
        await this.#pool!.shrink();
        return at;
      }
    }
    return first.length;
  }

  /** From now on files are closed and opened again as need be. */
  #share(): void {
    if (this.#pool !== null) return;
    this.#pool = new DescriptorPool();
    for (const [shard, file] of this.#files) {
      if (file !== null) this.#files.set(shard, this.#pooled(this.#pool, file));
    }
  }

  #pooled(pool: DescriptorPool, file: ReadableFile): ReadableFile {
    return new PooledFile(pool, this.directory, file.name, file, file);
  }

  #set(shard: number, file: ReadableFile | null): void {
    this.#files.set(shard, file);
    if (file === null) this.#missing.push(shard);
  }

  async #lookAt(shard: number): Promise<void> {
    const name = shardName(this.base, shard, this.count);
    const stat = await this.directory.stat(name);
    if (stat !== null && stat.kind !== 'file') {
      const path = this.pathOf(shard);
      throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a regular file`, {
        path,
        expected: 'file',
        found: stat.kind,
      });
    }
    this.#set(shard, stat && new PooledFile(this.#pool!, this.directory, name, stat, null));
  }
}

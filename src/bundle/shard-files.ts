/**
 * The data files of an open checkpoint. Up to a certain number, all are opened at once and stay open, so that later
 * saves and removals do not change what is read. If there are more, or the process has too few descriptors, the others
 * are only looked at (which file it is, its size) and are opened when they are needed. Then each must still be the same
 * file.
 */
import { parseShardName, shardName } from '../commit/names.js';
import { TensorBundleError, throwIfAborted } from '../errors.js';
import { DescriptorPool, MAX_OPEN } from '../storage/descriptor-pool.js';
import { isExhausted } from '../storage/descriptors.js';
import type { Directory } from '../storage/directory.js';
import type { ReadableFile } from '../storage/file.js';
import { PooledFile } from '../storage/pooled-file.js';

/**
 * If there are more data files than this, only those with entries are looked for: a header may claim any number of
 * them.
 */
export const MANY_SHARDS = MAX_OPEN;
/** How many files are looked at together. */
const TOGETHER = 64;

interface ShardOptions {
  signal?: AbortSignal | undefined;
  allowMissing?: boolean;
  pool?: DescriptorPool;
}

export class ShardFiles {
  /** By number; null if the file is missing. Files that no entry needs are left out. */
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

  /** Whether files are opened later. The directory must stay open as long as that may happen. */
  get needsStore(): boolean {
    return this.#pool !== null;
  }

  get(shard: number): ReadableFile | null {
    return this.#files.get(shard) ?? null;
  }

  /** Path of a data file, even of a missing one. */
  pathOf(shard: number): string {
    return this.directory.pathOf(shardName(this.base, shard, this.count));
  }

  /**
   * Opens the data files, in rising order. Gives the missing ones. If there are very many, and none may be missing, it
   * gives only some of them.
   */
  async open(numbers: readonly number[]): Promise<readonly number[]> {
    const opened = await this.#openFirst(numbers);
    if (opened < numbers.length) this.#share();
    // No need to look further: a hostile header may claim any number of files.
    const enough = (): boolean =>
      this.#missing.length > 0 && this.count > MANY_SHARDS && this.options.allowMissing !== true;
    for (let at = opened; at < numbers.length && !enough(); at += TOGETHER) {
      throwIfAborted(this.options.signal, 'opening the checkpoint');
      await Promise.all(numbers.slice(at, at + TOGETHER).map(shard => this.#lookAt(shard)));
    }
    return this.#missing.sort((a, b) => a - b);
  }

  /** Takes over a file that is open already. */
  put(shard: number, file: ReadableFile): void {
    this.#files.set(shard, file);
  }

  /** Bytes of all data files of the checkpoint, including those that no entry needs. */
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
    // Nearly every checkpoint has one data file, and it is open.
    if (this.count === 1) return this.#files.get(0)?.close();
    await Promise.all([...this.#files.values()].map(file => file?.close()));
  }

  /** Opens as many files as may be open at once. Gives their number. */
  async #openFirst(numbers: readonly number[]): Promise<number> {
    const first = numbers.slice(0, this.#pool?.room ?? MAX_OPEN);
    for (const [at, shard] of first.entries()) {
      try {
        const file = await this.directory.open(shardName(this.base, shard, this.count));
        this.#set(shard, file && (this.#pool === null ? file : this.#pooled(this.#pool, file)));
      } catch (error) {
        if (!isExhausted(error)) throw error;
        this.#share();
        // No descriptor is left. Some are closed, because other parts of this process need descriptors too.
        await this.#pool!.shrink();
        return at;
      }
    }
    return first.length;
  }

  /** From now on files are closed and opened again as necessary. */
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

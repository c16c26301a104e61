/**
 * A save from start to end: find out sizes, plan, choose the generation, write the shards side by side, build the
 * index, publish. Nothing of the old checkpoint is touched before the publication's rename (src/commit/publication.ts).
 */

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { native } from '../binding.js';
import { nextCall } from '../commit/call-order.js';
import type { Committed } from '../commit/latest-name.js';
import { joinPrefix, splitSavePrefix } from '../commit/names.js';
import { savePathOf } from '../commit/paths.js';
import { Publication } from '../commit/publication.js';
import { isNativeError, TensorBundleError, throwIfAborted } from '../errors.js';
import { layout, naturalShards, totalCandidates, withTotal } from '../format/shard-plan.js';
import { inTurns } from '../format/turns.js';
import { allEnded } from '../storage/all-ended.js';
import { isExhausted } from '../storage/descriptors.js';
import { type Directory, withNewDirectory } from '../storage/directory.js';
import type { NewShard } from '../storage/new-files.js';
import { ChunkPool } from './chunk-pool.js';
import { resolveItems } from './encode-elements.js';
import { buildIndex } from './index-builder.js';
import type { Item, SizedItem } from './item.js';
import { abortWith } from './lazy-sources.js';
import { announce, type SaveEvent } from './save-events.js';
import { copiedBytes, ShardStream } from './shard-stream.js';
import type { CheckedOptions, Progress, SaveResult } from './writer-options.js';

/** Where a save goes. It is made before anything is awaited, so that a later `process.chdir` has no effect. */
interface SaveTarget {
  /** The prefix as the caller gave it; for a URL, its path. */
  prefix: string;
  /** Absolute. */
  directory: string;
  base: string;
  /** If several saves of this process go to one prefix, the one with the highest number stays. */
  call: number;
}

/** Throws ERR_INVALID_ARGUMENT and ERR_NOT_SUPPORTED for a prefix under which nothing can be saved. */
export function saveTarget(given: unknown, call: number = nextCall()): SaveTarget {
  const prefix = savePathOf(given);
  const { directory, base } = splitSavePrefix(prefix);
  return { prefix, directory: resolve(directory), base, call };
}

interface SaveHooks {
  /** If the save succeeds, it gets the directory, and must close it. */
  readonly onCommitted?: ((committed: Committed) => void) | undefined;
  /**
   * Called if the save succeeds, perhaps while replaced files are still being removed; then again after that if it
   * rejects, since there is more room on the disk. The directory is open until it has ended. Its errors are not the
   * save's: the caller that gave it keeps the last one.
   */
  readonly beside?: ((committed: Committed) => Promise<void>) | undefined;
}

/**
 * Saves `items`, in this order within each data file. Throws what `CheckpointWriter.finish` documents.
 */
export async function save(
  { prefix, directory, base, call }: SaveTarget,
  items: readonly Item[],
  options: CheckedOptions,
  { onCommitted, beside }: SaveHooks = {},
): Promise<SaveResult> {
  throwIfAborted(options.signal, 'the save');
  const resolved = await resolveItems(items, options.signal);
  return await withNewDirectory(directory, async opened => {
    const { durable } = options;
    const committed = { prefix: joinPrefix(directory, base), call, durable };
    let isDone = beside === undefined;
    const besideRemoval = async (names: readonly string[] | null): Promise<void> => {
      isDone = true;
      await beside?.({ ...committed, directory: opened, names, locked: true });
    };
    const work = new Save(prefix, opened, base, resolved, options, call, beside && besideRemoval);
    const result = await work.run();
    const { names } = work;
    if (!isDone) await beside?.({ ...committed, directory: opened, names }).catch(() => undefined);
    onCommitted?.({ ...committed, directory: opened.shared(), names });
    return result;
  });
}

/** A data file could not be created because no descriptor was left. No source has been asked for its contents yet. */
class NoDescriptor extends Error {}

/** How often a save chooses another total because another machine has taken its total. */
const MAX_ATTEMPTS = 50;
/** The longest pause before that, in milliseconds. */
const STEP_BACK_MS = 50;

/** So many data files may be synced and closed while others are written. */
const MOST_ENDING = 4;

type Plan = ReturnType<typeof layout>;

interface Written {
  crcs: Uint32Array;
  finished: Promise<void>;
}

interface Begun {
  publication: Publication;
  plan: Plan;
}

class Save {
  readonly #totalBytes: number;
  #bytesDone = 0;
  /** The other names in the directory at the commit; null if they are not known. */
  names: readonly string[] | null = null;

  constructor(
    private readonly prefix: string,
    private readonly directory: Directory,
    private readonly base: string,
    private readonly items: readonly SizedItem[],
    private readonly options: CheckedOptions,
    private readonly call: number,
    private readonly beside: ((names: readonly string[] | null) => Promise<void>) | undefined,
  ) {
    this.#totalBytes = items.reduce((sum, item) => sum + item.bytes, 0);
  }

  async run(): Promise<SaveResult> {
    const { items, options } = this;
    const naturalAssignment = naturalShards(items, options.shards, availableParallelism());
    const natural = Math.max(
      1,
      naturalAssignment.reduce((most, shard) => Math.max(most, shard + 1), 0),
    );
    const { publication, plan } = await this.#begin(
      total => layout(items, withTotal(naturalAssignment, natural, total), total),
      totalCandidates(natural, items.length),
    );
    let written = Promise.resolve();
    try {
      const total = publication.total;
      this.#announce('plan', total);
      const { crcs, finished } = await this.#writeShards(publication, plan);
      written = finished.then(() => this.#announce('write', total));
      written.catch(() => undefined);
      const placements = { shards: plan.shards, offsets: plan.offsets, crcs };
      const index = await inTurns(buildIndex(items, placements, plan.order.flat(), total), options.signal, 'the save');
      this.#report('sync');
      const onSynced = (): void => {
        this.#announce('sync', total);
        this.#report('commit');
      };
      const beside = this.beside && (() => this.beside!(publication.names));
      const removed = await publication.publish(index, written, { onSynced, beside });
      this.names = publication.names;
      if (removed !== null) {
        this.#announce('commit', total);
        this.#announce('clean', total, { removed });
      }
      return {
        prefix: this.prefix,
        tensors: tensorsIn(items),
        shards: total,
        bytesWritten: this.#totalBytes + index.byteLength,
        bytesLinked: 0,
      };
    } finally {
      await Promise.allSettled([written, publication.first.close()]);
      await publication.abandon();
    }
  }

  /**
   * Chooses the generation's total and creates its first data file, whose name nobody else can have then. On network
   * file systems each machine has its own lock of a directory, so two machines may choose the same total at once; the
   * second one chooses again.
   */
  async #begin(planOf: (total: number) => Plan, candidates: readonly number[]): Promise<Begun> {
    const { directory, base, options } = this;
    const bytes = this.#totalBytes + indexEstimate(this.items);
    for (let attempt = 1; ; attempt++) {
      try {
        let plan: Plan | undefined;
        const firstBytes = (total: number): number => {
          plan = planOf(total);
          return plan.shardBytes[0]!;
        };
        const more = { candidates, bytes, firstBytes, call: this.call };
        const publication = await Publication.begin(directory, base, { ...options, ...more });
        return { publication, plan: plan! };
      } catch (error) {
        // Not if there is an index already and the save must not replace it.
        const cause = error instanceof TensorBundleError && error.code === 'ERR_EXISTS' ? error.cause : null;
        const isTaken = isNativeError(cause);
        if (!isTaken || attempt === MAX_ATTEMPTS) throw error;
        await delay(Math.random() * STEP_BACK_MS);
      }
    }
  }

  /** Gives the CRC32C of each item. `finished` settles when all files are synced, if they must be, and closed. */
  async #writeShards(publication: Publication, plan: Plan): Promise<Written> {
    const crcs = new Uint32Array(this.items.length);
    const ends: Promise<void>[] = [];
    // The failure of one shard stops the others at their next batch.
    const stop = new AbortController();
    const letGo = abortWith(stop, this.options.signal);
    // Kept beside the signal, because a signal's reason cannot be undefined, but a source may reject with undefined.
    let failure: { cause: unknown } | null = null;
    const fail = (cause: unknown): { cause: unknown } => {
      failure ??= { cause };
      stop.abort(failure.cause);
      return failure;
    };
    const waiting = Array.from({ length: publication.total }, (_, shard) => shard).reverse();
    const workers = Math.min(publication.total, native.threads());
    const chunks = new ChunkPool(workers, copiedBytes(this.items));
    let running = workers;
    let written = 0;
    let ending = 0;
    const work = async (): Promise<void> => {
      for (let shard = waiting.pop(); shard !== undefined; shard = waiting.pop()) {
        const before = written;
        try {
          const file = shard === 0 ? publication.first : await this.#createShard(publication, plan, shard);
          const { end } = await this.#writeShard(file, plan, shard, chunks, stop.signal, crcs);
          ends.push(end);
          ending++;
          void end.catch(fail).finally(() => ending--);
          // The next file is written while this one is synced. Each of them needs a descriptor, so they are few.
          if (waiting.length > 0 && ending > MOST_ENDING) await end;
          written++;
        } catch (error) {
          // Each end frees a descriptor.
          const isEnding = error instanceof NoDescriptor && ending > 0;
          if (isEnding) await Promise.allSettled(ends);
          if (!(error instanceof NoDescriptor) || (running === 1 && written === before && !isEnding)) {
            throw fail(error instanceof NoDescriptor ? error.cause : error).cause;
          }
          // Each data file that another worker finishes frees a descriptor. With fewer workers there are enough.
          waiting.push(shard);
          if (running > 1) break;
        }
      }
      running--;
    };
    const results = await Promise.allSettled(Array.from({ length: workers }, work));
    chunks.free();
    letGo();
    const finished = allEnded(ends);
    if (stop.signal.aborted) await finished.catch(() => undefined);
    // The shards that were stopped report an abort. The caller needs the cause instead.
    throwIfAborted(this.options.signal, 'the save');
    if (stop.signal.aborted) throw fail(undefined).cause;
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return { crcs, finished };
  }

  async #createShard(publication: Publication, plan: Plan, shard: number): Promise<NewShard> {
    return publication.createShard(shard, plan.shardBytes[shard]!).catch(error => {
      throw isExhausted(error) ? new NoDescriptor('no descriptor is left', { cause: error }) : error;
    });
  }

  /** `end` settles when the file is finished and closed. */
  async #writeShard(
    file: NewShard,
    plan: Plan,
    shard: number,
    chunks: ChunkPool,
    signal: AbortSignal,
    crcs: Uint32Array,
  ): Promise<{ end: Promise<void> }> {
    const order = plan.order[shard]!;
    let end = Promise.resolve();
    try {
      throwIfAborted(signal, 'the save');
      const onBytes = (bytes: number): void => {
        this.#bytesDone += bytes;
        this.#report('write');
      };
      // In the same trip as the last bytes. If they cannot be written, this fails with the same error.
      const onLast = (): void => {
        end = allEnded([file.finish(this.options.durable), file.close()]);
      };
      const stream = new ShardStream(
        file,
        order.map(i => this.items[i]!),
        chunks,
        { signal, onBytes, onLast },
      );
      const found = await stream.run();
      for (let at = 0; at < order.length; at++) crcs[order[at]!] = found[at]!;
      return { end };
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  #report(phase: Progress['phase']): void {
    this.options.onProgress?.({ phase, bytes: this.#bytesDone, totalBytes: this.#totalBytes });
  }

  #announce(
    phase: 'plan' | 'write' | 'sync' | 'commit' | 'clean',
    shards: number,
    more: Partial<SaveEvent> = {},
  ): void {
    announce(phase, () => ({
      prefix: this.prefix,
      shards,
      bytes: this.#totalBytes,
      tensors: this.items.length,
      durable: this.options.durable,
      ...more,
    }));
  }
}

/** Several slices may be of one tensor. */
function tensorsIn(items: readonly Item[]): number {
  let whole = 0;
  const partitioned = new Set<string>();
  for (const { name, slice } of items) {
    if (slice === undefined) whole++;
    else partitioned.add(name);
  }
  return whole + partitioned.size;
}

/** An upper estimate for the index: each entry takes at most about 60 bytes beside its name and shape. */
function indexEstimate(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + 64 + 3 * item.name.length + 12 * item.shape.length, 4096);
}

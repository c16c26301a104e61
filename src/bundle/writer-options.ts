/** The options of all functions that write a checkpoint, and their checks. */
import { argumentMustBe } from '../errors.js';
import type { ShardPolicy } from '../format/shard-plan.js';
import { type OptionList, refuseUnknown } from '../options.js';

export interface Progress {
  phase: 'write' | 'sync' | 'commit' | 'read' | 'verify';
  /** Bytes done in this phase. */
  bytes: number;
  /** Bytes that there are to do. */
  totalBytes: number;
}

export interface WriterOptions {
  /**
   * How many data files. A number: that many, but not more than there are entries. `{ maxBytes }`: as many as necessary
   * so that none is larger. A tensor is never divided, so a larger tensor gets its own file. 'auto': by the number of
   * bytes and of processor cores. Default 1. An overwrite may use another number of files (FORMAT.md, Generations).
   */
  shards?: ShardPolicy;
  /**
   * Default true: the checkpoint is on stable storage when the save ends. False: the save survives the death of the
   * process, but not a power loss.
   */
  durable?: boolean;
  /**
   * What to do if the prefix has a checkpoint. 'atomic' (default): readers, and a crash, see the old checkpoint or the
   * new one. 'error': ERR_EXISTS. 'in-place': the new files have the same names as the old ones; the old checkpoint is
   * removed first, and a crash before the end leaves none.
   */
  overwrite?: 'atomic' | 'in-place' | 'error';
  /**
   * Default false. True: the data files of the checkpoint that is replaced stay, for programs that open data files
   * late.
   */
  keepPrevious?: boolean;
  /** How long to wait for the directory's lock, in milliseconds; after that ERR_LOCKED. Default 30,000. */
  lockTimeoutMs?: number;
  /**
   * Aborts the save. Before the commit: no file is left, and the save rejects with ERR_ABORTED. After the commit: no
   * effect. Default: none.
   */
  signal?: AbortSignal;
  /** Called from time to time with what has been done so far. Default: nothing is called. */
  onProgress?(progress: Progress): void;
}

export const WRITER_OPTIONS: OptionList<WriterOptions> = {
  shards: { maxBytes: true },
  durable: 'flag',
  overwrite: true,
  keepPrevious: 'flag',
  lockTimeoutMs: true,
  signal: 'signal',
  onProgress: 'function',
};

export interface SaveResult {
  /** The prefix, as it was given. */
  prefix: string;
  /** Tensors in the checkpoint; a partitioned tensor counts once. */
  tensors: number;
  /** Number of data files. */
  shards: number;
  /** Bytes of the data files and of the index. */
  bytesWritten: number;
  /** Bytes taken over from an earlier checkpoint without being written again. Always 0 in this version. */
  bytesLinked: number;
}

export interface CheckedOptions {
  shards: ShardPolicy;
  durable: boolean;
  overwrite: 'atomic' | 'in-place' | 'error';
  keepPrevious: boolean;
  lockTimeoutMs: number;
  signal: AbortSignal | undefined;
  onProgress: ((progress: Progress) => void) | undefined;
}

/** `what` is the function or class that got the options. Throws ERR_INVALID_ARGUMENT. */
export function checkOptions<T extends WriterOptions>(options: T, what: string, list: OptionList<T>): CheckedOptions {
  refuseUnknown(options, what, list);
  const shards = options.shards ?? 1;
  if (typeof shards === 'number') checkCount('shards', shards, 1, 99_999);
  else if (shards !== 'auto') checkCount('shards.maxBytes', shards?.maxBytes, 1, Number.MAX_SAFE_INTEGER);
  const overwrite = options.overwrite ?? 'atomic';
  if (!['atomic', 'in-place', 'error'].includes(overwrite))
    throw argumentMustBe('overwrite', "'atomic', 'in-place' or 'error'", overwrite);
  const lockTimeoutMs = options.lockTimeoutMs ?? 30_000;
  if (typeof lockTimeoutMs !== 'number' || !(lockTimeoutMs >= 0))
    throw argumentMustBe('lockTimeoutMs', 'a number of milliseconds', lockTimeoutMs);
  const { signal, onProgress } = options;
  return {
    shards,
    durable: options.durable ?? true,
    overwrite,
    keepPrevious: options.keepPrevious ?? false,
    lockTimeoutMs,
    signal,
    onProgress: onProgress?.bind(options),
  };
}

function checkCount(option: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw argumentMustBe(option, `a whole number from ${least} to ${most}`, value);
}

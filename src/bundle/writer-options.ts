/** Options of everything that writes a checkpoint, checked once. */
import { argumentMustBe } from '../errors.js';
import type { ShardPolicy } from '../format/shard-plan.js';
import { type OptionList, refuseUnknown } from '../options.js';

export interface Progress {
  phase: 'write' | 'sync' | 'commit' | 'read' | 'verify';
  bytes: number;
  totalBytes: number;
}

export interface WriterOptions {
  /**
   * Number of data files (clamped to the number of entries), a limit of bytes each (a larger tensor gets its own file;
   * a tensor is never cut), or 'auto' by bytes and cores. Default 1. An overwrite may use another total.
   */
  shards?: ShardPolicy;
  /** Default true: on stable storage when acknowledged. False survives the death of the process, not a power loss. */
  durable?: boolean;
  /**
   * 'atomic' (default): readers and crashes see the old checkpoint or the new one. 'error': ERR_EXISTS.
   * 'in-place': the same file names again; the old checkpoint is unlinked first, and a crash before the end leaves none.
   */
  overwrite?: 'atomic' | 'in-place' | 'error';
  /** Keeps the data files of the checkpoint that is replaced, for programs that open files lazily. Default false. */
  keepPrevious?: boolean;
  /** How long to wait for the directory's lock, in milliseconds; then ERR_LOCKED. Default 30,000. */
  lockTimeoutMs?: number;
  /** An abort before the commit leaves no file and rejects with ERR_ABORTED; after it, it has no effect. */
  signal?: AbortSignal;
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
  prefix: string;
  /** Tensors in the checkpoint; a partitioned tensor counts once. */
  tensors: number;
  shards: number;
  /** Bytes of the data files and of the index. */
  bytesWritten: number;
  /** Bytes taken over from an earlier checkpoint without writing them; always 0 so far. */
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

/** `what` is the function or class that they were given to. Throws ERR_INVALID_ARGUMENT. */
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

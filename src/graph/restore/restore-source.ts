/**
 * What a restore needs of the place that it reads: a checkpoint (`CheckpointReader`), or a file of another format whose
 * values have names. Whether values are whole is known before one is assigned: `check` or a read says it.
 */

import type { Progress } from '../../bundle/writer-options.js';
import type { TensorValue } from '../../format/dtypes.js';
import type { ReadMemory } from '../../storage/read-memory.js';
import type { StoredEntry } from '../stored-graph.js';

/** What a source is, as a part of a sentence. */
export type SourceKind = 'the checkpoint' | 'the file';

/** How a load is ended and watched. */
export interface LoadHooks {
  /** Ends it with ERR_ABORTED. Default: none. */
  signal?: AbortSignal | undefined;
  /** Default: nothing is called. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

export interface RestoreSource {
  /** Where it is, for messages: the prefix of a checkpoint, the path of a file. */
  readonly prefix: string;
  /** Default 'the checkpoint'. */
  readonly kind?: SourceKind;
  names(): readonly string[];
  has(name: string): boolean;
  /** Type and shape that a read gives, and its size in memory. Throws ERR_NOT_FOUND. */
  entry(name: string): StoredEntry;
  read(name: string): Promise<TensorValue>;
  /** The values in the order of the names. With `copy`, nobody else has their memory. */
  readAll(names: readonly string[], options?: { copy?: boolean; signal?: AbortSignal }): Promise<TensorValue[]>;
  /** As `readAll` with `copy`, into memory that TensorFlow.js takes without a copy. */
  readForTensors(names: readonly string[], memory: ReadMemory, signal?: AbortSignal): Promise<TensorValue[]>;
  /** Finds damage without keeping bytes. The phase of its progress is 'verify'. */
  check(names: readonly string[], hooks?: LoadHooks): Promise<void>;
}

/** The options of a save into one file: those of checkpoints, without what one file cannot have. */
import { checkOptions, type WriterOptions } from '../../../bundle/writer-options.js';
import { invalidArgument } from '../../../errors.js';
import type { OptionList } from '../../../options.js';

export interface FileOptions {
  readonly durable: boolean;
  readonly overwrite: 'atomic' | 'error';
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: WriterOptions['onProgress'];
}

/** Options that only checkpoints have, and what may be said about them for a file, too. */
const OF_CHECKPOINTS = {
  shards: { harmless: 1, why: 'it is one file of any size' },
  keepPrevious: { harmless: false, why: 'what it replaces is one file, which is gone then' },
  updateState: { harmless: false, why: 'the `checkpoint` file of a directory names checkpoints only' },
  optimizerKeys: { harmless: undefined, why: 'Keras has one way to write an optimizer into it' },
} as const;

/**
 * Throws ERR_INVALID_ARGUMENT for an option that makes no sense for a file. `what` is the function or class that was
 * called, `path` a path or a pattern of paths.
 */
export function checkFileOptions<T extends WriterOptions>(
  options: T,
  what: string,
  list: OptionList<T>,
  path: string,
): FileOptions {
  const { durable, overwrite, lockTimeoutMs, signal, onProgress } = checkOptions(options, what, list);
  for (const [name, { harmless, why }] of Object.entries(OF_CHECKPOINTS)) {
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && value !== harmless) throw useless(name, what, path, why, value);
  }
  if (overwrite === 'in-place')
    throw useless('overwrite', what, path, "a file is always replaced at once; leave it out, or 'error'", overwrite);
  return { durable, overwrite, lockTimeoutMs, signal, onProgress };
}

function useless(name: string, what: string, path: string, why: string, found: unknown): Error {
  const value = name === 'overwrite' ? `: '${String(found)}'` : '';
  return invalidArgument(`\`${name}${value}\` of ${what} is for checkpoints, not for '${path}': ${why}`, {
    path,
    found,
  });
}

/**
 * The metric value of the best save, stored in the checkpoint or in the file of Keras itself, so that neither exists
 * without the other.
 */
import { TextDecoder } from 'node:util';
import '../../disposal.js';
import { isDamageCode } from '../../bundle/damage.js';
import { locate } from '../../bundle/locate.js';
import { CheckpointReader } from '../../bundle/reader.js';
import { type ErrorCode, TensorBundleError } from '../../errors.js';
import { extraKey } from '../../graph/key.js';
import type { Extra } from '../../graph/trackable.js';
import type { Directories } from '../../storage/directories.js';
import { textExtra } from '../models/model-weights.js';
import type { Monitor } from './monitor.js';

const NAME = 'best';
/** The limit for its text (a metric, a mode and a number), far above any real one. */
const MAX_BYTES = 64 * 1024;

/** The value as it is stored. */
export function bestText({ metric, mode }: Monitor, value: number): string {
  return JSON.stringify({ metric, mode, value: String(value) });
}

/** For a checkpoint. */
export function bestExtra(text: string): Extra {
  return textExtra(NAME, text);
}

/**
 * Null if the checkpoint has no such value, has one of another metric, or is damaged: then it need not be kept. Rejects
 * if the checkpoint cannot be read.
 */
export async function storedBest(path: string, directories: Directories, monitor: Monitor): Promise<number | null> {
  return await unlessDamaged(async () => {
    await using reader = await CheckpointReader.openLocated(await locate(path, directories));
    return await bestIn(reader, monitor);
  });
}

/** As `storedBest`, for a checkpoint that is open. */
export async function bestIn(reader: CheckpointReader, monitor: Monitor): Promise<number | null> {
  return await unlessDamaged(async () => {
    const key = extraKey('', NAME);
    if (!reader.has(key) || reader.entry(key).bytes > MAX_BYTES) return null;
    const { data } = await reader.read(key);
    return parsed(new TextDecoder().decode((data as Uint8Array[])[0]), monitor);
  });
}

/** As `storedBest`, for a file of Keras. Null also if it has a form that this package does not know. */
export async function bestInFile(path: string, monitor: Monitor): Promise<number | null> {
  const { openKerasFile } = await import('../keras/files/open-keras-file.js');
  return await unlessDamaged(async () => {
    await using file = await openKerasFile(path);
    const text = await file?.best();
    return text == null || text.length > MAX_BYTES ? null : parsed(text, monitor);
  }, ['ERR_NOT_SUPPORTED']);
}

/** Throws if it is not JSON. */
function parsed(text: string, { metric, mode }: Monitor): number | null {
  const stored = JSON.parse(text) as Record<string, unknown>;
  const value = Number(stored.value);
  return stored.metric === metric && stored.mode === mode && !Number.isNaN(value) ? value : null;
}

async function unlessDamaged(
  read: () => Promise<number | null>,
  besides: readonly ErrorCode[] = [],
): Promise<number | null> {
  try {
    return await read();
  } catch (error) {
    const code = error instanceof TensorBundleError ? error.code : undefined;
    if (code !== undefined && !isDamageCode(code) && !besides.includes(code)) throw error;
    return null;
  }
}

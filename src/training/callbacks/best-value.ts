/**
 * The metric value of the best checkpoint, stored in the checkpoint itself, so that neither exists without the other.
 */
import { TextDecoder } from 'node:util';
import '../../disposal.js';
import { isDamage } from '../../bundle/damage.js';
import { locate } from '../../bundle/locate.js';
import { CheckpointReader } from '../../bundle/reader.js';
import { TensorBundleError } from '../../errors.js';
import { extraKey } from '../../graph/key.js';
import type { Extra } from '../../graph/trackable.js';
import type { Directories } from '../../storage/directories.js';
import { textExtra } from '../models/model-weights.js';
import type { Monitor } from './monitor.js';

const NAME = 'best';
/** The limit for its text (a metric, a mode and a number), far above any real one. */
const MAX_BYTES = 64 * 1024;

export function bestExtra({ metric, mode }: Monitor, value: number): Extra {
  return textExtra(NAME, JSON.stringify({ metric, mode, value: String(value) }));
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
export async function bestIn(reader: CheckpointReader, { metric, mode }: Monitor): Promise<number | null> {
  return await unlessDamaged(async () => {
    const key = extraKey('', NAME);
    if (!reader.has(key) || reader.entry(key).bytes > MAX_BYTES) return null;
    const { data } = await reader.read(key);
    const stored = JSON.parse(new TextDecoder().decode((data as Uint8Array[])[0])) as Record<string, unknown>;
    const value = Number(stored.value);
    return stored.metric === metric && stored.mode === mode && !Number.isNaN(value) ? value : null;
  });
}

async function unlessDamaged(read: () => Promise<number | null>): Promise<number | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TensorBundleError && !isDamage(error)) throw error;
    return null;
  }
}

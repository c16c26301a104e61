/**
 * What a manager knows of its checkpoints beyond TensorFlow's `checkpoint` file: steps, metrics, pins. It lies beside that file, as
 * JSON, and is replaced as atomically; TensorFlow does not look at it. Whoever loses it loses no checkpoint.
 */
import { resolve } from 'node:path';
import { replaceSmallFile } from '../commit/small-file.js';
import { relativePath } from '../commit/state-file.js';
import { LocalStore } from '../storage/local-store.js';
import type { KeptCheckpoint } from './retention.js';

export const LEDGER_NAME = 'checkpoint.tensorbundle';
const VERSION = 1;
/** Far above any real one. */
const MAX_BYTES = 64 * 1024 * 1024;

/** By path as the manager has it. Empty where there is no ledger, or one that cannot be read. */
export function readLedger(directory: string, place: (relative: string) => string): Map<string, KeptCheckpoint> {
  const bytes = LocalStore.readNow(resolve(directory), LEDGER_NAME, MAX_BYTES);
  const entries = bytes === null ? [] : parse(new TextDecoder().decode(bytes));
  return new Map(entries.map(entry => [place(entry.path), { ...entry, path: place(entry.path) }]));
}

/** Oldest first. */
export async function writeLedger(
  directory: string,
  checkpoints: readonly KeptCheckpoint[],
  durable: boolean,
): Promise<void> {
  const entries = checkpoints.map(one => ({ ...one, path: relativePath(directory, one.path) }));
  const text = `${JSON.stringify({ version: VERSION, checkpoints: entries }, null, 1)}\n`;
  const store = await LocalStore.create(resolve(directory));
  try {
    await store.exclusively(30_000, undefined, () => replaceSmallFile(store, LEDGER_NAME, text, durable));
  } finally {
    await store.close();
  }
}

function parse(text: string): KeptCheckpoint[] {
  try {
    const { version, checkpoints } = JSON.parse(text) as { version?: unknown; checkpoints?: unknown };
    return version === VERSION && Array.isArray(checkpoints) ? checkpoints.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is KeptCheckpoint {
  const { path, number, step, time, metrics, pinned } = (value ?? {}) as Partial<KeptCheckpoint>;
  return (
    typeof path === 'string' &&
    typeof number === 'number' &&
    (step === null || typeof step === 'number') &&
    typeof time === 'number' &&
    typeof metrics === 'object' &&
    metrics !== null &&
    Object.values(metrics).every(metric => typeof metric === 'number') &&
    typeof pinned === 'boolean'
  );
}

/**
 * What a manager knows of its checkpoints beyond TensorFlow's `checkpoint` file: steps, metrics, pins. It is a JSON
 * file beside that file, and is replaced atomically too. TensorFlow does not read it. If it is lost, no checkpoint is
 * lost.
 */

import { TextDecoder } from 'node:util';
import { schemeOf } from '../../commit/paths.js';
import { replaceSmallFile } from '../../commit/small-file.js';
import { joined, relativePath } from '../../commit/state-file.js';
import { TensorBundleError } from '../../errors.js';
import type { Directory } from '../../storage/directory.js';
import { readFileNow } from '../../storage/read-now.js';
import type { KeptCheckpoint } from './retention.js';

const LEDGER_NAME = 'checkpoint.tensorbundle';
const VERSION = 1;
/**
 * Enough for some 40,000 checkpoints, far more than any real ledger has. It is limited since it is read synchronously.
 */
const MAX_BYTES = 4 * 1024 * 1024;

/** How numbers that are not finite are written. Version 0.1 wrote `null` for all of them. */
const NOT_FINITE = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  [null, Number.NaN],
]);

/**
 * The entries by path; paths are joined to the directory as those of the state file are. Empty if there is no ledger,
 * or a damaged one. Throws ERR_NOT_A_CHECKPOINT if it is not a file.
 */
export function readLedger(directory: string): Map<string, KeptCheckpoint> {
  // What is not on this machine (gs://…) cannot be kept or removed here.
  const entries = parse(textNow(directory)).filter(({ path }) => schemeOf(path) === null);
  return new Map(
    entries.map(entry => [joined(directory, entry.path), { ...entry, path: joined(directory, entry.path) }]),
  );
}

interface LedgerWrite {
  /** Path of the manager's directory. */
  readonly directory: string;
  readonly durable: boolean;
  /** The names in the directory, if the caller has just listed them. */
  readonly names?: readonly string[] | null | undefined;
  isOther(path: string): boolean;
  readonly isLast?: boolean;
}

/**
 * Writes the entries, oldest first. Entries of another manager (`isOther`, by path) that are on disk stay. With
 * `isLast`, the file is removed if there are none of those. Rejects with ERR_TOO_LARGE if the file would be too large
 * to be read again.
 */
export async function writeLedger(
  opened: Directory,
  checkpoints: readonly KeptCheckpoint[],
  { directory, durable, names, isOther, isLast = false }: LedgerWrite,
): Promise<void> {
  const entries = checkpoints.map(one => written({ ...one, path: relativePath(directory, one.path) }));
  await opened.exclusively(30_000, undefined, async () => {
    const others = parse(await textIn(opened)).flatMap(one =>
      isOther(joined(directory, one.path)) ? [written(one)] : [],
    );
    if (isLast && others.length === 0) return void (await opened.remove(LEDGER_NAME));
    const text = `${JSON.stringify({ version: VERSION, checkpoints: [...others, ...entries] }, null, 1)}\n`;
    checkSize(Buffer.byteLength(text), opened.pathOf(LEDGER_NAME));
    await replaceSmallFile(opened, LEDGER_NAME, text, { durable, names });
  });
}

/** An entry as it is written in JSON. */
function written(one: KeptCheckpoint): object {
  const metrics = Object.entries(one.metrics).map(([name, value]) => [name, writtenNumber(value)]);
  return { ...one, metrics: Object.fromEntries(metrics) as object };
}

function checkSize(found: number, path: string): void {
  if (found <= MAX_BYTES) return;
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `${path} would have ${found} bytes, and the limit is ${MAX_BYTES}; keep fewer checkpoints, or ` +
      `fewer metrics of each`,
    { path, expected: MAX_BYTES, found },
  );
}

function textNow(directory: string): string {
  try {
    const bytes = readFileNow(directory, LEDGER_NAME, MAX_BYTES);
    return bytes === null ? '' : new TextDecoder().decode(bytes);
  } catch (error) {
    if (error instanceof TensorBundleError && error.code === 'ERR_TOO_LARGE') return '';
    throw error;
  }
}

async function textIn(directory: Directory): Promise<string> {
  const file = await directory.open(LEDGER_NAME);
  try {
    return file === null || file.size > MAX_BYTES ? '' : new TextDecoder().decode(await file.readAll(MAX_BYTES));
  } finally {
    await file?.close();
  }
}

/** JSON cannot write NaN and infinities, but the metrics of a training that diverged have them. */
function writtenNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function parse(text: string): KeptCheckpoint[] {
  try {
    const { version, checkpoints } = JSON.parse(text) as { version?: unknown; checkpoints?: unknown };
    return version === VERSION && Array.isArray(checkpoints) ? checkpoints.flatMap(one => entryOf(one) ?? []) : [];
  } catch {
    return [];
  }
}

/** Null if the value is not an entry. Only metrics that are numbers are taken. */
function entryOf(value: unknown): KeptCheckpoint | null {
  const { path, number, step, time, metrics, pinned } = (value ?? {}) as Record<string, unknown>;
  if (typeof path !== 'string' || path === '' || path.includes('\0')) return null;
  if (!isNumber(number) || !isNumber(time) || typeof pinned !== 'boolean') return null;
  if (step !== null && !isNumber(step)) return null;
  if (typeof metrics !== 'object' || metrics === null) return null;
  const numbers = Object.entries(metrics).flatMap(([name, written]) => {
    const read = NOT_FINITE.get(written) ?? written;
    return typeof read === 'number' ? [[name, read] as const] : [];
  });
  return { path, number, step, time, metrics: Object.fromEntries(numbers), pinned };
}

/** JSON.parse reads 1e999 as Infinity, which could not be written again. */
function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

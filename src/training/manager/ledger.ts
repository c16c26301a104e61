/**
 * What a manager knows of its checkpoints beyond TensorFlow's `checkpoint` file: steps, metrics, pins. It lies beside
 * that file, as JSON, and is replaced as atomically; TensorFlow does not look at it. Whoever loses it loses no
 * checkpoint.
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
/** Some 40,000 checkpoints: far above any real one. It is read while the process waits. */
const MAX_BYTES = 4 * 1024 * 1024;

/** `null` is what version 0.1 wrote for all of them. */
const NOT_FINITE = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  [null, Number.NaN],
]);

/**
 * By path, joined to the directory as those of the state file. Empty where there is no ledger, or one that is damaged;
 * ERR_NOT_A_CHECKPOINT for what is no file.
 */
export function readLedger(directory: string): Map<string, KeptCheckpoint> {
  // What is not on this machine (gs://…) is nobody's here to keep or to remove.
  const entries = parse(textNow(directory)).filter(({ path }) => schemeOf(path) === null);
  return new Map(
    entries.map(entry => [joined(directory, entry.path), { ...entry, path: joined(directory, entry.path) }]),
  );
}

interface LedgerWrite {
  /** Path of the manager's directory. */
  readonly directory: string;
  readonly durable: boolean;
  /** What is in the directory, where the caller has just listed it. */
  readonly names?: readonly string[] | null | undefined;
  isOther(path: string): boolean;
  readonly isLast?: boolean;
}

/**
 * Oldest first. Entries on disk that are another manager's (`isOther`, by path) stay. Nothing is left of the file if
 * there are none at all. Rejects with ERR_TOO_LARGE for what could not be read again.
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

/** As JSON has it. */
function written(one: KeptCheckpoint): object {
  const metrics = Object.entries(one.metrics).map(([name, value]) => [name, writtenNumber(value)]);
  return { ...one, metrics: Object.fromEntries(metrics) as object };
}

function checkSize(found: number, path: string): void {
  if (found <= MAX_BYTES) return;
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `${path} would have ${found} bytes, more than the ${MAX_BYTES} it may have; keep fewer checkpoints, or ` +
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

/** JSON has no word for these; a training that diverged has them all the same. */
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

/** Null for what is no entry. Of the metrics, those that are numbers. */
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

/** JSON's 1e999 is Infinity, which could not be written again. */
function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

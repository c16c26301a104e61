/** Runs keras.py: one Python process per call, with a whole batch of models. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface KerasCase {
  name: string;
  /** Architecture, as tfjs's `model.toJSON()` gives it. */
  json: string;
  inputs: { shape: number[]; data: number[] }[];
  /** Prefix that Node wrote. */
  from: string;
  /** Prefix Python writes the same weights to. */
  to: string;
  /** Prefix Python writes other weights to. */
  changed: string;
}

export interface KerasAnswer {
  cases: Record<string, { before: number[][]; after: number[][] }>;
  extras: { weights: number[][] };
}

const root = fileURLToPath(new URL('../../', import.meta.url));

export async function runKeras(directory: string, cases: KerasCase[], extras: string): Promise<KerasAnswer> {
  const job = join(directory, 'job.json');
  await writeFile(job, JSON.stringify({ cases, extras }));
  const python = join(root, '.tools', 'venv', 'bin', 'python');
  await promisify(execFile)(python, [join(root, 'test', 'layers', 'keras.py'), job], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(await readFile(`${job}.answer`, 'utf8')) as KerasAnswer;
}

/** Runs child.mjs: one save in a process of its own that a fault may kill. Needs the built `dist`. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CheckpointStateUpdate, WriterOptions } from '../../src/index.js';
import { type Fault, faultAddonPath, type Operation } from '../native/fault-binding.js';
import type { PlainTensor } from './generation.js';

export interface ChildRun {
  action?: 'save' | 'remove' | 'state';
  prefix?: string;
  tensors?: readonly PlainTensor[];
  options?: WriterOptions;
  faults?: readonly Fault[];
  state?: { directory: string; update: CheckpointStateUpdate };
}

export interface ChildResult {
  /** Killed by SIGKILL, as asked. */
  killed: boolean;
  /** Code of the error it reported. */
  code?: string;
  operations: Operation[];
}

const script = fileURLToPath(new URL('child.mjs', import.meta.url));

export function runChild(run: ChildRun): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, TENSORBUNDLE_BINDING: faultAddonPath };
    const options = { env, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [script, JSON.stringify(run)], options, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') return resolve({ killed: true, operations: [] });
      if (error) return reject(new Error(`the child failed: ${error.message}\n${stderr}`));
      resolve({ killed: false, operations: [], ...(JSON.parse(stdout) as Partial<ChildResult>) });
    });
  });
}

/** Operations of the engine that change what lies on disk, or say that it is safe there. */
const WRITES = new Set([
  'mkdir',
  'rename',
  'renameat2',
  'unlink',
  'rmdir',
  'fsync',
  'fdatasync',
  'fchmod',
  'pwrite',
  'fallocate',
  'sync_file_range',
]);

/**
 * One fault for each operation of a recorded run that writes, and one for each that creates a file: the k-th call of
 * its kind, because shards are written side by side and the order of all calls is not fixed.
 */
export function writePoints(operations: readonly Operation[], action: Fault['action']): Fault[] {
  const seen = new Map<string, number>();
  const points: Fault[] = [];
  for (const { syscall, path } of operations) {
    const at = (seen.get(syscall) ?? 0) + 1;
    seen.set(syscall, at);
    const creates =
      syscall === 'open' && path !== undefined && /\.(?:data-\d|intent-|unsynced-|tmp-|new-|saving-)/.test(path);
    if (WRITES.has(syscall) || creates) points.push({ at, syscall, action });
  }
  return points;
}

/** A manager, and what its files may name: for tests of which of these it takes for its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { CheckpointWriter } from '../../../src/index.js';
import { Checkpoint, CheckpointManager, type ManagerOptions } from '../../../src/tfjs.js';

export async function put(prefix: string): Promise<void> {
  mkdirSync(dirname(prefix), { recursive: true });
  const writer = new CheckpointWriter(prefix, { durable: false });
  writer.add('v', { dtype: 'float32', shape: [2], data: new Float32Array(2) });
  await writer.finish();
}

export function manage(run: string, options: Partial<ManagerOptions> = {}): CheckpointManager {
  const v = tf.tidy(() => tf.variable(tf.scalar(1)));
  return new CheckpointManager(new Checkpoint({ v }), run, { maxToKeep: 1, ...options });
}

export const now = (): number => Date.now() / 1000;
export const quoted = (path: string): string => JSON.stringify(path);

/** A state file, oldest first, the last the newest. */
export function writeState(run: string, ...paths: string[]): void {
  const lines = [`model_checkpoint_path: ${quoted(paths.at(-1)!)}`];
  for (const path of paths) lines.push(`all_model_checkpoint_paths: ${quoted(path)}`);
  for (const i of paths.keys()) lines.push(`all_model_checkpoint_timestamps: ${now() - 100 + i}`);
  writeFileSync(join(run, 'checkpoint'), `${lines.join('\n')}\nlast_preserved_timestamp: ${now() - 1000}\n`);
}

export function writeLedger(run: string, entries: { path: string; pinned?: boolean }[]): void {
  const checkpoints = entries.map(entry => ({
    number: 1,
    step: null,
    time: now() - 50,
    metrics: {},
    pinned: false,
    ...entry,
  }));
  writeFileSync(join(run, 'checkpoint.tensorbundle'), JSON.stringify({ version: 1, checkpoints }));
}

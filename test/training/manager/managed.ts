/** A manager of one variable, for tests of what it keeps and what it restores. */
import * as tf from '@tensorflow/tfjs-node';
import { Checkpoint, CheckpointManager, type ManagerOptions } from '../../../src/tfjs.js';

export interface Training {
  manager: CheckpointManager;
  variable: tf.Variable;
  checkpoint: Checkpoint;
}

export function start(directory: string, options: Partial<ManagerOptions> = {}): Training {
  const variable = tf.tidy(() => tf.variable(tf.zeros([1000])));
  const checkpoint = new Checkpoint({ v: variable });
  return { manager: new CheckpointManager(checkpoint, directory, { maxToKeep: 2, ...options }), variable, checkpoint };
}

export async function save({ manager, variable }: Training, value: number, metrics = {}): Promise<string> {
  tf.tidy(() => variable.assign(tf.fill([1000], value)));
  return (await manager.save({ metrics }))!;
}

export const value = ({ variable }: Training): number => variable.dataSync()[0]!;

export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'no error';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** A backup that is replaced after it was found and before it is opened: an interrupted training still saves. */
import '../../crash/fault-engine.js';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-node';
import { afterEach, expect, test } from 'vitest';
import { BackupAndRestore } from '../../../src/tfjs.js';
import { Scratch } from '../../crash/scratch.js';
import { faulty } from '../../native/fault-binding.js';

const scratch = new Scratch('replaced backup');
afterEach(() => faulty.setFaults(null));

const network = (): tf.Sequential => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
  model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
  return model;
};

/** Backups after the epochs; only the newest stays. */
async function trained(backupDir: string, epochs: number): Promise<void> {
  const model = network();
  const backup = new BackupAndRestore({ backupDir, deleteCheckpoint: false });
  const { initialEpoch } = await backup.resume(model);
  const callbacks = [backup];
  await model.fit(tf.ones([4, 3]), tf.ones([4, 2]), { epochs, initialEpoch, callbacks, verbose: 0 });
}

test('the backup that is there instead is restored', async () => {
  const [old, later] = [join(scratch.directory(), 'old'), join(scratch.directory(), 'later')];
  await trained(old, 1);
  cpSync(old, later, { recursive: true });
  await trained(later, 2);
  expect(readdirSync(old)).toContain('backup-1.index');
  expect(readdirSync(later)).toContain('backup-2.index');
  expect(readdirSync(later)).not.toContain('backup-1.index');

  faulty.setFaults([{ at: 1, syscall: 'open', path: 'backup-1.index', action: 'hold' }]);
  const resumed = new BackupAndRestore({ backupDir: old }).resume(network());
  // Until it waits with the first backup in its hand. On a busy machine it may find the second one at once.
  await delay(300);
  for (const name of readdirSync(old)) rmSync(join(old, name));
  cpSync(later, old, { recursive: true });
  faulty.setFaults(null);
  expect(await resumed).toMatchObject({ initialEpoch: 2 });
  expect(faulty.openDescriptors()).toBe(0);
});

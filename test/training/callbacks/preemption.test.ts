/**
 * SIGTERM in the middle of an epoch: real processes, which save, end by the signal, and go on bit for bit as if it had
 * not come.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { run } from './preempted.js';

it('BackupAndRestore: mid-epoch, twice; the training that is resumed equals one that was not interrupted', async () => {
  const [whole, first] = await Promise.all([run('backup', 'whole'), run('backup', 'cut', { at: 14 })]);
  expect([whole.signal, whole.batches.length, whole.said]).toEqual([null, 30, ['listeners 0']]);
  expect([first.signal, first.weights, first.batches]).toEqual(['SIGTERM', null, whole.batches.slice(0, 14)]);
  const second = await run('backup', 'cut', { at: 3 });
  expect([second.signal, second.batches]).toEqual(['SIGTERM', whole.batches.slice(14, 17)]);
  const last = await run('backup', 'cut');
  expect([last.signal, last.batches, last.weights]).toEqual([null, whole.batches.slice(17), whole.weights]);
}, 60_000);

it('a worker thread, which SIGTERM does not reach, says so', async () => {
  const worker = new Worker(new URL('preempted-worker.mjs', import.meta.url));
  const [warnings] = (await once(worker, 'message')) as [string[]];
  await worker.terminate();
  expect(warnings).toEqual(['TENSORBUNDLE_PREEMPTION']);
}, 60_000);

/**
 * Measures the longest delay of the event loop during one action. The input of the action is made before the
 * measurement.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { CheckpointReader, CheckpointWriter, readCheckpointState, verifyCheckpoint } from 'tensorbundle';
import { answer, args, timed, warmUp } from './measured.mjs';
import { makeTensors, PREFIX } from './tensors.mjs';

const { run, directory, bytes } = args;
const prefix = join(directory, PREFIX);
const file = join(directory, 'file');
mkdirSync(directory, { recursive: true });

/** Each makes its input and returns the action to measure. */
const subjects = {
  async index() {
    const writer = new CheckpointWriter(prefix, { durable: false });
    for (let i = 0; i < 500_000; i++)
      writer.add(`layer-${i}/kernel`, { dtype: 'int32', shape: [1], data: Int32Array.of(i) });
    await writer.finish();
    return () => verifyCheckpoint(prefix);
  },
  async slices() {
    const writer = new CheckpointWriter(prefix, { durable: false });
    for (let i = 0; i < 20_000; i++)
      writer.addSlice('x', [20_000, 2], [i, 0], { dtype: 'int32', shape: [1, 2], data: Int32Array.of(i, i) });
    await writer.finish();
    return async () => {
      const reader = await CheckpointReader.open(prefix);
      await reader.read('x', { begin: [7, 0], size: [1, 1] });
      await reader.close();
    };
  },
  async state() {
    const line = 'all_model_checkpoint_paths: "ckpt-1234567"\n';
    const count = Math.floor((4 * 2 ** 20 - 100) / line.length);
    writeFileSync(join(directory, 'checkpoint'), `model_checkpoint_path: "ckpt-1"\n${line.repeat(count)}`);
    return () => readCheckpointState(directory);
  },
  async csv() {
    const { CSVDataset } = await import('tensorbundle/tfjs');
    writeFileSync(file, `a,b\n"1,2\n${'1234567,1234567\n'.repeat(2 ** 22)}`);
    return async () => (await new CSVDataset(file).iterator()).next().catch(error => error);
  },
  async rows() {
    const { CSVDataset } = await import('tensorbundle/tfjs');
    writeFileSync(file, `a,b\n${'1234567,1234567\n'.repeat(500_000)}`);
    return async () => {
      const iterator = await new CSVDataset(file).iterator();
      while (!(await iterator.next()).done);
    };
  },
  async save() {
    const tensors = makeTensors({ count: 64, bytes });
    return () => {
      const writer = new CheckpointWriter(prefix, { durable: false });
      for (const { name, ...tensor } of tensors) writer.add(name, tensor);
      return writer.finish();
    };
  },
};

const action = await subjects[run]();
await warmUp();
const histogram = monitorEventLoopDelay({ resolution: 1 });
histogram.enable();
await delay(20);
histogram.reset();
const { seconds } = await timed(action);
await delay(5);
histogram.disable();
answer({ seconds, delayMs: histogram.max / 1e6 });

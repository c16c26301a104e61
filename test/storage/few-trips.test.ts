/**
 * What a load of a small checkpoint costs, counted and not timed: the operations on files in their order, and how often
 * the addon is called. Each call is a trip to another thread and back.
 */
import '../crash/fault-engine.js';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { dispatch } from '../../src/cli/dispatch.js';
import { Output } from '../../src/cli/terminal/output.js';
import { CheckpointReader, CheckpointWriter, type WriterOptions } from '../../src/index.js';
import { Checkpoint, loadModel, loadWeights, saveModel, saveWeights } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { type FaultBinding, faulty } from '../native/fault-binding.js';

const scratch = new Scratch('few-trips');
const quick = { durable: false } as const;
const WATCHED = [
  'openDirectory',
  'open',
  'openFiles',
  'close',
  'stat',
  'list',
  'readAll',
  'readRanges',
  'map',
] as const;
const calls: string[] = [];
/** Checksums that were made on the JavaScript thread. */
let checksums = 0;
const real = Object.fromEntries([...WATCHED, 'crc32c' as const].map(name => [name, faulty[name]])) as Pick<
  FaultBinding,
  (typeof WATCHED)[number] | 'crc32c'
>;

let model: tf.Sequential;
let folder: string;

beforeAll(async () => {
  for (const name of [...WATCHED, 'checksumRanges'] as const) {
    const call = faulty[name] as (...given: unknown[]) => unknown;
    Object.assign(faulty, {
      [name]: (...given: unknown[]) => {
        calls.push(name);
        return call.apply(faulty, given);
      },
    });
  }
  const { crc32c } = faulty;
  faulty.crc32c = (data, seed) => {
    checksums++;
    return crc32c.call(faulty, data, seed);
  };
  const layers = [20, 30, 40].map((units, i) => tf.layers.dense({ units, ...(i === 0 && { inputShape: [10] }) }));
  model = tf.sequential({ layers });
  model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  const [xs, ys] = [tf.zeros([4, 10]), tf.zeros([4, 40])];
  await model.fit(xs, ys, { epochs: 1, verbose: 0 });
  tf.dispose([xs, ys]);
  folder = scratch.directory();
  await saveWeights(model, join(folder, 'w'), quick);
  await saveModel(model, join(folder, 'm'), quick);
  await new Checkpoint({ model }).write(join(folder, 'c'), quick);
});
afterAll(() => {
  Object.assign(faulty, real);
  model.dispose();
});
afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

async function watched(run: () => unknown): Promise<{ calls: string[]; operations: string[] }> {
  faulty.setFaults([]);
  calls.length = 0;
  checksums = 0;
  await run();
  const operations = faulty.operations().map(({ syscall, path = '' }) => `${syscall} ${path.slice(folder.length + 1)}`);
  return { calls: [...calls], operations };
}

const opened = async (path: string): Promise<void> => (await CheckpointReader.open(path)).close();

test('one data file: opened by one call', async () => {
  const path = join(folder, 'w');
  const data = 'w.data-00000-of-00001';
  const found = await watched(() => opened(path));
  expect(found.calls).toEqual(['openFiles', 'close']);
  // The thorough reader of tables asks for the checksum of each block. It reads what the addon did not.
  expect(checksums).toBe(0);
  expect(found.operations.map(one => one.trim())).toEqual([
    'open',
    'stat',
    'open w.index',
    'stat w.index',
    'stat w.index',
    'stat w.index',
    'pread w.index',
    `open ${data}`,
    `stat ${data}`,
    `stat ${data}`,
    // Whether the index is still the one that was read, which is open for so long.
    'stat w.index',
    'close w.index',
    'close',
    `close ${data}`,
  ]);
});

test('a small model: its graph, then all its values in one call', async () => {
  const graphAndValues = ['openFiles', 'readRanges', 'readRanges', 'close'];
  expect((await watched(() => loadWeights(model, join(folder, 'w')))).calls).toEqual(graphAndValues);
  expect((await watched(() => new Checkpoint({ model }).read(join(folder, 'c')))).calls).toEqual(graphAndValues);
  // The architecture comes first.
  const loading = await watched(async () => (await loadModel(join(folder, 'm'))).dispose());
  expect(loading.calls).toEqual(['openFiles', 'readRanges', ...graphAndValues.slice(1)]);
});

test('ls reads no tensor', async () => {
  const sink = { write: () => true, on: () => undefined };
  const ls = (): Promise<number> => dispatch(['ls', join(folder, 'w')], new Output(sink, sink, {}, () => undefined));
  expect((await watched(ls)).calls).toEqual(['openFiles', 'close']);
});

/** A checkpoint of one tensor, over which `saves - 1` others were saved. */
async function overwritten(saves: number, options: WriterOptions): Promise<string> {
  const path = join(scratch.directory(), 'm');
  for (let i = 1; i <= saves; i++)
    await new CheckpointWriter(path, options).add('a', { dtype: 'int8', shape: [1], data: Int8Array.of(i) }).finish();
  return path;
}

async function readAndShards(path: string): Promise<[number, number]> {
  await using reader = await CheckpointReader.open(path);
  return [Number((await reader.read('a', { copy: true })).data[0]), reader.numShards];
}

test('one that was saved over others: a call for each number of data files that it may have', async () => {
  const twice = await overwritten(2, quick);
  const found = await watched(async () => expect(await readAndShards(twice)).toEqual([2, 2]));
  expect(found.calls).toEqual(['openFiles', 'close', 'close', 'openFiles', 'readRanges', 'close', 'close']);
});

test('one that was saved over others, whose files are still there', async () => {
  const path = await overwritten(2, { ...quick, keepPrevious: true });
  const found = await watched(async () => expect(await readAndShards(path)).toEqual([2, 2]));
  expect(found.calls).toEqual(['openFiles', 'close', 'openFiles', 'readRanges', 'close', 'close']);
});

test('not synced over a synced one: three data files at last', async () => {
  const path = await overwritten(1, {});
  for (let i = 2; i <= 5; i++) {
    await new CheckpointWriter(path, quick).add('a', { dtype: 'int8', shape: [1], data: Int8Array.of(i) }).finish();
    const found = await watched(async () => expect((await readAndShards(path))[0]).toBe(i));
    expect(found.calls.filter(call => call === 'open' || call === 'list')).toEqual([]);
  }
});

test('several data files: the attempt leaves nothing open', async () => {
  const writer = new CheckpointWriter(join(folder, 'several'), { ...quick, shards: 4 });
  for (let i = 0; i < 8; i++) writer.add(`t${i}`, { dtype: 'float32', shape: [64], data: new Float32Array(64) });
  await writer.finish();
  const found = await watched(() => opened(join(folder, 'several')));
  expect(found.calls[0]).toBe('openFiles');
  // Index and directory of each attempt, the directory of the last one only once; then index and data files.
  expect(found.operations.filter(one => one.startsWith('close'))).toHaveLength(2 + 2 + 2 + 1 + 4);
});

/**
 * The prefix `dir/`, whose index is `dir/.index`: what TensorFlow leaves is read by every way, and written so that it
 * finds it.
 */
import '../crash/fault-engine.js';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chdir, cwd } from 'node:process';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { removeOrphans } from '../../src/commit/leftovers.js';
import {
  CheckpointReader,
  checkpointExists,
  copyCheckpoint,
  latestCheckpoint,
  latestValidCheckpoint,
  listVariables,
  loadVariable,
  mergeCheckpoints,
  readCheckpointState,
  removeCheckpoint,
  updateCheckpointState,
  verifyCheckpoint,
} from '../../src/index.js';
import { withDirectory } from '../../src/storage/directory.js';
import {
  BackupAndRestore,
  Checkpoint,
  CheckpointManager,
  CheckpointView,
  initFromCheckpoint,
  loadModel,
  loadWeights,
  ModelCheckpoint,
  saveModel,
  saveWeights,
} from '../../src/tfjs.js';
import { save, savedAt } from '../crash/generation.js';
import { faulty } from '../native/fault-binding.js';
import { runPython } from '../oracle/python.js';

const folder = mkdtempSync(join(tmpdir(), 'slash prefix '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => expect(faulty.openDescriptors()).toBe(0));

async function python(action: 'write' | 'read'): Promise<unknown> {
  return JSON.parse(await runPython('test/bundle/slash-prefix.py', [action, folder]));
}
beforeAll(() => python('write'));

let made = 0;
function fresh(): string {
  const directory = join(folder, `d${++made}`);
  mkdirSync(directory);
  return directory;
}
const list = (directory: string): string[] => readdirSync(directory).sort();
const DATA = '.data-00000-of-00001';

function network(): tf.LayersModel {
  const net = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
  net.setWeights([tf.tensor([0, 1, 2, 3, 4, 5], [3, 2]), tf.fill([2], 7)]);
  return net;
}
const valuesOf = (net: tf.LayersModel): number[][] => net.getWeights().map(weight => [...weight.dataSync()]);
const zeroed = (): tf.LayersModel => {
  const net = network();
  net.setWeights([tf.zeros([3, 2]), tf.zeros([2])]);
  return net;
};

describe('what TensorFlow left', () => {
  test.each(['saver', 'write', 'keras'])('%s: by the prefix, the files, URLs', async way => {
    const prefix = `${join(folder, way)}/`;
    expect(list(prefix).filter(name => name.startsWith('.'))).toEqual([DATA, '.index']);
    for (const path of [prefix, `${prefix}.index`, prefix + DATA, pathToFileURL(prefix), pathToFileURL(prefix).href]) {
      await using reader = await CheckpointReader.open(path);
      expect(reader.prefix).toBe(prefix);
      expect(reader.names().length).toBeGreaterThan(0);
      expect(await listVariables(path)).toHaveLength(reader.names().length);
      expect(await verifyCheckpoint(path)).toMatchObject({ prefix, ok: true, problems: [] });
      expect(await checkpointExists(path)).toBe(true);
    }
    // Another spelling of the same.
    for (const path of [`${prefix}/`, `${prefix}./`, `${prefix}../${way}/`, `${prefix}.//.index`])
      expect(await verifyCheckpoint(path), path).toMatchObject({ ok: true });
  });

  test('values', async () => {
    expect((await loadVariable(`${join(folder, 'saver')}/`, 'w')).data).toEqual(Float32Array.of(1, 2));
    const net = zeroed();
    (await loadWeights(net, `${join(folder, 'keras')}/`)).assertConsumed();
    expect(valuesOf(net)).toEqual(valuesOf(network()));
    const v = tf.variable(tf.zeros([2]));
    (await new Checkpoint({ v }).read(`${join(folder, 'write')}/`)).assertConsumed();
    expect([...v.dataSync()]).toEqual([1, 2]);
    const view = await CheckpointView.open(`${join(folder, 'write')}/`);
    expect([...view.children(0).keys()]).toEqual(['v']);
    const w = tf.variable(tf.zeros([2]), true, 'of-the-saver');
    await initFromCheckpoint(`${join(folder, 'saver')}/`, { w });
    expect([...w.dataSync()]).toEqual([1, 2]);
  });

  test('by the directory: the `checkpoint` file of TensorFlow names it with a dot', async () => {
    for (const way of ['saver', 'keras']) {
      const directory = join(folder, way);
      expect(readFileSync(join(directory, 'checkpoint'), 'utf8')).toMatch(/^model_checkpoint_path: "\."\n/);
      expect(await latestCheckpoint(directory)).toBe(`${directory}/`);
      expect(await latestValidCheckpoint(directory)).toBe(`${directory}/`);
      expect(await checkpointExists(directory)).toBe(true);
      expect(await readCheckpointState(directory)).toMatchObject({ modelCheckpointPath: `${directory}/` });
      await using reader = await CheckpointReader.open(directory);
      expect(reader.prefix).toBe(`${directory}/`);
    }
    const manager = new CheckpointManager(new Checkpoint(zeroed()), join(folder, 'keras'), { maxToKeep: 3 });
    expect(manager.latestCheckpoint).toBe(`${join(folder, 'keras')}/`);
    expect(await manager.restoreOrInitialize()).toBe(`${join(folder, 'keras')}/`);
  });

  test('without a `checkpoint` file: said, and found by latestValidCheckpoint', async () => {
    const directory = join(folder, 'write');
    expect(await latestCheckpoint(directory)).toBeNull();
    expect(await latestValidCheckpoint(directory)).toBe(`${directory}/`);
    await expect(CheckpointReader.open(directory)).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
      message: expect.stringContaining(`'${directory}/'`),
    });
    expect(await checkpointExists(directory)).toBe(false);
  });

  test("save('dir/') is 'dir/-1'", async () => {
    const directory = join(folder, 'save');
    expect(await latestCheckpoint(`${directory}/`)).toBe(join(directory, '-1'));
    await using reader = await CheckpointReader.open(`${directory}/`);
    expect(reader.prefix).toBe(join(directory, '-1'));
    expect(reader.has('v/.ATTRIBUTES/VARIABLE_VALUE')).toBe(true);
  });

  test("the prefix 'dir/.', whose index is 'dir/..index'", async () => {
    const directory = join(folder, 'dot');
    expect(list(directory)).toEqual([`.${DATA}`, '..index']);
    for (const path of [join(directory, '..index'), join(directory, `.${DATA}`), `${directory}/.`]) {
      await using reader = await CheckpointReader.open(path);
      expect(reader.prefix).toBe(`${directory}/.`);
    }
    await copyCheckpoint(`${directory}/.`, join(directory, 'named'));
    expect(await latestValidCheckpoint(directory)).toBe(join(directory, 'named'));
  });

  test('in the current directory', async () => {
    const before = cwd();
    try {
      chdir(join(folder, 'write'));
      for (const path of ['./', '.index', DATA, './.index', `../write/`]) {
        await using reader = await CheckpointReader.open(path);
        expect(reader.prefix).toBe(path.startsWith('../') ? '../write/' : './');
        expect(await checkpointExists(path)).toBe(true);
      }
      const directory = fresh();
      chdir(directory);
      await save('./', 1);
      await save('./', 2);
      expect(await savedAt('./')).toBe(2);
      await removeCheckpoint('.index');
      expect(list('.')).toEqual([]);
      mkdirSync('sub');
      chdir('sub');
      await save('../', 3);
      expect(list(directory)).toEqual([DATA, '.index', 'sub']);
    } finally {
      chdir(before);
    }
  });
});

test('the prefix wins over the directory, which is meant where there is no such file', async () => {
  const directory = fresh();
  await save(join(directory, 'ckpt-3'), 3);
  await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'ckpt-3') });
  expect(await savedAt(`${directory}/`)).toBe(3);
  await save(`${directory}/`, 5);
  expect(await savedAt(`${directory}/`)).toBe(5);
  expect(await savedAt(directory)).toBe(3);
  await removeCheckpoint(`${directory}/`);
  expect(await savedAt(`${directory}/`)).toBe(3);
  expect(list(directory)).toEqual(['checkpoint', 'ckpt-3.data-00000-of-00001', 'ckpt-3.index']);
});

describe('written', () => {
  test('by every way, for TensorFlow', async () => {
    const at = (name: string): string => `${join(folder, name)}/`;
    expect((await saveWeights(network(), at('ours'), { shards: 1 })).prefix).toBe(at('ours'));
    expect(readFileSync(join(at('ours'), 'checkpoint'), 'utf8')).toBe(
      'model_checkpoint_path: "./"\nall_model_checkpoint_paths: "./"\n',
    );
    await saveWeights(network(), at('weights'));
    for (const name of [DATA, '.index'])
      expect(readFileSync(join(at('weights'), name))).toEqual(readFileSync(join(folder, 'keras', name)));
    const v = tf.variable(tf.tensor([1, 2]));
    expect(await new Checkpoint({ v }).write(at('written'))).toBe(at('written'));
    for (const name of [DATA, '.index'])
      expect(readFileSync(join(at('written'), name))).toEqual(readFileSync(join(folder, 'write', name)));
    expect(await new Checkpoint({ v }).save(at('saved'))).toBe(join(folder, 'saved', '-1'));
    expect(list(at('saved'))).toEqual(['-1.data-00000-of-00001', '-1.index', 'checkpoint']);
    expect(await python('read')).toEqual({
      latest: `${at('ours')}./`,
      names: expect.arrayContaining(['_CHECKPOINTABLE_OBJECT_GRAPH']),
      fromDirectory: expect.arrayContaining(['_CHECKPOINTABLE_OBJECT_GRAPH']),
      weights: valuesOf(network()),
      written: [1, 2],
      saved: join(folder, 'saved', '-1'),
    });
  });

  test('in the background, whole models, callbacks', async () => {
    const run = fresh();
    const net = network();
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const written = new Checkpoint({ net }).writeInBackground(`${run}/b/`, {}, { afterCommit: async () => undefined });
    await written.durable;
    expect(list(join(run, 'b'))).toEqual([DATA, '.index']);
    await saveModel(net, `${run}/m/`);
    expect(list(join(run, 'm'))).toEqual([DATA, '.index', 'checkpoint']);
    expect(valuesOf(await loadModel(join(run, 'm')))).toEqual(valuesOf(net));

    const patterns = [`${run}/c/`, `${run}/c/{epoch}/`, `${run}/best/`];
    const callbacks = patterns.map(
      (filepath, i) => new ModelCheckpoint({ filepath, ...(i === 2 && { saveBestOnly: true, monitor: 'loss' }) }),
    );
    await net.fit(tf.ones([2, 3]), tf.ones([2, 2]), { epochs: 2, verbose: 0, callbacks });
    expect(list(join(run, 'c')).filter(name => !name.startsWith('.data-'))).toEqual(['.index', '1', '2', 'checkpoint']);
    expect(await verifyCheckpoint(`${run}/c/`)).toMatchObject({ ok: true });
    expect(list(join(run, 'c', '1'))).toEqual([DATA, '.index', 'checkpoint']);
    expect(await latestCheckpoint(join(run, 'c'))).toBe(`${join(run, 'c')}/`);
    // A restart finds the best again, and the weights.
    const restarted = async (net: tf.LayersModel, loadWeightsOnRestart: boolean): Promise<number | null> => {
      net.compile({ optimizer: tf.train.sgd(0), loss: 'meanSquaredError' });
      const one = new ModelCheckpoint({
        filepath: `${run}/best/`,
        saveBestOnly: true,
        monitor: 'loss',
        loadWeightsOnRestart,
      });
      await net.fit(tf.ones([2, 3]), tf.ones([2, 2]), { epochs: 1, verbose: 0, callbacks: [one] });
      return one.best;
    };
    const worse = network();
    worse.setWeights([tf.fill([3, 2], 1000), tf.zeros([2])]);
    expect(await restarted(worse, false)).toBe(callbacks[2]!.best);
    await restarted(worse, true);
    // With the optimizer, whose learning rate goes on from there.
    expect(Math.max(...valuesOf(worse).flat())).toBeLessThan(10);

    await expect(new BackupAndRestore({ backupDir: `${run}/best/` }).resume(network())).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining('a directory of its own'),
    });
  });

  test('copied and merged', async () => {
    const [from, a, b] = [fresh(), fresh(), fresh()];
    await save(`${from}/`, 1, { shards: 2 });
    expect(await copyCheckpoint(`${from}/`, `${a}/`)).toMatchObject({ prefix: `${a}/`, shards: 2 });
    for (const name of list(from)) expect(readFileSync(join(a, name))).toEqual(readFileSync(join(from, name)));
    await mergeCheckpoints([`${a}/`], `${b}/`, { deleteInputs: true });
    expect(list(a)).toEqual([]);
    expect(await savedAt(`${b}/`)).toBe(1);
    // Into itself: the result is not removed with its inputs.
    await mergeCheckpoints([`${b}/.index`], `${b}//`, { deleteInputs: true });
    expect(await savedAt(`${b}/`)).toBe(1);
  });
});

describe('overwritten', () => {
  test('one generation stays, among what else is there', async () => {
    const directory = fresh();
    const others = ['.hidden', '.data', '.indexed', '.data-00000-of-00001.bak', 'a.data-00000-of-00009', 'b.index'];
    for (const name of others) writeFileSync(join(directory, name), 'other');
    for (const k of [1, 2, 3, 4]) {
      await save(`${directory}/`, k, { shards: 2 });
      expect(await savedAt(`${directory}/`)).toBe(k);
    }
    const ours = list(directory).filter(name => !others.includes(name));
    expect(ours.filter(name => name === '.index')).toHaveLength(1);
    expect(new Set(ours.map(name => name.split('-of-')[1])).size).toBe(2);
    await expect(save(`${directory}/`, 5, { overwrite: 'error' })).rejects.toMatchObject({ code: 'ERR_EXISTS' });
    await save(`${directory}/`, 6, { overwrite: 'in-place' });
    expect(await savedAt(`${directory}/`)).toBe(6);
    await removeCheckpoint(`${directory}/`);
    expect(list(directory)).toEqual(others.sort());
  });

  test('whatever fails, the old one or the new one is there, and the next save cleans up', async () => {
    const directory = fresh();
    await save(`${directory}/`, 1);
    faulty.setFaults([]);
    await save(`${directory}/`, 2);
    const calls = faulty.operations().length;
    expect(calls).toBeGreaterThan(10);
    let before = 2;
    for (let nth = 1; nth <= calls; nth++) {
      faulty.setFaults([{ at: nth, action: 'error', errno: 'EIO' }]);
      const saved = await save(`${directory}/`, before + 1).then(
        () => true,
        () => false,
      );
      faulty.setFaults([]);
      const found = await savedAt(`${directory}/`);
      expect([before, before + 1]).toContain(found);
      if (saved) expect(found).toBe(before + 1);
      before = found;
    }
    await save(`${directory}/`, 1000);
    await save(`${directory}/`, 1001);
    expect(await savedAt(`${directory}/`)).toBe(1001);
    expect(list(directory).filter(name => name.includes('intent'))).toEqual([]);
    const total = Number(list(directory)[0]!.split('-of-')[1]);
    expect(list(directory)).toHaveLength(total + 1);
  });

  test('what a dead save left goes: its intent has no name before it', async () => {
    const directory = fresh();
    await save(`${directory}/`, 1);
    const left = ['.index.intent-00002-0123456789abcdef', '.data-00000-of-00002', '.data-00001-of-00002'];
    const plant = (): void => {
      for (const name of left) writeFileSync(join(directory, name), '');
    };
    plant();
    expect((await withDirectory(directory, opened => removeOrphans(opened, base => base === '')))!.sort()).toEqual(
      [...left].sort(),
    );
    expect(await savedAt(`${directory}/`)).toBe(1);
    plant();
    expect(await withDirectory(directory, opened => removeOrphans(opened, base => base !== ''))).toEqual([]);
    await save(`${directory}/`, 2);
    expect(list(directory).filter(name => left.includes(name) && name.includes('intent'))).toEqual([]);
    plant();
    await removeCheckpoint(`${directory}/`);
    expect(list(directory)).toEqual([]);
  });
});

test('latestValidCheckpoint takes it by its time, as any other', async () => {
  const directory = fresh();
  await save(join(directory, 'a'), 1);
  await save(`${directory}/`, 2);
  const now = Date.now() / 1000;
  utimesSync(join(directory, '.index'), now - 50, now - 50);
  utimesSync(join(directory, 'a.index'), now - 100, now - 100);
  expect(await latestValidCheckpoint(directory)).toBe(`${directory}/`);
  writeFileSync(join(directory, DATA), 'damage');
  expect(await latestValidCheckpoint(directory)).toBe(join(directory, 'a'));
});

test('what is no name', async () => {
  const directory = fresh();
  const refused = { name: 'TensorBundleError', code: 'ERR_INVALID_ARGUMENT' };
  for (const prefix of ['', '/', '//', '.', '..', `${directory}/.`, `${directory}/..`, `${directory}/\0`, '\0/']) {
    await expect(save(prefix, 1), prefix).rejects.toMatchObject(refused);
    await expect(saveWeights(network(), prefix), prefix).rejects.toMatchObject(refused);
    await expect(saveModel(network(), prefix), prefix).rejects.toMatchObject(refused);
    await expect(new Checkpoint({ m: network() }).write(prefix), prefix).rejects.toMatchObject(refused);
    await expect(copyCheckpoint(join(folder, 'keras/'), prefix), prefix).rejects.toMatchObject(refused);
    expect(() => new ModelCheckpoint({ filepath: prefix }), prefix).toThrow(expect.objectContaining(refused));
  }
  for (const path of ['', `${directory}/\0`]) {
    await expect(CheckpointReader.open(path)).rejects.toMatchObject(refused);
    await expect(checkpointExists(path)).rejects.toMatchObject(refused);
    await expect(removeCheckpoint(path)).rejects.toMatchObject(refused);
    await expect(verifyCheckpoint(path)).rejects.toMatchObject(refused);
  }
  await expect(latestCheckpoint('a\0')).rejects.toMatchObject(refused);
  expect(list(directory)).toEqual([]);
  expect(existsSync('/.index')).toBe(false);
  // As TensorFlow: slashes in the middle are one.
  await save(`${directory}//a///b`, 1);
  expect(await savedAt(join(directory, 'a', 'b'))).toBe(1);
});

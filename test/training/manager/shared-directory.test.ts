/**
 * One directory, several who save there: managers, callbacks, single saves, Python. Each finds its own again after a
 * restart, keeps to its numbers and its limit, and nobody removes what is another's.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { latestCheckpoint, readCheckpointState, updateCheckpointState } from '../../../src/index.js';
import {
  BackupAndRestore,
  Checkpoint,
  CheckpointManager,
  keepBest,
  type ManagerOptions,
  ModelCheckpoint,
  saveModel,
  saveWeights,
} from '../../../src/tfjs.js';
import { runPython } from '../../oracle/python.js';

let scratch: string;
let runs = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-shared-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());
const fresh = (): string => join(scratch, `run ${++runs}`);

interface Started {
  model: tf.Sequential;
  step: tf.Variable;
  manager: CheckpointManager;
}

function network(): tf.Sequential {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
  return model;
}

function start(run: string, options: Partial<ManagerOptions> = {}): Started {
  const model = network();
  const step = tf.tidy(() => tf.variable(tf.scalar(0, 'int32'), false));
  const checkpoint = new Checkpoint({ model, optimizer: model.optimizer, step });
  return { model, step, manager: new CheckpointManager(checkpoint, run, { maxToKeep: 3, ...options }) };
}
const [xs, ys] = [tf.ones([4, 1]), tf.ones([4, 1])];
const bits = (model: tf.LayersModel): string[] => model.getWeights().map(weight => String(weight.dataSync()));
const stepOf = ({ step }: Started): number => step.dataSync()[0]!;
const indexes = (run: string, start = ''): string[] =>
  readdirSync(run).flatMap(name => (name.endsWith('.index') && name.startsWith(start) ? [name.slice(0, -6)] : []));
const saveStep = async (one: Started, value: number): Promise<string | null> => {
  one.step.assign(tf.scalar(value, 'int32'));
  return await one.manager.save();
};
async function warningsOf(action: () => Promise<unknown>): Promise<string[]> {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  await action();
  const codes = warned.mock.calls.map(([, options]) => (options as unknown as { code: string }).code);
  warned.mockRestore();
  return codes;
}

/** Two steps of the manager, then what somebody else does in its directory. */
const OTHERS: Record<string, (run: string, model: tf.Sequential) => Promise<unknown>> = {
  saveWeights: (run, model) => saveWeights(model, join(run, 'weights')),
  saveModel: (run, model) => saveModel(model, join(run, 'whole')),
  ModelCheckpoint: (run, model) =>
    model.fit(xs, ys, {
      epochs: 3,
      verbose: 0,
      callbacks: [new ModelCheckpoint({ filepath: join(run, 'cp-{epoch}'), monitor: 'loss' })],
    }),
  'Checkpoint.save': (run, model) => new Checkpoint({ model }).save(join(run, 'other')),
  'another manager': async (run, model) => {
    const other = new CheckpointManager(new Checkpoint({ model }), run, { maxToKeep: 1, checkpointName: 'other' });
    for (let i = 0; i < 4; i++) await other.save();
  },
  updateCheckpointState: async (run, model) => {
    await saveWeights(model, join(run, 'named'), { updateState: false });
    await updateCheckpointState(run, { modelCheckpointPath: join(run, 'named') });
  },
  'nobody, but the state file is gone': async run => rmSync(join(run, 'checkpoint')),
};

describe('a manager goes on with its own', () => {
  it.each(Object.keys(OTHERS))('after %s', async name => {
    const run = fresh();
    const first = start(run);
    await first.model.fit(xs, ys, { epochs: 1, verbose: 0 });
    for (const value of [1, 2, 3, 4, 5]) await saveStep(first, value);
    const saved = bits(first.model);
    await OTHERS[name]!(run, first.model);
    const theirs = indexes(run).filter(one => !one.startsWith('ckpt-'));
    const second = start(run);
    expect(
      await warningsOf(async () => expect(basename((await second.manager.restoreOrInitialize())!)).toBe('ckpt-5')),
    ).toEqual([]);
    expect([stepOf(second), bits(second.model)]).toEqual([5, saved]);
    expect(second.manager.latestCheckpoint).toBe(join(run, 'ckpt-5'));
    for (const value of [6, 7]) expect(await saveStep(second, value)).toBe(join(run, `ckpt-${value}`));
    // Theirs are there, and so are three of its own; and it finds its own once more.
    expect(indexes(run).filter(one => !one.startsWith('ckpt-'))).toEqual(theirs);
    const isListed = !['updateCheckpointState', 'nobody, but the state file is gone'].includes(name);
    expect(indexes(run, 'ckpt-')).toEqual(expect.arrayContaining(['ckpt-5', 'ckpt-6', 'ckpt-7']));
    if (isListed) expect(indexes(run, 'ckpt-')).toHaveLength(3);
    expect(await latestCheckpoint(run)).toBe(join(run, 'ckpt-7'));
    const third = start(run);
    await third.manager.restoreOrInitialize();
    expect(stepOf(third)).toBe(7);
  });

  it('and the numbers go on without a restore, in the background too; the values are those of the call', async () => {
    const run = fresh();
    const first = start(run, { maxToKeep: null });
    for (const value of [1, 2, 3]) await saveStep(first, value);
    rmSync(join(run, 'checkpoint'));
    const second = start(run);
    const saving = [saveStep(second, 10), saveStep(second, 11)];
    expect(await Promise.all(saving)).toEqual([join(run, 'ckpt-4'), join(run, 'ckpt-5')]);
    await saveWeights(second.model, join(run, 'x'));
    rmSync(join(run, 'checkpoint'));
    for (const [number, value] of [
      [1, 1],
      [3, 3],
      [4, 10],
      [5, 11],
    ]) {
      const read = start(run);
      await read.manager.checkpoint.restore(join(run, `ckpt-${number}`));
      expect([stepOf(read), read.manager.checkpoint.saveCounter]).toEqual([value, number]);
    }
  });

  it('nothing is saved over by a save in the background that cannot wait for the directory to be listed', async () => {
    const run = fresh();
    const first = start(run, { maxToKeep: null });
    for (const value of [1, 2, 3]) await saveStep(first, value);
    rmSync(join(run, 'checkpoint'));
    const second = start(run, { maxToKeep: null });
    const saves = [10, 11].map(() => second.manager.save({ background: true })!);
    expect(saves.map(({ path }) => path)).toEqual([join(run, 'ckpt-4'), join(run, 'ckpt-5')]);
    await Promise.all(saves.map(({ durable }) => durable));
    const read = start(run);
    await read.manager.checkpoint.restore(join(run, 'ckpt-1'));
    expect(stepOf(read)).toBe(1);
  });

  it('two managers: each keeps as many as it is told, over restarts', async () => {
    const run = fresh();
    for (let restart = 0; restart < 3; restart++) {
      const [a, b] = [start(run, { maxToKeep: 2 }), start(run, { maxToKeep: 3, checkpointName: 'b' })];
      await a.manager.restoreOrInitialize();
      await b.manager.restoreOrInitialize();
      expect([stepOf(a), stepOf(b)]).toEqual([restart * 4, restart * 4]);
      for (let i = 1; i <= 4; i++) for (const one of [a, b]) await saveStep(one, restart * 4 + i);
      expect(indexes(run, 'ckpt-').sort()).toEqual([3, 4].map(i => `ckpt-${restart * 4 + i}`).sort());
      expect(indexes(run, 'b-').sort()).toEqual([2, 3, 4].map(i => `b-${restart * 4 + i}`).sort());
      expect(a.manager.checkpoints.map(path => basename(path))).toEqual([3, 4].map(i => `ckpt-${restart * 4 + i}`));
    }
    const { allModelCheckpointPaths: all } = (await readCheckpointState(run))!;
    expect(all.map(path => basename(path)).sort()).toEqual(['b-10', 'b-11', 'b-12', 'ckpt-11', 'ckpt-12']);
  });

  it('two managers with policies: each keeps its best, over restarts', async () => {
    const run = fresh();
    const best = { maxToKeep: 1, retention: [keepBest({ metric: 'loss', mode: 'min' })] };
    for (let restart = 0; restart < 3; restart++) {
      for (const name of ['ckpt', 'b']) {
        const one = start(run, { ...best, checkpointName: name });
        if (restart > 0) await one.manager.restoreOrInitialize();
        for (const loss of restart === 0 ? [3, 1, 2] : [4, 5]) await one.manager.save({ metrics: { loss } });
      }
      for (const name of ['ckpt', 'b'])
        expect(indexes(run, name).sort()).toEqual([`${name}-2`, `${name}-${3 + 2 * restart}`]);
    }
  });

  it('a manager, the best and the backups of one training in one directory', async () => {
    const run = fresh();
    const train = async (epochs: number): Promise<Started & { from: number; restored: string | null }> => {
      const one = start(run);
      const restored = await one.manager.restoreOrInitialize();
      const backup = new BackupAndRestore({ backupDir: run });
      const { initialEpoch } = await backup.resume(one.model);
      const best = new ModelCheckpoint({ filepath: join(run, 'best'), monitor: 'loss', saveBestOnly: true });
      const each = new tf.CustomCallback({ onEpochEnd: async epoch => void (await saveStep(one, epoch + 1)) });
      const callbacks = [each, best, backup];
      await one.model.fit(xs, ys, { epochs, initialEpoch, shuffle: false, verbose: 0, callbacks });
      return { ...one, from: initialEpoch, restored };
    };
    const first = await train(3);
    expect([first.from, first.restored]).toEqual([0, null]);
    const second = await train(6);
    expect([second.from, second.restored]).toEqual([3, join(run, 'ckpt-3')]);
    expect(indexes(run).sort()).toEqual(['backup-6', 'best', 'ckpt-4', 'ckpt-5', 'ckpt-6']);
    const third = await train(6);
    expect([third.from, stepOf(third), bits(third.model)]).toEqual([6, 6, bits(second.model)]);
  }, 20_000);

  it('deleteCheckpoint of the backups leaves what others have named', async () => {
    const run = fresh();
    const one = start(run);
    await saveStep(one, 1);
    const backup = new BackupAndRestore({ backupDir: run, deleteCheckpoint: true });
    const { initialEpoch } = await backup.resume(one.model).catch(() => ({ initialEpoch: -1 }));
    // The directory has checkpoints of somebody else and no backup: that is said, and not passed over.
    expect(initialEpoch).toBe(-1);
    const shared = fresh();
    const model = network();
    const second = new BackupAndRestore({ backupDir: shared, deleteCheckpoint: true });
    await second.resume(model);
    const other = start(shared);
    const each = new tf.CustomCallback({ onEpochEnd: async epoch => void (await saveStep(other, epoch + 1)) });
    await model.fit(xs, ys, { epochs: 2, verbose: 0, callbacks: [each, second] });
    expect(indexes(shared).sort()).toEqual(['ckpt-1', 'ckpt-2']);
    expect(await latestCheckpoint(shared)).toBe(join(shared, 'ckpt-2'));
    expect(start(shared).manager.checkpoints.map(path => basename(path))).toEqual(['ckpt-1', 'ckpt-2']);
  });
});

describe('an unmatched restore is never silent', () => {
  it('only what others saved is there: a warning, and a beginning; nothing is taken, nor the optimizer', async () => {
    const run = fresh();
    const other = network();
    await other.fit(xs, ys, { epochs: 2, verbose: 0 });
    await saveWeights(other, join(run, 'best'));
    let calls = 0;
    const one = start(run, { initFn: () => void calls++ });
    const before = bits(one.model);
    expect(await warningsOf(async () => expect(await one.manager.restoreOrInitialize()).toBeNull())).toEqual([
      'TENSORBUNDLE_NOT_RESTORED',
    ]);
    expect([calls, bits(one.model), (one.model.optimizer as unknown as { iterations: number }).iterations]).toEqual([
      1,
      before,
      0,
    ]);
  });

  it('what others saved is restored where it has all that the objects need, as in TensorFlow', async () => {
    const run = fresh();
    const other = network();
    await saveWeights(other, join(run, 'best'));
    const model = network();
    const manager = new CheckpointManager(new Checkpoint(model), run, { maxToKeep: 1 });
    expect(await manager.restoreOrInitialize()).toBe(join(run, 'best'));
    expect(bits(model)).toEqual(bits(other));
    expect(await manager.save()).toBe(join(run, 'ckpt-1'));
    expect(indexes(run).sort()).toEqual(['best', 'ckpt-1']);
  });

  it('its own name, but other objects: the one before, and a warning; or else ERR_TRIVIAL_MATCH', async () => {
    const run = fresh();
    await saveStep(start(run), 7);
    const stray = tf.tidy(() => tf.variable(tf.scalar(1)));
    await new Checkpoint({ stray }).write(join(run, 'ckpt-2'));
    await updateCheckpointState(run, {
      modelCheckpointPath: join(run, 'ckpt-2'),
      allModelCheckpointPaths: [join(run, 'ckpt-1'), join(run, 'ckpt-2')],
    });
    const one = start(run);
    expect(
      await warningsOf(async () => expect(await one.manager.restoreOrInitialize()).toBe(join(run, 'ckpt-1'))),
    ).toEqual(['TENSORBUNDLE_FALLBACK']);
    expect(stepOf(one)).toBe(7);
    await expect(start(run, { fallback: false }).manager.restoreOrInitialize()).rejects.toMatchObject({
      code: 'ERR_TRIVIAL_MATCH',
      path: join(run, 'ckpt-2'),
    });
    const alone = fresh();
    await new CheckpointManager(new Checkpoint({ stray }), alone, { maxToKeep: 1 }).save();
    await expect(start(alone).manager.restoreOrInitialize()).rejects.toMatchObject({ code: 'ERR_TRIVIAL_MATCH' });
    // A damaged one of its own is not passed over for somebody else's in silence either.
    truncateSync(join(alone, 'ckpt-1.index'), 3);
    await expect(start(alone).manager.restoreOrInitialize()).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
  });

  it('a ModelCheckpoint that goes on from a file in which nothing is of the model', async () => {
    const run = fresh();
    const stray = tf.tidy(() => tf.variable(tf.scalar(1)));
    await new Checkpoint({ stray }).write(join(run, 'best'));
    const callbacks = [new ModelCheckpoint({ filepath: join(run, 'best'), loadWeightsOnRestart: true })];
    await expect(network().fit(xs, ys, { verbose: 0, callbacks })).rejects.toMatchObject({ code: 'ERR_TRIVIAL_MATCH' });
  });
});

describe('with TensorFlow', () => {
  it('its manager and readers go on in a directory of several, and ours in its', () => {
    const run = fresh();
    const play = async (): Promise<void> => {
      const v = tf.tidy(() => tf.variable(tf.scalar(0)));
      const make = (): CheckpointManager => new CheckpointManager(new Checkpoint({ v }), run, { maxToKeep: 2 });
      const first = make();
      for (const value of [1, 2, 3]) {
        v.assign(tf.scalar(value));
        await first.save();
      }
      await new Checkpoint({ w: v }).save(join(run, 'best'));
      const answer = JSON.parse(await runPython('test/training/manager/shared_directory.py', [run])) as Record<
        string,
        unknown
      >;
      expect(answer).toEqual({
        // What was named last, as TensorFlow has it; and what the manager of Python has in its books.
        latest: 'best-1',
        all: ['ckpt-2', 'ckpt-3', 'best-1'],
        checkpoints: ['ckpt-2', 'ckpt-3'],
        restored: 3,
        saved: 'ckpt-4',
        // Its limit is two: the best is not its own.
        left: ['best-1', 'ckpt-3', 'ckpt-4', 'weights'],
      });
      // Python's `Checkpoint.save_weights` has replaced the whole file.
      expect(readFileSync(join(run, 'checkpoint'), 'utf8')).not.toContain('ckpt-');
      const second = make();
      expect(await second.restoreOrInitialize()).toBe(join(run, 'ckpt-4'));
      expect(v.dataSync()[0]).toBe(40);
      expect(await second.save()).toBe(join(run, 'ckpt-5'));
      expect(existsSync(join(run, 'weights.index'))).toBe(true);
      writeFileSync(join(run, 'checkpoint'), '');
      expect(await make().restoreOrInitialize()).toBe(join(run, 'ckpt-5'));
    };
    return play();
  }, 60_000);
});

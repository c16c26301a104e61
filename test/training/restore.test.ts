/** What a Checkpoint restores, defers, refuses and leaves alone, without Python. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listVariables, readCheckpointState } from '../../src/index.js';
import { Checkpoint, type RestoreStateOptions, type TrackableValue, type TrackedValue } from '../../src/tfjs.js';

const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';
let directory: string;
let runs = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-restore-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const prefix = (): string => join(directory, String(++runs), 'ckpt');

function scalar(value: number, dtype: 'float32' | 'int32' = 'float32'): tf.Variable {
  return tf.tidy(() => tf.variable(tf.scalar(value, dtype)));
}

const read = (variable: tf.Variable): number => variable.dataSync()[0]!;

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'no error';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe('the counter and the state file', () => {
  it('counts saves, not writes, and goes on after a restore', async () => {
    const path = prefix();
    const checkpoint = new Checkpoint({ v: scalar(1) });
    expect(checkpoint.saveCounter).toBe(0);
    const written = await checkpoint.write(`${path}-written`);
    expect((await listVariables(written)).map(({ name }) => name)).not.toContain(`save_counter${VALUE}`);
    expect(await checkpoint.save(path)).toBe(`${path}-1`);
    expect(await checkpoint.save(path)).toBe(`${path}-2`);
    const again = new Checkpoint({ v: scalar(0) });
    (await again.restore(`${path}-2`)).assertConsumed();
    expect(again.saveCounter).toBe(2);
    expect(await again.save(path)).toBe(`${path}-3`);
  });

  it('names only the newest checkpoint, as TensorFlow does', async () => {
    const path = prefix();
    const checkpoint = new Checkpoint({ v: scalar(1) });
    for (let i = 0; i < 2; i++) await checkpoint.save(path);
    const state = await readCheckpointState(join(path, '..'));
    expect(state?.allModelCheckpointPaths).toEqual([`${path}-2`]);
  });

  it('a restored checkpoint without a counter lacks it; read does not ask for one', async () => {
    const path = await new Checkpoint({ v: scalar(1) }).write(prefix());
    const restored = await new Checkpoint({ v: scalar(0) }).restore(path);
    expect(restored.missing).toEqual([`save_counter${VALUE}`]);
    (await new Checkpoint({ v: scalar(0) }).read(path)).assertConsumed();
  });

  it('restores nothing from null, and says so', async () => {
    const v = scalar(3);
    const status = await new Checkpoint({ v }).restore(null);
    expect(read(v)).toBe(3);
    expect(status.loaded).toEqual([]);
    expect(await codeOf(() => status.assertConsumed())).toBe('ERR_NOT_CONSUMED');
    expect(await codeOf(() => status.assertExistingObjectsMatched())).toBe('ERR_UNMATCHED');
    expect(await codeOf(() => status.assertNontrivialMatch())).toBe('ERR_TRIVIAL_MATCH');
  });
});

describe('a partial restore', () => {
  it("restores a layer's bias only, through an object that stands in for the layer", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'l1' })] });
    model.setWeights([tf.ones([3, 2]), tf.tensor1d([5, 6])]);
    const path = await new Checkpoint({ net: { l1: model.layers[0]! }, step: scalar(9) }).save(prefix());
    const bias = tf.variable(tf.zeros([2]));
    const status = await new Checkpoint({ net: { l1: { bias } } }).restore(path);
    expect([...bias.dataSync()]).toEqual([5, 6]);
    status.assertExistingObjectsMatched().expectPartial();
    expect(status.unused).toEqual([`step${VALUE}`, `net/l1/kernel${VALUE}`]);
    expect(await codeOf(() => status.assertConsumed())).toBe('ERR_NOT_CONSUMED');
  });

  it('a mismatch changes nothing', async () => {
    const path = await new Checkpoint({ a: scalar(1), b: tf.variable(tf.ones([2])) }).save(prefix());
    const a = scalar(7);
    const checkpoint = new Checkpoint({ a, b: tf.variable(tf.ones([3])) });
    expect(await codeOf(() => checkpoint.restore(path))).toBe('ERR_MISMATCH');
    expect(read(a)).toBe(7);
    expect(checkpoint.saveCounter).toBe(0);
  });

  it('by name, without some, under other names, without what does not fit', async () => {
    const [a, b] = [scalar(1), tf.variable(tf.ones([2]))];
    const path = await new Checkpoint({ a, b, old: { name: scalar(5) } }).write(prefix());
    const live = (): { a: tf.Variable; b: tf.Variable; c: tf.Variable } => ({
      a: scalar(0),
      b: tf.variable(tf.zeros([3])),
      c: scalar(0),
    });
    const found = async (options: RestoreStateOptions): Promise<number[]> => {
      const { a, b, c } = live();
      await new Checkpoint({ a, b, new: { name: c } }).read(path, options);
      return [read(a), read(b), read(c)];
    };
    expect(await found({ include: /^a$/ })).toEqual([1, 0, 0]);
    expect(await found({ exclude: /^b$/ })).toEqual([1, 0, 0]);
    expect(await found({ exclude: /^b$/, map: { new: 'old' } })).toEqual([1, 0, 5]);
    expect(await found({ exclude: /^b$/, map: { 'new/name': 'old/name' } })).toEqual([1, 0, 5]);
    expect(await found({ skipMismatch: true })).toEqual([1, 0, 0]);
  });

  it('a 64-bit step goes into a 32-bit variable if it can', async () => {
    const wide = (value: bigint): TrackedValue<BigInt64Array> => ({
      dtype: 'int64',
      shape: [],
      read: () => BigInt64Array.of(value),
      assign: () => undefined,
    });
    const step = scalar(0, 'int32');
    (
      await new Checkpoint({ step }).restore(await new Checkpoint({ step: wide(123n) }).save(prefix()))
    ).assertConsumed();
    expect(read(step)).toBe(123);
    const large = await new Checkpoint({ step: wide(1n << 40n) }).save(prefix());
    expect(await codeOf(() => new Checkpoint({ step }).restore(large))).toBe('ERR_MISMATCH');
    expect(read(step)).toBe(123);
  });
});

describe('a deferred restore', () => {
  it('waits for a layer that is not built', async () => {
    const path = prefix();
    const trained = tf.layers.dense({ units: 2 });
    trained.apply(tf.zeros([1, 3]));
    trained.setWeights([tf.fill([3, 2], 4), tf.fill([2], 5)]);
    const saved = await new Checkpoint({ layer: trained }).save(path);
    const layer = tf.layers.dense({ units: 2 });
    const before = tf.memory().numTensors;
    const status = await new Checkpoint({ layer }).restore(saved);
    expect(tf.memory().numTensors).toBe(before);
    expect(status.unused).toEqual([`layer/kernel${VALUE}`, `layer/bias${VALUE}`]);
    // The file may be gone by then.
    await rm(join(path, '..'), { recursive: true });
    expect([...tf.tidy(() => layer.apply(tf.ones([1, 3])) as tf.Tensor).dataSync()]).toEqual([17, 17]);
    status.assertConsumed();
    expect(Object.hasOwn(layer, 'build')).toBe(false);
  });

  it('waits for the layers of a model', async () => {
    const make = (model: tf.Sequential): tf.Sequential => {
      model.add(tf.layers.dense({ units: 2, inputShape: [3], biasInitializer: 'randomNormal' }));
      model.add(tf.layers.dense({ units: 1, biasInitializer: 'randomNormal' }));
      return model;
    };
    const trained = make(tf.sequential());
    const path = await new Checkpoint({ model: trained }).save(prefix());
    const model = tf.sequential();
    const status = await new Checkpoint({ model }).restore(path);
    expect(status.unused).toHaveLength(4);
    make(model);
    status.assertConsumed();
    expect(model.getWeights().map(w => [...w.dataSync()])).toEqual(trained.getWeights().map(w => [...w.dataSync()]));
  });

  it('says where what comes later does not fit, and leaves it as it is', async () => {
    const trained = tf.layers.dense({ units: 2 });
    trained.apply(tf.zeros([1, 3]));
    const path = await new Checkpoint({ layer: trained }).save(prefix());
    const layer = tf.layers.dense({ units: 5 });
    await new Checkpoint({ layer }).restore(path);
    expect(await codeOf(() => layer.apply(tf.zeros([1, 3])))).toBe('ERR_MISMATCH');
  });

  it('a second restore takes the place of the first', async () => {
    const path = prefix();
    const trained = tf.layers.dense({ units: 1, useBias: false });
    trained.apply(tf.zeros([1, 1]));
    const checkpoint = new Checkpoint({ layer: trained });
    for (const value of [1, 2]) {
      trained.setWeights([tf.fill([1, 1], value)]);
      await checkpoint.save(path);
    }
    const layer = tf.layers.dense({ units: 1, useBias: false });
    const later = new Checkpoint({ layer });
    await later.restore(`${path}-2`);
    await later.restore(`${path}-1`);
    layer.apply(tf.zeros([1, 1]));
    expect([...layer.getWeights()[0]!.dataSync()]).toEqual([1]);
  });

  it('cannot save what is not built', async () => {
    expect(await codeOf(() => new Checkpoint({ layer: tf.layers.dense({ units: 1 }) }).save(prefix()))).toBe(
      'ERR_INVALID_ARGUMENT',
    );
    expect(await codeOf(() => new Checkpoint({ model: tf.sequential() }).save(prefix()))).toBe('ERR_INVALID_ARGUMENT');
  });
});

describe('what can be tracked', () => {
  it('one object under several names is one', async () => {
    const v = scalar(1);
    const path = await new Checkpoint({ v, list: [v, { again: v }], map: new Map([['v', v]]) }).save(prefix());
    expect((await listVariables(path)).map(({ name }) => name)).toEqual([
      '_CHECKPOINTABLE_OBJECT_GRAPH',
      `save_counter${VALUE}`,
      `v${VALUE}`,
    ]);
  });

  it('objects that hold each other', async () => {
    class Node {
      other: Node | undefined;
      readonly v = scalar(1);
      trackedChildren(): Record<string, TrackableValue> {
        return { v: this.v, ...(this.other && { other: this.other }) };
      }
    }
    const [a, b] = [new Node(), new Node()];
    [a.other, b.other] = [b, a];
    b.v.assign(tf.scalar(4));
    const path = await new Checkpoint({ a }).save(prefix());
    b.v.assign(tf.scalar(0));
    (await new Checkpoint({ a }).restore(path)).assertConsumed();
    expect(read(b.v)).toBe(4);
  });

  it.each<[string, unknown]>([
    ['a number', { step: 5 }],
    ['a string', { name: 'x' }],
    ['null', { model: null }],
    ['a tensor that is no variable', { t: tf.zeros([1]) }],
    ['a number in a list', { list: [1] }],
    ['a Map with numbers as keys', { map: new Map([[1, scalar(1)]]) }],
    ['a class that does not say what it tracks', { thing: new Date() }],
    ['a reserved name', { save_counter: scalar(1) }],
    ['a promise', { model: Promise.resolve(1) }],
  ])('refuses %s', async (_what, children) => {
    const make = (): Promise<string> => new Checkpoint(children as { v: tf.Variable }).save(prefix());
    expect(await codeOf(make)).toBe('ERR_INVALID_ARGUMENT');
  });

  it('an optimizer as the root, with the counter and what is given beside it', async () => {
    const v = scalar(2);
    const make = (): { optimizer: tf.Optimizer; step: tf.Variable; checkpoint: Checkpoint } => {
      const [optimizer, step] = [tf.train.adam(0.1), scalar(0)];
      return { optimizer, step, checkpoint: new Checkpoint(optimizer, { step }) };
    };
    const trained = make();
    trained.optimizer.minimize(() => v.square() as tf.Scalar, false, [v]);
    trained.step.assign(tf.scalar(4));
    const path = await trained.checkpoint.save(prefix());
    const fresh = make();
    const status = await fresh.checkpoint.restore(path);
    status.assertConsumed();
    expect([fresh.optimizer.iterations, read(fresh.step), fresh.checkpoint.saveCounter]).toEqual([1, 4, 1]);
  });

  it('refuses a root and a child of one name', async () => {
    const checkpoint = new Checkpoint({ trackedChildren: () => ({ v: scalar(1) }) }, { v: scalar(2) });
    expect(await codeOf(() => checkpoint.save(prefix()))).toBe('ERR_INVALID_ARGUMENT');
  });

  it('calls back with the path once it is committed, and rejects with what that throws', async () => {
    const path = prefix();
    const paths: string[] = [];
    const checkpoint = new Checkpoint({ v: scalar(1) });
    await checkpoint.save(path, { writeCallback: saved => void paths.push(saved) });
    expect(paths).toEqual([`${path}-1`]);
    const fails = checkpoint.save(path, {
      writeCallback: () => {
        throw new Error('full');
      },
    });
    await expect(fails).rejects.toThrow('full');
    expect(checkpoint.saveCounter).toBe(2);
  });

  it('a callback may wait for other saves', async () => {
    const checkpoint = new Checkpoint({ v: scalar(1) });
    const path = prefix();
    const writeCallback = async (): Promise<void> => {
      await checkpoint.sync();
      await checkpoint.write(`${path}-copy`);
    };
    await checkpoint.save(path, { writeCallback });
    await checkpoint.save(path, { background: true, writeCallback }).durable;
    (await checkpoint.read(`${path}-copy`)).assertConsumed();
  });

  it('keeps no tensor alive', async () => {
    const checkpoint = new Checkpoint({ v: scalar(1), list: [tf.variable(tf.zeros([100_000]))] });
    const before = tf.memory().numTensors;
    const path = await checkpoint.save(prefix());
    await checkpoint.restore(path);
    expect(tf.memory().numTensors).toBe(before);
  });
});

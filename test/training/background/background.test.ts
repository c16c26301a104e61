/**
 * Saves in the background: nothing torn (story 8), nothing stale (story 9), no error lost (story 10), no tensor kept.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointReader, latestCheckpoint, loadVariable, verifyCheckpoint } from '../../../src/index.js';
import { Checkpoint, CheckpointManager } from '../../../src/tfjs.js';

const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';
const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url));
let scratch: string;
let runs = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-background-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const prefix = (): string => join(scratch, String(++runs), 'ckpt');

function variable(size: number, value = 0): tf.Variable {
  return tf.tidy(() => tf.variable(tf.fill([size], value)));
}

function assign(one: tf.Variable, value: number): void {
  tf.tidy(() => one.assign(tf.fill(one.shape, value)));
}

async function codeOf(work: PromiseLike<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? String(error),
  );
}

describe('the snapshot', () => {
  it('is of one moment, whatever training does then', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 300, inputShape: [400] })] });
    const optimizer = tf.train.adam(0.1);
    const counters = Array.from({ length: 5 }, () => variable(300_000));
    const checkpoint = new Checkpoint({ model, optimizer, counters });
    const x = tf.ones([2, 400]);
    const step = (value: number): void => {
      tf.dispose(optimizer.minimize(() => (model.predict(x) as tf.Tensor).square().mean() as tf.Scalar, true) ?? []);
      for (const counter of counters) assign(counter, value);
    };
    step(1);
    const kernel = await model.layers[0]!.getWeights()[0]!.data();
    const save = checkpoint.save(prefix(), { background: true });
    let value = 1;
    let isDone = false;
    void save.durable.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    while (!isDone) {
      step(++value);
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(value).toBeGreaterThan(2);
    expect((await save.durable).prefix).toBe(save.path);
    await using reader = await CheckpointReader.open(save.path);
    for (const i of counters.keys()) {
      const { data } = await reader.read(`counters/${i}${VALUE}`);
      expect((data as Float32Array).every(element => element === 1)).toBe(true);
    }
    expect((await reader.read(`model/layer_with_weights-0/kernel${VALUE}`)).data).toEqual(kernel);
    expect((await reader.read(`optimizer/_iterations${VALUE}`)).data).toEqual(BigInt64Array.of(1n));
  });

  it.each([4, 16, 1_000_000])("is a copy of what is still the caller's array (%i elements)", async size => {
    // An array on a boundary of 64 bytes is one that TensorFlow goes on using.
    const buffer = new ArrayBuffer(size * 4 + 64);
    for (const offset of [0, 4, 60]) {
      const array = new Float32Array(buffer, offset, size).fill(1);
      const v = tf.variable(tf.tensor1d(array));
      const save = new Checkpoint({ v }).save(prefix(), { background: true });
      array.fill(2);
      await save.durable;
      const { data } = await loadVariable(save.path, `v${VALUE}`);
      expect((data as Float32Array).every(element => element === 1)).toBe(true);
      v.dispose();
    }
  });

  it('survives the disposal of what was saved, and holds no tensor once it is staged', async () => {
    const before = tf.memory().numTensors;
    const v = variable(2_000_000, 7);
    const save = new Checkpoint({ v, list: [v] }).save(prefix(), { background: true });
    v.dispose();
    await save.staged;
    expect(tf.memory().numTensors).toBe(before);
    await save.durable;
    expect((await loadVariable(save.path, `v${VALUE}`)).data.at(-1)).toBe(7);
  });
});

describe('one after the other', () => {
  it('each has the values of its own call; the last is the latest', async () => {
    const v = variable(500_000);
    const checkpoint = new Checkpoint({ v });
    const path = prefix();
    const saves = [1, 2, 3].map(value => {
      assign(v, value);
      return checkpoint.save(path, { background: true });
    });
    assign(v, 9);
    expect(saves.map(save => save.path)).toEqual([1, 2, 3].map(number => `${path}-${number}`));
    const order: string[] = [];
    await Promise.all(saves.map(save => save.durable.then(({ prefix }) => order.push(prefix))));
    expect(order).toEqual(saves.map(save => save.path));
    for (const [i, save] of saves.entries()) {
      expect((await loadVariable(save.path, `v${VALUE}`)).data[0]).toBe(i + 1);
    }
    expect(await latestCheckpoint(join(path, '..'))).toBe(`${path}-3`);
  });

  it('a save in the foreground waits for those in the background, with its own values', async () => {
    const v = variable(500_000, 1);
    const checkpoint = new Checkpoint({ v });
    const path = prefix();
    const first = checkpoint.save(path, { background: true });
    assign(v, 2);
    const second = checkpoint.save(path);
    assign(v, 3);
    expect(await second).toBe(`${path}-2`);
    expect((await loadVariable(first.path, `v${VALUE}`)).data[0]).toBe(1);
    expect((await loadVariable(`${path}-2`, `v${VALUE}`)).data[0]).toBe(2);
  });

  it('is left out if it may be, and then does not count', async () => {
    const checkpoint = new Checkpoint({ v: variable(500_000) });
    const path = prefix();
    const first = checkpoint.save(path, { background: true, ifBusy: 'skip' });
    expect(checkpoint.save(path, { background: true, ifBusy: 'skip' })).toBeNull();
    await first!.durable;
    expect((await checkpoint.save(path, { background: true, ifBusy: 'skip' })!.durable).prefix).toBe(`${path}-2`);
  });
});

describe('errors', () => {
  /** A directory that cannot be made: something else has its name. */
  const impossible = '/dev/null/run/ckpt';

  it('reject `durable`, and `staged` if nothing was read; the next save is made regardless', async () => {
    const checkpoint = new Checkpoint({ v: variable(10) });
    const save = checkpoint.save(impossible, { background: true });
    expect(await codeOf(save.durable)).not.toBe('no error');
    expect(await codeOf(save.staged)).not.toBe('no error');
    const next = checkpoint.save(prefix(), { background: true });
    expect((await verifyCheckpoint((await next.durable).prefix)).ok).toBe(true);
    // Somebody has dealt with it.
    expect(await codeOf(checkpoint.sync())).toBe('no error');
  });

  it('that nobody has looked at reject the next `sync`, the first of them, once', async () => {
    const checkpoint = new Checkpoint({ v: variable(10) });
    const before = tf.memory().numTensors;
    const path = checkpoint.save(impossible, { background: true }).path;
    checkpoint.save(impossible, { background: true });
    void checkpoint.save(prefix(), { background: true }).durable;
    await expect(checkpoint.sync()).rejects.toMatchObject({ name: 'TensorBundleError' });
    expect(path).toBe(`${impossible}-1`);
    expect(await codeOf(checkpoint.sync())).toBe('no error');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('an abort', async () => {
    const controller = new AbortController();
    const checkpoint = new Checkpoint({ v: variable(3_000_000) });
    const path = prefix();
    const save = checkpoint.save(path, { background: true, signal: controller.signal });
    controller.abort();
    expect(await codeOf(save.durable)).toBe('ERR_ABORTED');
    expect(existsSync(`${path}-1.index`)).toBe(false);
  });

  it('what cannot be saved throws at the call', () => {
    const checkpoint = new Checkpoint({ layer: tf.layers.dense({ units: 1 }) });
    expect(() => checkpoint.save(prefix(), { background: true })).toThrow(/not built/);
  });
});

describe('the manager', () => {
  it('keeps as many as it is told, and names the latest when it is durable', async () => {
    const v = variable(1000);
    const directory = join(prefix(), '..');
    const manager = new CheckpointManager(new Checkpoint({ v }), directory, { maxToKeep: 2 });
    const saves = [1, 2, 3, 4].map(value => {
      assign(v, value);
      return manager.save({ background: true })!;
    });
    expect(manager.latestCheckpoint).toBeNull();
    await saves[0]!.durable;
    expect(manager.checkpoints[0]).toBe(saves[0]!.path);
    await manager.sync();
    expect(manager.checkpoints).toEqual(saves.slice(2).map(({ path }) => path));
    expect(existsSync(`${saves[1]!.path}.index`)).toBe(false);
    expect((await loadVariable(saves[3]!.path, `v${VALUE}`)).data[0]).toBe(4);
  });

  it('leaves one out if it is busy, without counting', async () => {
    const directory = join(prefix(), '..');
    const checkpoint = new Checkpoint({ v: variable(500_000) });
    const manager = new CheckpointManager(checkpoint, directory, {
      maxToKeep: 2,
      stepCounter: () => 5,
      checkpointInterval: 1,
    });
    const first = manager.save({ background: true });
    expect(manager.save({ background: true, checkInterval: false, ifBusy: 'skip' })).toBeNull();
    await first!.durable;
    expect(checkpoint.saveCounter).toBe(1);
  });
});

describe('a process', () => {
  it.each([
    ['ends by itself: the save is finished', 'wait', 'new', 0],
    ['calls process.exit: the old checkpoint is whole', 'exit', 'old', 3],
    ['has an error that nobody has looked at: it does not die of it', 'error', 'old', 0],
  ])('that %s', async (_what, part, expected, status) => {
    const path = prefix();
    const result = spawnSync(process.execPath, [PROGRAM, path, part], { encoding: 'utf8' });
    expect(result.status, result.stderr).toBe(status);
    const latest = await latestCheckpoint(join(path, '..'));
    expect(latest).toBe(`${path}-${expected === 'new' ? 2 : 1}`);
    expect((await verifyCheckpoint(latest!)).ok).toBe(true);
    expect((await loadVariable(latest!, `v${VALUE}`)).data[0]).toBe(expected === 'new' ? 2 : 1);
  });
});

it('does not hold up the event loop for long', async () => {
  const v = tf.tidy(() => tf.variable(tf.randomUniform([32 * 1024 * 1024])));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await new Checkpoint({ v }).save(prefix(), { background: true, durable: false }).durable;
  delay.disable();
  v.dispose();
  console.log(`128 MiB in the background: the event loop waited at most ${(delay.max / 1e6).toFixed(0)} ms`);
  // Whole, the tensor would take several times as long; a busy machine is allowed for.
  expect(delay.max / 1e6).toBeLessThan(500);
});

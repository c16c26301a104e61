/** Which checkpoint a manager restores where the newest cannot be: damaged, without its data, or not named. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifyCheckpoint } from '../../../src/index.js';
import { Checkpoint, CheckpointManager } from '../../../src/tfjs.js';
import { codeOf, save, start, value } from './managed.js';

let scratch: string;
let runs = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-rules-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.useRealTimers());

const fresh = (): string => join(scratch, String(++runs));

async function warnings(work: () => Promise<unknown>): Promise<Error[]> {
  const heard: Error[] = [];
  const listen = (warning: Error): void => void heard.push(warning);
  process.on('warning', listen);
  try {
    await work();
    await new Promise(resolve => setImmediate(resolve));
  } finally {
    process.off('warning', listen);
  }
  return heard.filter(({ code }: Error & { code?: string }) => code === 'TENSORBUNDLE_FALLBACK');
}

describe('fallback', () => {
  async function three(directory: string): Promise<void> {
    const training = start(directory, { maxToKeep: 3 });
    for (const each of [1, 2, 3]) await save(training, each);
  }

  it('passes over a checkpoint without its data (story 6) and a corrupted one (story 5), and says so', async () => {
    const directory = fresh();
    await three(directory);
    rmSync(join(directory, 'ckpt-3.data-00000-of-00001'));
    const damaged = join(directory, 'ckpt-2.data-00000-of-00001');
    const bytes = readFileSync(damaged);
    bytes[100] = bytes[100]! ^ 1;
    writeFileSync(damaged, bytes);
    const training = start(directory, { maxToKeep: 3 });
    const [warning, ...more] = await warnings(async () => {
      expect(await training.manager.restoreOrInitialize()).toBe(join(directory, 'ckpt-1'));
    });
    expect(more).toEqual([]);
    expect(warning!.message).toMatch(/ckpt-1, since .*ckpt-3.*ckpt-2/s);
    expect(value(training)).toBe(1);
    // It goes on from there: the damaged one is replaced.
    expect(await save(training, 7)).toBe(join(directory, 'ckpt-2'));
    expect((await verifyCheckpoint(join(directory, 'ckpt-2'))).ok).toBe(true);
  });

  it('is not wanted', async () => {
    const directory = fresh();
    await three(directory);
    truncateSync(join(directory, 'ckpt-3.index'), 10);
    const training = start(directory, { fallback: false });
    expect(await codeOf(() => training.manager.restoreOrInitialize())).toBe('ERR_TRUNCATED');
    expect(value(training)).toBe(0);
  });

  it('finds checkpoints where the state file is damaged or gone', async () => {
    for (const spoil of [
      (file: string): void => writeFileSync(file, '\u0000 no state'),
      (file: string): void => renameSync(file, `${file}.away`),
    ]) {
      const directory = fresh();
      await three(directory);
      spoil(join(directory, 'checkpoint'));
      const training = start(directory, { initFn: () => expect.unreachable() });
      const found = await training.manager.restoreOrInitialize();
      expect(found).toBe(join(directory, 'ckpt-3'));
      expect(value(training)).toBe(3);
    }
  });

  it('an empty state file, or one that names no latest, is none: initFn is called', async () => {
    for (const text of ['', '# nothing\n', 'model_checkpoint_path: ""\nall_model_checkpoint_paths: ""\n']) {
      const directory = fresh();
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'checkpoint'), text);
      let called = 0;
      const { manager } = start(directory, { initFn: () => void called++ });
      expect(manager.latestCheckpoint).toBeNull();
      expect(manager.checkpoints).toEqual([]);
      expect(await manager.restoreOrInitialize()).toBeNull();
      expect(called).toBe(1);
    }
  });

  it('does not hide a mismatch', async () => {
    const directory = fresh();
    await three(directory);
    const checkpoint = new Checkpoint({ v: tf.variable(tf.zeros([3])) });
    const manager = new CheckpointManager(checkpoint, directory, { maxToKeep: 1 });
    expect(await codeOf(() => manager.restoreOrInitialize())).toBe('ERR_MISMATCH');
  });

  it('nothing valid is no beginning', async () => {
    const directory = fresh();
    await three(directory);
    for (const name of readdirSync(directory)) if (name.endsWith('.index')) truncateSync(join(directory, name), 5);
    const training = start(directory, { initFn: () => expect.unreachable() });
    expect(await codeOf(() => training.manager.restoreOrInitialize())).toBe('ERR_TRUNCATED');
  });

  it('nothing at all is', async () => {
    let called = 0;
    const training = start(fresh(), { initFn: () => void called++ });
    expect(await training.manager.restoreOrInitialize()).toBeNull();
    expect(called).toBe(1);
  });
});

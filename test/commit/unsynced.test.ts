/**
 * `durable: false` by many processes: what stays on the disk is bounded, whoever wrote it, and the last durable
 * generation is never among what goes.
 */
import '../crash/fault-engine.js';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { removeOrphans } from '../../src/commit/leftovers.js';
import { parseShardName } from '../../src/commit/names.js';
import { CheckpointReader, type WriterOptions } from '../../src/index.js';
import { withDirectory } from '../../src/storage/directory.js';
import { runChild } from '../crash/child.js';
import { filesOf, onlyGeneration, save, savedAt, tensorsOf, writerOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import { faulty } from '../native/fault-binding.js';
import { oracle } from '../oracle/oracle.js';
import { committed, generations, saveElsewhere } from './on-disk.js';

const scratch = new Scratch('unsynced');
const fresh = (): string => join(scratch.directory(), 'model');
const ENTRIES = tensorsOf(1).length;

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

/** At most `most` generations, none above natural + 2, nothing but them, the index and a marker for each but one. */
async function expectBounded(prefix: string, natural: number, most = 3): Promise<void> {
  const found = generations(prefix);
  expect(found.size).toBeLessThanOrEqual(most);
  expect(await committed(prefix)).toBeLessThanOrEqual(natural + 2);
  for (const total of found.keys()) expect(total).toBeLessThanOrEqual(natural + 2);
  for (const [total, names] of found) expect(names.length).toBe(total);
  const others = filesOf(prefix).filter(name => parseShardName('model', name) === null && name !== 'model.index');
  expect(others.every(name => /^model\.index\.unsynced-\d{5}-over-\d{5}$/.test(name))).toBe(true);
  expect(others.length).toBeLessThan(found.size);
}

describe('one save a process', () => {
  test.each(isDeep ? [1, 2, 3] : [2])('over a durable one, %i data files: it stays, and one more', async shards => {
    const prefix = fresh();
    await save(prefix, 1, { shards });
    const durable = generations(prefix).get(shards)!;
    for (let k = 2; k <= 9; k++) {
      await saveElsewhere(prefix, k, { durable: false, shards });
      await expectBounded(prefix, shards, 2);
      for (const name of durable) expect(filesOf(prefix)).toContain(name);
      expect(await savedAt(prefix)).toBe(k);
    }
    await saveElsewhere(prefix, 10, { shards });
    expect(await savedAt(prefix)).toBe(10);
    onlyGeneration(prefix);
  });

  test('on a fresh prefix: what came first counts as durable, since nobody knows better', async () => {
    const prefix = fresh();
    await saveElsewhere(prefix, 1, { durable: false });
    expect(filesOf(prefix)).toEqual(['model.data-00000-of-00001', 'model.index']);
    for (let k = 2; k <= 6; k++) await saveElsewhere(prefix, k, { durable: false });
    await expectBounded(prefix, 1, 2);
    expect(filesOf(prefix)).toContain('model.data-00000-of-00001');
  });

  test('on a fresh prefix by one process, which does know better: one generation', async () => {
    const prefix = fresh();
    for (let k = 1; k <= 6; k++) {
      await save(prefix, k, { durable: false });
      expect(generations(prefix).size).toBe(1);
      expect(await savedAt(prefix)).toBe(k);
    }
    await saveElsewhere(prefix, 7, { durable: false });
    await save(prefix, 8, { durable: false });
    await expectBounded(prefix, 1, 2);
  });

  test('with keepPrevious: three, and the one that was replaced is among them', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    for (let k = 2; k <= 8; k++) {
      const before = generations(prefix).get(await committed(prefix))!;
      await saveElsewhere(prefix, k, { durable: false, keepPrevious: true });
      await expectBounded(prefix, 1);
      for (const name of [...before, 'model.data-00000-of-00001']) expect(filesOf(prefix)).toContain(name);
    }
    await saveElsewhere(prefix, 9, { durable: false });
    await expectBounded(prefix, 1, 2);
  });

  test('durable and not by turns, other totals, in place: bounded, and a durable save clears up', async () => {
    const prefix = fresh();
    const turns: WriterOptions[] = [
      { durable: false, shards: 2 },
      { durable: false, shards: 1 },
      { durable: true, shards: 3 },
      { durable: false, shards: 1, keepPrevious: true },
      { durable: false, shards: 1 },
      { durable: false, overwrite: 'in-place', shards: 1 },
      { durable: false, shards: 1 },
      { durable: true, shards: 1, keepPrevious: true },
      { durable: false, shards: 1 },
    ];
    for (const [i, options] of turns.entries()) {
      await saveElsewhere(prefix, i + 1, options);
      expect(generations(prefix).size).toBeLessThanOrEqual(3);
      expect(await savedAt(prefix)).toBe(i + 1);
    }
    await save(prefix, 20);
    onlyGeneration(prefix);
  });

  test('TensorFlow saves in between', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    for (let k = 2; k <= 5; k++) {
      await saveElsewhere(prefix, k, { durable: false });
      const value = { name: 'a', dtype: 'float32' as const, shape: [2], data: new Float32Array(2).fill(k) };
      await (await oracle()).saveV2(prefix, [value]);
      await saveElsewhere(prefix, k + 10, { durable: false });
      expect(generations(prefix).size).toBeLessThanOrEqual(3);
      expect(await savedAt(prefix)).toBe(k + 10);
      expect(await committed(prefix)).toBeLessThanOrEqual(3);
    }
    await save(prefix, 30);
    onlyGeneration(prefix);
  });
});

test('what an older version left without markers is brought down to the bound', async () => {
  const prefix = fresh();
  await save(prefix, 1);
  const index = 'model.index';
  const before = Date.now() / 1000 - 1000;
  for (let total = 2; total <= 24; total++) {
    for (let shard = 0; shard < total; shard++) {
      const name = `model.data-${String(shard).padStart(5, '0')}-of-${String(total).padStart(5, '0')}`;
      writeFileSync(join(dirname(prefix), name), 'old');
      utimesSync(join(dirname(prefix), name), before + total, before + total);
    }
  }
  expect(filesOf(prefix)).toContain(index);
  await saveElsewhere(prefix, 2, { durable: false });
  await saveElsewhere(prefix, 3, { durable: false });
  await expectBounded(prefix, 1);
  expect(await savedAt(prefix)).toBe(3);
});

test('several processes at once: bounded when all are done, and a last one finds nothing damaged', async () => {
  const prefix = fresh();
  await save(prefix, 1);
  for (let round = 0; round < 4; round++) {
    await Promise.all([1, 2, 3].map(lane => saveElsewhere(prefix, 10 * round + lane + 1, { durable: false })));
    await expectBounded(prefix, 1);
    expect(filesOf(prefix)).toContain('model.data-00000-of-00001');
  }
});

test('several callers at once in one process', async () => {
  const prefix = fresh();
  await save(prefix, 1);
  for (let round = 0; round < 10; round++) {
    await Promise.all([1, 2, 3, 4, 5].map(lane => save(prefix, 10 * round + lane + 1, { durable: false })));
    await expectBounded(prefix, 1);
  }
});

test.each(isDeep ? [1, 2, 3] : [2])(
  'data files are empty only where there are fewer than the total (%i tensors)',
  async count => {
    const prefix = fresh();
    const tensors = tensorsOf(1).slice(0, count);
    for (let k = 0; k < 8; k++) {
      expect((await runChild({ prefix, tensors, options: { durable: false } })).code).toBeUndefined();
      await using reader = await CheckpointReader.open(prefix);
      const used = new Set(reader.names().map(name => reader.entry(name).shard));
      if (used.size < reader.numShards) expect(count).toBeLessThan(reader.numShards);
      await expectBounded(prefix, 1);
    }
    expect(ENTRIES).toBeGreaterThanOrEqual(count);
  },
);

describe('markers', () => {
  test('a generation whose marker was lost counts as durable', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    await save(prefix, 2, { durable: false });
    for (const name of filesOf(prefix)) if (name.includes('unsynced')) unlinkSync(join(dirname(prefix), name));
    const unmarked = generations(prefix).get(await committed(prefix))!;
    await save(prefix, 3, { durable: false });
    for (const name of unmarked) expect(filesOf(prefix)).toContain(name);
    await expectBounded(prefix, 1);
  });

  test('one without its generation does not make a durable save look unsynced', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    // As if everything of total 2 but the marker had been removed by hand.
    writeFileSync(`${prefix}.index.unsynced-00002-over-00001`, '');
    await save(prefix, 2);
    expect(await committed(prefix)).toBe(2);
    expect(existsSync(`${prefix}.index.unsynced-00002-over-00001`)).toBe(false);
    const durable = generations(prefix).get(2)!;
    await save(prefix, 3, { durable: false });
    await save(prefix, 4, { durable: false });
    for (const name of durable) expect(filesOf(prefix)).toContain(name);
  });

  test('a save that fails, is killed or aborted leaves none', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const before = filesOf(prefix);
    faulty.setFaults([{ at: 1, syscall: 'rename', action: 'error', errno: 'EIO' }]);
    await expect(save(prefix, 2, { durable: false })).rejects.toMatchObject({ code: 'ERR_IO' });
    faulty.setFaults(null);
    expect(filesOf(prefix)).toEqual(before);
    const faults = [{ at: 1, syscall: 'rename', action: 'kill' as const }];
    expect((await runChild({ prefix, tensors: tensorsOf(3), options: { durable: false }, faults })).killed).toBe(true);
    expect(filesOf(prefix).some(name => name.includes('unsynced'))).toBe(true);
    await save(prefix, 4, { durable: false });
    await expectBounded(prefix, 1, 2);
    await save(prefix, 5);
    onlyGeneration(prefix);
  });

  test('a save whose last sync failed is no durable one', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const first = generations(prefix).get(1)!;
    faulty.setFaults([{ at: 3, syscall: 'fsync', action: 'error', errno: 'EIO' }]);
    await expect(save(prefix, 2)).rejects.toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN' });
    faulty.setFaults(null);
    await save(prefix, 3, { durable: false });
    for (const name of first) expect(filesOf(prefix)).toContain(name);
    await expectBounded(prefix, 1, 2);
  });

  test.each([
    ['open', 'unsynced', 'ENOSPC'],
    ['open', 'unsynced', 'EMFILE'],
    ['open', 'unsynced', 'EACCES'],
    ['flock', 'unsynced', 'EIO'],
    ['readdir', '', 'EIO'],
  ])('where it cannot be made (%s %s %s) nothing is committed', async (syscall, path, errno) => {
    const prefix = fresh();
    await save(prefix, 1);
    await saveElsewhere(prefix, 2, { durable: false });
    const before = filesOf(prefix);
    // The directory is listed once when a save begins.
    const at = syscall === 'readdir' ? 2 : 1;
    faulty.setFaults([{ at, syscall, path, action: 'error', errno, sticky: syscall !== 'readdir' }]);
    await expect(save(prefix, 3, { durable: false })).rejects.toMatchObject({ name: 'TensorBundleError' });
    faulty.setFaults(null);
    expect(filesOf(prefix)).toEqual(before);
    expect(await savedAt(prefix)).toBe(2);
  });

  test('a copy of the files without the markers is a whole checkpoint', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    await save(prefix, 2, { durable: false });
    const copy = fresh();
    for (const name of filesOf(prefix))
      if (!name.includes('unsynced')) copyFileSync(join(dirname(prefix), name), join(dirname(copy), name));
    expect(await savedAt(copy)).toBe(2);
  });
});

describe('the last durable generation stays, whatever the times say', () => {
  /** Saves without syncs, here and elsewhere; the durable data must still be there, and verify under its own index. */
  async function expectKept(prefix: string, durable: readonly string[], index: Buffer): Promise<void> {
    for (let k = 20; k < 25; k++) {
      if (k % 2 === 0) await saveElsewhere(prefix, k, { durable: false });
      else await save(prefix, k, { durable: false });
      for (const name of durable) expect(filesOf(prefix)).toContain(name);
      expect(generations(prefix).size).toBeLessThanOrEqual(3);
    }
    const old = fresh();
    for (const name of durable) copyFileSync(join(dirname(prefix), name), join(dirname(old), name));
    writeFileSync(`${old}.index`, index);
    expect(await savedAt(old)).toBe(1);
  }

  const dataOf = (prefix: string, total: number): string[] => generations(prefix).get(total)!;

  test('the clock went back', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const index = readFileSync(`${prefix}.index`);
    const future = Date.now() / 1000 + 10_000;
    for (const name of filesOf(prefix)) utimesSync(join(dirname(prefix), name), future, future);
    await expectKept(prefix, dataOf(prefix, 1), index);
    await save(prefix, 30);
    await save(prefix, 31);
    expect(await savedAt(prefix)).toBe(31);
  });

  test('it was copied, the index before the data', async () => {
    const from = fresh();
    await save(from, 1);
    const prefix = fresh();
    for (const name of filesOf(from).reverse()) copyFileSync(join(dirname(from), name), join(dirname(prefix), name));
    const past = Date.now() / 1000 - 1000;
    utimesSync(`${prefix}.index`, past, past);
    await expectKept(prefix, dataOf(prefix, 1), readFileSync(`${prefix}.index`));
  });

  test('it was committed while one without syncs was being written, which then replaced it', async () => {
    const prefix = fresh();
    await save(prefix, 9);
    let go = (): void => undefined;
    const gate = new Promise<void>(resolve => {
      go = resolve;
    });
    const slow = writerOf(prefix, tensorsOf(8).slice(1), { durable: false });
    slow.add('layer/kernel', {
      dtype: 'float32',
      shape: [3, 2],
      data: () => gate.then(() => new Float32Array(6).fill(8)),
    });
    const finished = slow.finish();
    await new Promise(resolve => setTimeout(resolve, 50));
    await save(prefix, 1);
    const durable = dataOf(prefix, await committed(prefix));
    const index = readFileSync(`${prefix}.index`);
    go();
    await finished;
    await expectKept(prefix, durable, index);
  });

  test('TensorFlow died while it wrote data files of another total', async () => {
    const prefix = fresh();
    await save(prefix, 1, { shards: 2 });
    const index = readFileSync(`${prefix}.index`);
    const durable = dataOf(prefix, 2);
    writeFileSync(`${prefix}.data-00000-of-00001`, 'half of it');
    await expectKept(prefix, durable, index);
  });
});

test('a dead intent of its total does not give the last durable generation free', async () => {
  const prefix = fresh();
  await save(prefix, 1);
  const durable = generations(prefix).get(1)!;
  await save(prefix, 2, { durable: false });
  for (let k = 3; k < 6; k++) {
    writeFileSync(`${prefix}.index.intent-00001-0123456789abcdef`, '');
    if (k === 4) await withDirectory(dirname(prefix), opened => removeOrphans(opened, () => true));
    else await save(prefix, k, { durable: false });
    for (const name of durable) expect(filesOf(prefix)).toContain(name);
    expect(filesOf(prefix).some(name => name.includes('.intent-'))).toBe(false);
  }
});

test('an inode number that another process was given again is not mistaken for our own index', async () => {
  // On a disk: memory file systems give no number twice.
  const root = mkdtempSync(join(tmpdir(), 'tensorbundle-inode-'));
  try {
    for (let round = 0; round < 3; round++) {
      const prefix = join(root, `r${round}`, 'model');
      await save(prefix, 1, { durable: false });
      const inode = statSync(`${prefix}.index`).ino;
      for (let k = 2; k < 6; k++) {
        await saveElsewhere(prefix, k, {});
        if (statSync(`${prefix}.index`).ino === inode) break;
      }
      const durable = generations(prefix).get(await committed(prefix))!;
      await save(prefix, 9, { durable: false });
      for (const name of durable) expect(filesOf(prefix)).toContain(name);
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('durable saves of many processes at once leave the totals of few', async () => {
  const prefix = fresh();
  await Promise.all([1, 2, 3, 4, 5, 6].map(k => saveElsewhere(prefix, k, {})));
  await expectBounded(prefix, 1, 1);
  onlyGeneration(prefix);
});

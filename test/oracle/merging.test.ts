/** Merging beyond one level, and what it must refuse, next to MergeV2Checkpoints. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CheckpointReader, copyCheckpoint, mergeCheckpoints } from '../../src/index.js';
import { Directory } from '../../src/storage/directory.js';
import { differences } from './files.js';
import { type NamedTensor, type Oracle, oracle } from './oracle.js';

const folder = mkdtempSync(join(tmpdir(), 'merging-'));
const QUICK = { durable: false } as const;
let o: Oracle;
let made = 0;

beforeAll(async () => {
  o = await oracle();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function row(index: number, dtype: 'float32' | 'int16' = 'float32'): NamedTensor {
  const data = dtype === 'float32' ? Float32Array.of(index, index + 0.5) : Int16Array.of(index, -index);
  return { name: 'table', slice: `6 2 ${index},1:-`, dtype, shape: [1, 2], data };
}

function scalar(name: string, value: number): NamedTensor {
  return { name, dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(value)) };
}

/** A fresh folder with one checkpoint a part. */
async function parts(contents: readonly (readonly NamedTensor[])[]): Promise<string[]> {
  const directory = join(folder, String(++made));
  const prefixes: string[] = [];
  for (const [i, tensors] of contents.entries()) {
    mkdirSync(join(directory, `p${i}`), { recursive: true });
    prefixes.push(join(directory, `p${i}`, 'x'));
    await o.saveV2(prefixes[i]!, tensors);
  }
  return prefixes;
}

/** TensorFlow moves its inputs' data files away: it gets copies. */
async function mergedByTensorFlow(prefixes: readonly string[]): Promise<string> {
  const directory = join(folder, String(++made));
  const spares = prefixes.map((prefix, i) => {
    cpSync(join(prefix, '..'), join(directory, `spare${i}`), { recursive: true });
    return join(directory, `spare${i}`, 'x');
  });
  mkdirSync(join(directory, 'merged'));
  const merged = join(directory, 'merged', 'x');
  await o.merge(spares, merged);
  return merged;
}

async function expectSame(prefixes: readonly string[]): Promise<string> {
  const theirs = await mergedByTensorFlow(prefixes);
  const ours = join(folder, String(++made), 'x');
  await mergeCheckpoints(prefixes, ours, QUICK);
  expect(differences(ours, theirs)).toEqual([]);
  const copy = join(folder, String(++made), 'x');
  await copyCheckpoint(theirs, copy, QUICK);
  expect(differences(copy, theirs)).toEqual([]);
  return theirs;
}

describe('merging merged checkpoints', () => {
  test('plain tensors: shards are numbered by their first key', async () => {
    const inner = await expectSame(
      await parts([[scalar('z', 1)], [scalar('a', 2), scalar('zz', 3)], [scalar('m', 4)]]),
    );
    const outer = await parts([[scalar('b', 5)], [scalar('aa', 6)]]);
    await expectSame([inner, ...outer]);
    await expectSame([...outer, inner]);
  });

  test('slices: a shard may come first by its slice, and the order of slices stays', async () => {
    const inner = await expectSame(
      await parts([
        [row(4), scalar('z', 1)],
        [row(2), row(0)],
        [scalar('a', 2), row(3)],
      ]),
    );
    const outer = await parts([[row(5)], [row(1), scalar('b', 3)]]);
    const whole = await expectSame([inner, ...outer]);
    const reader = await CheckpointReader.open(await expectSame([outer[1]!, inner, outer[0]!]));
    expect([...((await reader.read('table')).data as Float32Array)]).toEqual([
      0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5,
    ]);
    await reader.close();
    expect(await o.restoreAll(whole).then(found => found.get('table')!.bytes.readFloatLE(44))).toBe(5.5);
  });

  test('a merge of one checkpoint', async () => {
    const inner = await expectSame(await parts([[row(1)], [row(0)]]));
    await expectSame([inner]);
  });
});

describe('deleteInputs', () => {
  test('removes them after the commit, and nothing else', async () => {
    const prefixes = await parts([[scalar('a', 1)], [scalar('b', 2)]]);
    const to = join(folder, String(++made), 'x');
    await mergeCheckpoints(prefixes, to, { deleteInputs: true });
    for (const prefix of prefixes) expect(readdirSync(join(prefix, '..'))).toEqual([]);
    expect([...(await o.restoreAll(to)).keys()]).toEqual(['a', 'b']);
  });

  test('keeps the result where it replaces one of the inputs', async () => {
    const prefixes = await parts([[scalar('a', 1)], [scalar('b', 2)]]);
    await mergeCheckpoints(prefixes, prefixes[0]!, { deleteInputs: true });
    expect([...(await o.restoreAll(prefixes[0]!)).keys()]).toEqual(['a', 'b']);
    expect(readdirSync(join(prefixes[1]!, '..'))).toEqual([]);
  });

  test('keeps it also where the input is named by one of its files or through another path', async () => {
    const prefixes = await parts([[scalar('a', 1)], [scalar('b', 2)]]);
    const roundabout = join(prefixes[0]!, '..', '.').concat('/../p0/x.index');
    await mergeCheckpoints([roundabout, prefixes[1]!], prefixes[0]!, { deleteInputs: true });
    expect([...(await o.restoreAll(prefixes[0]!)).keys()]).toEqual(['a', 'b']);
  });
});

describe('deleteInputs and directories', () => {
  const state = (directory: string, latest: string): void => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'checkpoint'), `model_checkpoint_path: "${latest}"\n`);
  };

  test('whose `checkpoint` file names a checkpoint elsewhere: refused before anything is written', async () => {
    const prefixes = await parts([[scalar('a', 1)], [scalar('b', 2)]]);
    const root = join(prefixes[0]!, '..', '..');
    const victim = readdirSync(join(root, 'p0'));
    const run = join(root, 'run');
    mkdirSync(run);
    symlinkSync('../p0', join(run, 'link'));
    for (const latest of ['../p0/x', prefixes[0]!, 'link/x', '../run/../p0/x', `file://${prefixes[0]!}`]) {
      state(run, latest);
      for (const given of [run, `${run}/`]) {
        const to = join(root, 'out', 'm');
        await expect(mergeCheckpoints([given, prefixes[1]!], to, { deleteInputs: true })).rejects.toMatchObject({
          code: 'ERR_INVALID_ARGUMENT',
          message: expect.stringContaining('give the prefix itself'),
        });
        expect(existsSync(join(root, 'out'))).toBe(false);
        expect(readdirSync(join(root, 'p0'))).toEqual(victim);
      }
    }
    // Without deleteInputs nothing is lost.
    await mergeCheckpoints([run, prefixes[1]!], join(root, 'out', 'm'));
  });

  test('that hold what they name: its files go, by whatever spelling', async () => {
    for (const latest of ['x', './x', '../p0/x', 'absolute']) {
      const prefixes = await parts([[scalar('a', 1)], [scalar('b', 2)]]);
      const directory = join(prefixes[0]!, '..');
      state(directory, latest === 'absolute' ? prefixes[0]! : latest);
      await mergeCheckpoints([directory, prefixes[1]!], join(directory, '..', 'm'), { deleteInputs: true });
      expect(readdirSync(directory)).toEqual(['checkpoint']);
    }
  });
});

test('deleteInputs leaves an input that somebody saved over while the merge ran', async () => {
  const prefixes = await parts([[scalar('a', 1)], [scalar('b', 2)]]);
  let again: Promise<unknown> | undefined;
  const onProgress = (): void => {
    again ??= copyCheckpoint(prefixes[0]!, prefixes[1]!);
  };
  // The copy ends before the merge does: the merge's own commit waits for the copy.
  const { exclusively } = Directory.prototype;
  const spy = vi.spyOn(Directory.prototype, 'exclusively').mockImplementation(async function (
    this: Directory,
    ...args: Parameters<Directory['exclusively']>
  ) {
    if (this.path.endsWith('/out')) await again;
    return await exclusively.apply(this, args);
  } as typeof exclusively);
  const to = join(prefixes[0]!, '..', '..', 'out', 'm');
  await mergeCheckpoints(prefixes, to, { deleteInputs: true, onProgress });
  spy.mockRestore();
  expect(again).toBeDefined();
  expect([...(await o.restoreAll(to)).keys()]).toEqual(['a', 'b']);
  expect([...(await o.restoreAll(prefixes[1]!)).keys()]).toEqual(['a']);
  expect(readdirSync(join(prefixes[0]!, '..'))).toEqual([]);
});

test('what TensorFlow refuses is refused, and nothing is written', async () => {
  const refused: [readonly (readonly NamedTensor[])[], string][] = [
    [[[scalar('a', 1)], [scalar('a', 1)]], 'ERR_DUPLICATE_NAME'],
    [[[row(1)], [{ ...scalar('table', 1) }]], 'ERR_DUPLICATE_NAME'],
    [[[row(1)], [row(2, 'int16')]], 'ERR_DTYPE'],
    [[[row(1)], [{ ...row(2), slice: '7 2 2,1:-' }]], 'ERR_SHAPE'],
  ];
  for (const [contents, code] of refused) {
    const prefixes = await parts(contents);
    const to = join(folder, String(++made), 'x');
    await expect(mergeCheckpoints(prefixes, to, QUICK)).rejects.toMatchObject({ code, tensor: expect.any(String) });
    await expect(CheckpointReader.open(to)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
  }
  await expect(mergeCheckpoints([], join(folder, 'none'))).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
});

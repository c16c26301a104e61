/** Finding checkpoints: every form of path, the state file, the newest whole one; one-call reading; removal. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { chdir, cwd } from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import {
  CheckpointReader,
  CheckpointWriter,
  checkpointExists,
  latestCheckpoint,
  latestValidCheckpoint,
  listVariables,
  loadVariable,
  removeCheckpoint,
  updateCheckpointState,
  verifyCheckpoint,
} from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), "finding [1] *é'-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

function freshDirectory(): string {
  const directory = join(folder, String(++made));
  mkdirSync(directory);
  return directory;
}

async function save(prefix: string, value = 1): Promise<string> {
  const writer = new CheckpointWriter(prefix, { durable: false });
  writer.add('a', { dtype: 'float32', shape: [2], data: Float32Array.of(value, 2) });
  await writer.add('b:0', { dtype: 'int8', shape: [], data: Int8Array.of(3) }).finish();
  return prefix;
}

const prefixOf = async (path: string): Promise<string> => {
  await using reader = await CheckpointReader.open(path);
  return reader.prefix;
};

describe('paths', () => {
  test('prefix, index, data file, relative, through a link', async () => {
    const prefix = await save(join(freshDirectory(), 'model.v1'));
    expect(await prefixOf(prefix)).toBe(prefix);
    expect(await prefixOf(`${prefix}.index`)).toBe(prefix);
    expect(await prefixOf(`${prefix}.data-00000-of-00001`)).toBe(prefix);
    expect(await prefixOf(relative(process.cwd(), prefix))).toBe(relative(process.cwd(), prefix));
    const link = join(freshDirectory(), 'link');
    symlinkSync(join(prefix, '..'), link);
    expect(await prefixOf(join(link, 'model.v1'))).toBe(join(link, 'model.v1'));
  });

  test('a directory: the SavedModel first, then the state file', async () => {
    const directory = freshDirectory();
    await save(join(directory, 'ckpt-3'));
    await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'ckpt-3') });
    for (const path of [directory, `${directory}/`]) expect(await prefixOf(path)).toBe(join(directory, 'ckpt-3'));
    await save(join(directory, 'variables', 'variables'));
    for (const path of [directory, `${directory}//`]) {
      expect(await prefixOf(path)).toBe(join(directory, 'variables', 'variables'));
    }
  });

  test('the current directory and its parent, as . and ..', async () => {
    const directory = freshDirectory();
    await save(join(directory, 'ckpt-3'));
    await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'ckpt-3') });
    mkdirSync(join(directory, 'sub'));
    const before = cwd();
    try {
      chdir(directory);
      for (const path of ['.', './', './/']) {
        expect(await prefixOf(path), path).toBe('ckpt-3');
        expect(await checkpointExists(path), path).toBe(true);
      }
      chdir('sub');
      for (const path of ['..', '../', '../sub/..']) {
        expect(await prefixOf(path), path).toBe('../ckpt-3');
        expect(await checkpointExists(path), path).toBe(true);
      }
      for (const path of ['.', './']) {
        await expect(CheckpointReader.open(path)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND', path: '.' });
        expect(await checkpointExists(path)).toBe(false);
      }
    } finally {
      chdir(before);
    }
    await expect(CheckpointReader.open('//')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND', path: '/' });
  });

  test('a directory of the same name as the prefix beside it does not hide the checkpoint', async () => {
    const directory = freshDirectory();
    const prefix = await save(join(directory, 'model'));
    mkdirSync(join(directory, 'model'));
    expect(await prefixOf(prefix)).toBe(prefix);
    expect(await checkpointExists(prefix)).toBe(true);
  });

  test('what is no checkpoint', async () => {
    const directory = freshDirectory();
    writeFileSync(join(directory, 'text'), 'hello');
    writeFileSync(join(directory, 'fake.index'), 'x'.repeat(100));
    mkdirSync(join(directory, 'empty'));
    mkdirSync(join(directory, 'dir.index'));
    const wrong: [string, string][] = [
      [join(directory, 'absent'), 'ERR_NOT_FOUND'],
      [join(directory, 'no', 'such', 'directory'), 'ERR_NOT_FOUND'],
      [join(directory, 'empty'), 'ERR_NOT_FOUND'],
      [join(directory, 'text'), 'ERR_NOT_A_CHECKPOINT'],
      [join(directory, 'text', 'below'), 'ERR_NOT_FOUND'],
      [join(directory, 'fake'), 'ERR_NOT_A_CHECKPOINT'],
    ];
    for (const [path, code] of wrong) {
      const found = await CheckpointReader.open(path).catch((error: unknown) => error);
      expect(found, path).toMatchObject({ name: 'TensorBundleError', code, path: expect.any(String) });
    }
    await expect(CheckpointReader.open(join(directory, 'dir'))).rejects.toMatchObject({ name: 'TensorBundleError' });
    await expect(CheckpointReader.open('')).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});

test('a slash too many: what there is, and how it is written', async () => {
  const prefix = await save(join(freshDirectory(), 'ok'));
  await expect(CheckpointReader.open(`${prefix}/`)).rejects.toMatchObject({
    code: 'ERR_NOT_FOUND',
    path: `${prefix}/.index`,
    message:
      `there is no checkpoint at ${prefix}/: there is neither ${prefix}/.index nor a directory ${prefix}; ` +
      `the checkpoint '${prefix}' is written without the slash`,
  });
  await expect(CheckpointReader.open(`${prefix}x/`)).rejects.toMatchObject({
    path: `${prefix}x/.index`,
    message: `there is no checkpoint at ${prefix}x/: there is neither ${prefix}x/.index nor a directory ${prefix}x`,
  });
  await expect(CheckpointReader.open(`${prefix}x`)).rejects.toMatchObject({
    path: `${prefix}x.index`,
    message: `there is no checkpoint at ${prefix}x: ${prefix}x.index does not exist; there is '${prefix}'`,
  });
});

test('checkpointExists is about the index, as in TensorFlow', async () => {
  const directory = freshDirectory();
  const prefix = await save(join(directory, 'm'));
  rmSync(`${prefix}.data-00000-of-00001`);
  expect(await checkpointExists(prefix)).toBe(true);
  expect(await checkpointExists(join(directory, 'n'))).toBe(false);
  expect(await checkpointExists(join(directory, 'no', 'where'))).toBe(false);
  expect(await checkpointExists(directory)).toBe(false);
});

test('listVariables and loadVariable', async () => {
  const prefix = await save(join(freshDirectory(), 'm'));
  expect(await listVariables(prefix)).toEqual([
    { name: 'a', dtype: 'float32', shape: [2] },
    { name: 'b:0', dtype: 'int8', shape: [] },
  ]);
  expect((await loadVariable(prefix, 'a:0')).data).toEqual(Float32Array.of(1, 2));
  expect((await loadVariable(prefix, 'a')).data).toEqual(Float32Array.of(1, 2));
  expect((await loadVariable(prefix, 'b:0')).data).toEqual(Int8Array.of(3));
  await expect(loadVariable(prefix, 'c:0')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
});

describe('latestCheckpoint', () => {
  test('follows the state file only, and never throws', async () => {
    const directory = freshDirectory();
    expect(await latestCheckpoint(directory)).toBeNull();
    expect(await latestCheckpoint(join(directory, 'absent'))).toBeNull();
    await save(join(directory, 'x-1'));
    expect(await latestCheckpoint(directory)).toBeNull();
    await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'x-1') });
    expect(await latestCheckpoint(directory)).toBe(join(directory, 'x-1'));
    await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'x-2'), latestFilename: 'other' });
    expect(await latestCheckpoint(directory, 'other')).toBeNull();
    writeFileSync(join(directory, 'checkpoint'), 'model_checkpoint_path: "');
    expect(await latestCheckpoint(directory)).toBeNull();
    rmSync(join(directory, 'checkpoint'));
    mkdirSync(join(directory, 'checkpoint'));
    expect(await latestCheckpoint(directory)).toBeNull();
  });

  test('a directory can be moved with its checkpoints', async () => {
    const directory = freshDirectory();
    await save(join(directory, 'x-1'));
    await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'x-1') });
    const moved = freshDirectory();
    cpSync(directory, moved, { recursive: true });
    rmSync(directory, { recursive: true });
    expect(await latestCheckpoint(moved)).toBe(join(moved, 'x-1'));
  });
});

describe('latestValidCheckpoint', () => {
  test('state file newest first, then other indexes by time; skips what is damaged', async () => {
    const directory = freshDirectory();
    expect(await latestValidCheckpoint(directory)).toBeNull();
    const paths = ['x-1', 'x-2', 'x-3', 'stray-old', 'stray-new'].map(name => join(directory, name));
    for (const path of paths) await save(path);
    const now = Date.now() / 1000;
    utimesSync(`${paths[3]}.index`, now - 100, now - 100);
    utimesSync(`${paths[4]}.index`, now - 50, now - 50);
    for (const path of paths.slice(0, 3)) utimesSync(`${path}.index`, now - 500, now - 500);
    await updateCheckpointState(directory, {
      modelCheckpointPath: paths[2]!,
      allModelCheckpointPaths: paths.slice(0, 3),
    });
    expect(await latestValidCheckpoint(directory)).toBe(paths[2]);
    truncateSync(`${paths[2]}.index`, 0);
    expect(await latestCheckpoint(directory)).toBe(paths[2]);
    expect(await latestValidCheckpoint(directory)).toBe(paths[1]);
    writeFileSync(`${paths[1]}.data-00000-of-00001`, new Uint8Array(9));
    // The file has its size, but other bytes: only the deep check sees it.
    expect(await latestValidCheckpoint(directory, { deep: false })).toBe(paths[1]);
    expect(await latestValidCheckpoint(directory)).toBe(paths[0]);
    rmSync(`${paths[0]}.data-00000-of-00001`);
    expect(await latestValidCheckpoint(directory)).toBe(paths[4]);
    rmSync(join(directory, 'checkpoint'));
    await removeCheckpoint(paths[4]!);
    expect(await latestValidCheckpoint(directory)).toBe(paths[3]);
    await removeCheckpoint(paths[3]!);
    expect(await latestValidCheckpoint(directory)).toBeNull();
  });

  test('hears a signal', async () => {
    const directory = freshDirectory();
    await save(join(directory, 'x-1'));
    const given = { signal: AbortSignal.abort('enough') };
    await expect(latestValidCheckpoint(directory, given)).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: 'enough',
    });
    const controller = new AbortController();
    const missing = Array.from({ length: 2000 }, (_, i) => join(directory, `gone-${i}`));
    await updateCheckpointState(directory, { modelCheckpointPath: missing.at(-1)!, allModelCheckpointPaths: missing });
    const found = latestValidCheckpoint(directory, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(found).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(await latestValidCheckpoint(directory)).toBe(join(directory, 'x-1'));
  });
});

test.each(['.index', '.data-00000-of-00001'])('removeCheckpoint takes the path of a file %s', async suffix => {
  const directory = freshDirectory();
  const prefix = await save(join(directory, 'a'));
  await save(join(directory, 'ab'));
  await removeCheckpoint(`${prefix}${suffix}`);
  expect(readdirSync(directory).filter(name => !name.startsWith('ab.'))).toEqual([]);
  expect(await checkpointExists(join(directory, 'ab'))).toBe(true);
  await removeCheckpoint(`${prefix}${suffix}`);
});

test('removeCheckpoint of a prefix that is named like a file of another checkpoint leaves that one', async () => {
  const directory = freshDirectory();
  const plain = await save(join(directory, 'a'));
  const odd = await save(join(directory, 'a.index'));
  await removeCheckpoint(odd);
  expect(readdirSync(directory).sort()).toEqual(['a.data-00000-of-00001', 'a.index']);
  await save(odd);
  // As after a crash in the middle of a removal: the data is what is left to remove, not the other checkpoint.
  rmSync(`${odd}.index`);
  await removeCheckpoint(odd);
  expect(readdirSync(directory).sort()).toEqual(['a.data-00000-of-00001', 'a.index']);
  expect((await verifyCheckpoint(plain)).ok).toBe(true);
});

test('removeCheckpoint takes every generation of exactly this prefix', async () => {
  const directory = freshDirectory();
  const prefix = await save(join(directory, 'm'));
  for (const neighbour of ['m2', 'm.data', 'm.index']) await save(join(directory, neighbour));
  writeFileSync(join(directory, 'm.data-00000-of-00007'), 'left over');
  writeFileSync(join(directory, 'm.data-00000-of-00001.bak'), 'somebody else');
  const before = readdirSync(directory);
  await removeCheckpoint(prefix);
  const gone = ['m.index', 'm.data-00000-of-00001', 'm.data-00000-of-00007'];
  expect(readdirSync(directory).sort()).toEqual(before.filter(name => !gone.includes(name)).sort());
  await removeCheckpoint(prefix);
  await removeCheckpoint(join(directory, 'no', 'where'));
});

test('verifyCheckpoint tells what keeps a checkpoint from opening', async () => {
  const directory = freshDirectory();
  const prefix = await save(join(directory, 'm'));
  expect(await verifyCheckpoint(prefix)).toEqual({
    prefix,
    ok: true,
    tensors: 2,
    bytes: 9,
    unreferencedBytes: 0,
    problems: [],
  });
  rmSync(`${prefix}.data-00000-of-00001`);
  const report = await verifyCheckpoint(prefix);
  const missing = { code: 'ERR_MISSING_SHARD', file: `${prefix}.data-00000-of-00001` };
  expect(report).toMatchObject({
    ok: false,
    problems: [
      { ...missing, tensor: 'a' },
      { ...missing, tensor: 'b:0' },
    ],
  });
  truncateSync(`${prefix}.index`, 0);
  expect((await verifyCheckpoint(prefix)).problems).toMatchObject([{ code: 'ERR_TRUNCATED', file: `${prefix}.index` }]);
  await expect(verifyCheckpoint(join(directory, 'absent'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
});

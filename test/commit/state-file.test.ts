/** The `checkpoint` state file: what TensorFlow and this library write, the other reads the same; hostile text. */
import '../crash/fault-engine.js';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import {
  CheckpointReader,
  checkpointExists,
  latestCheckpoint,
  latestValidCheckpoint,
  readCheckpointState,
  updateCheckpointState,
} from '../../src/index.js';
import { runChild, writePoints } from '../crash/child.js';
import { save } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';
import { oracle } from '../oracle/oracle.js';

const scratch = new Scratch('state');

interface OracleState {
  modelCheckpointPath: string;
  allModelCheckpointPaths: string[];
  allModelCheckpointTimestamps: number[];
  lastPreservedTimestamp: number;
}

async function stateForTensorFlow(dir: string): Promise<OracleState | null> {
  return (await (await oracle()).call('state', { dir })) as OracleState | null;
}

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

const NAMES = [
  'ckpt-1',
  'with space',
  'ünïcödé-模型-🙂',
  'quo\'te"s',
  'back\\slash',
  'tab\tand\nline',
  '#hash',
  'a: "b"',
  '%25',
];

describe('with TensorFlow', () => {
  test.each(NAMES)('%j: ours is read the same', async name => {
    const dir = scratch.directory();
    const all = [join(dir, 'older'), join(dir, name)];
    await updateCheckpointState(dir, {
      modelCheckpointPath: join(dir, name),
      allModelCheckpointPaths: all,
      allModelCheckpointTimestamps: [1.5, 1732395123.25],
      lastPreservedTimestamp: 1732395000.125,
    });
    const expected = {
      modelCheckpointPath: join(dir, name),
      allModelCheckpointPaths: all,
      allModelCheckpointTimestamps: [1.5, 1732395123.25],
      lastPreservedTimestamp: 1732395000.125,
    };
    expect(await stateForTensorFlow(dir)).toEqual(expected);
    expect(await readCheckpointState(dir)).toEqual(expected);
  });

  test.each(NAMES)('%j: theirs is read the same, and ours differs only in relative paths', async name => {
    const dir = scratch.directory();
    const all = [join(dir, 'older'), join(dir, name)];
    await (await oracle()).call('updateState', {
      dir,
      modelCheckpointPath: join(dir, name),
      allModelCheckpointPaths: all,
    });
    const text = readFileSync(join(dir, 'checkpoint'), 'utf8');
    const found = await readCheckpointState(dir);
    expect(found?.modelCheckpointPath).toBe(join(dir, name));
    expect(found?.allModelCheckpointPaths).toEqual(all);
    await updateCheckpointState(dir, { modelCheckpointPath: join(dir, name), allModelCheckpointPaths: all });
    // tf.train.Checkpoint and tf_keras save relative paths; this public function of TensorFlow does not.
    expect(readFileSync(join(dir, 'checkpoint'), 'utf8')).toBe(text.replaceAll(`${dir}/`, ''));
  });

  test('paths outside the directory stay absolute, both ways', async () => {
    const dir = scratch.directory();
    const other = join(scratch.directory(), 'ckpt-9');
    await updateCheckpointState(dir, { modelCheckpointPath: other });
    expect(readFileSync(join(dir, 'checkpoint'), 'utf8')).toContain(`"${other}"`);
    expect((await stateForTensorFlow(dir))?.modelCheckpointPath).toBe(other);
    expect((await readCheckpointState(dir))?.modelCheckpointPath).toBe(other);
  });

  test('latestCheckpoint agrees, also when the checkpoint is gone', async () => {
    const dir = scratch.directory();
    const prefix = join(dir, 'ckpt-3');
    await updateCheckpointState(dir, { modelCheckpointPath: prefix });
    const theirs = async (): Promise<unknown> => (await oracle()).call('latest', { dir });
    expect([await latestCheckpoint(dir), await theirs()]).toEqual([null, null]);
    await save(prefix, 1);
    expect([await latestCheckpoint(dir), await theirs()]).toEqual([prefix, prefix]);
  });

  test('a name of two dots and more, and one with a slash at its end, stay what they are', async () => {
    const dir = scratch.directory();
    const all = ['..a-1', '...', 'a/', 'b/c', 'd'].map(name =>
      name.endsWith('/') ? `${dir}/${name}` : join(dir, name),
    );
    await updateCheckpointState(dir, { modelCheckpointPath: all.at(-1)!, allModelCheckpointPaths: all });
    expect(readFileSync(join(dir, 'checkpoint'), 'utf8')).not.toContain(dir);
    expect((await readCheckpointState(dir))?.allModelCheckpointPaths).toEqual(all);
  });

  test('unknown fields and comments of a newer TensorFlow survive an update', async () => {
    const dir = scratch.directory();
    writeFileSync(
      join(dir, 'checkpoint'),
      'model_checkpoint_path: "a"\n# why\nfuture { x: 1 y: "}" z: [1, 2] }\nflag: true\n',
    );
    await updateCheckpointState(dir, { modelCheckpointPath: join(dir, 'b') });
    const text = readFileSync(join(dir, 'checkpoint'), 'utf8');
    expect(text).toContain('model_checkpoint_path: "b"');
    expect(text).toContain('future { x: 1 y: "}" z: [1, 2] }');
    expect(text).toContain('flag: true');
    expect((await readCheckpointState(dir))?.modelCheckpointPath).toBe(join(dir, 'b'));
  });
});

describe('replacement', () => {
  test('killed before each write: the old or the new text, and no temporary file after the next update', async () => {
    const update = (dir: string) => ({ directory: dir, update: { modelCheckpointPath: join(dir, 'new') } });
    const recorded = await runChild({ action: 'state', state: update(scratch.directory()) });
    const points = writePoints(recorded.operations, 'kill');
    expect(points.length).toBeGreaterThanOrEqual(5);
    for (const fault of points) {
      const dir = scratch.directory();
      await updateCheckpointState(dir, { modelCheckpointPath: join(dir, 'old') });
      expect((await runChild({ action: 'state', state: update(dir), faults: [fault] })).killed).toBe(true);
      expect([join(dir, 'old'), join(dir, 'new')]).toContain((await readCheckpointState(dir))?.modelCheckpointPath);
      await updateCheckpointState(dir, { modelCheckpointPath: join(dir, 'next') });
      expect((await readCheckpointState(dir))?.modelCheckpointPath).toBe(join(dir, 'next'));
      expect(readdirSync(dir)).toEqual(['checkpoint']);
    }
  });

  test('a failing write leaves the old text and no temporary file', async () => {
    const dir = scratch.directory();
    await updateCheckpointState(dir, { modelCheckpointPath: join(dir, 'old') });
    for (const syscall of ['pwrite', 'rename', 'fsync', 'flock']) {
      faulty.setFaults([{ at: 1, syscall, action: 'error', errno: 'EIO' }]);
      await expect(updateCheckpointState(dir, { modelCheckpointPath: join(dir, 'new') })).rejects.toMatchObject({
        code: 'ERR_IO',
      });
      faulty.setFaults(null);
      expect((await readCheckpointState(dir))?.modelCheckpointPath).toBe(join(dir, 'old'));
      expect(readdirSync(dir)).toEqual(['checkpoint']);
    }
  });

  test('a planted link is replaced, not followed', async () => {
    const dir = scratch.directory();
    const target = join(scratch.directory(), 'precious');
    writeFileSync(target, 'precious');
    symlinkSync(target, join(dir, 'checkpoint'));
    await updateCheckpointState(dir, { modelCheckpointPath: join(dir, 'a') });
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(statSync(join(dir, 'checkpoint')).isFile()).toBe(true);
    expect(existsSync(join(dir, 'a.index'))).toBe(false);
  });
});

describe('URLs in a state file', () => {
  const write = (dir: string, ...paths: string[]): void =>
    writeFileSync(
      join(dir, 'checkpoint'),
      [
        `model_checkpoint_path: "${paths.at(-1)}"`,
        ...paths.map(path => `all_model_checkpoint_paths: "${path}"`),
        ...paths.map((_path, i) => `all_model_checkpoint_timestamps: ${i + 1}.5`),
      ].join('\n'),
    );

  test.each(['gs://bucket/ckpt-2', 'S3://bucket/ckpt-2', 'file://host/ckpt-2', 'file:///50%'])(
    '%s is not on this machine: nothing of that name here is taken for it',
    async url => {
      const dir = scratch.directory();
      // What joining would find, in the directory, the current one and beside it.
      const planted = join(dir, url.replace('//', '/'));
      await save(planted, 1);
      await save(join(dir, 'own-1'), 1);
      write(dir, 'own-1', url);
      expect(await latestCheckpoint(dir)).toBeNull();
      expect(await readCheckpointState(dir)).toMatchObject({
        modelCheckpointPath: url,
        allModelCheckpointPaths: [join(dir, 'own-1')],
        allModelCheckpointTimestamps: [1.5],
      });
      await expect(CheckpointReader.open(dir)).rejects.toMatchObject({
        code: 'ERR_NOT_SUPPORTED',
        message: expect.stringContaining(url),
      });
      expect(await latestValidCheckpoint(dir)).toBe(join(dir, 'own-1'));
      expect(await checkpointExists(dir)).toBe(false);
      await updateCheckpointState(dir, { modelCheckpointPath: join(dir, 'own-1') });
      expect(await latestCheckpoint(dir)).toBe(join(dir, 'own-1'));
      expect(existsSync(`${planted}.index`)).toBe(true);
    },
  );

  test('file: URLs are the paths that they mean', async () => {
    const dir = scratch.directory();
    await save(join(dir, 'a b'), 1);
    write(dir, pathToFileURL(join(dir, 'a b')).href);
    expect(await latestCheckpoint(dir)).toBe(join(dir, 'a b'));
    expect(await readCheckpointState(pathToFileURL(dir))).toMatchObject({ modelCheckpointPath: join(dir, 'a b') });
  });

  test('names with a colon are names', async () => {
    const dir = scratch.directory();
    for (const name of ['C:x', 'a:b/model', 'gs:/bucket/x', 'file:x', '1x://y', '://x']) {
      const prefix = `${dir}/${name}`;
      await save(prefix, 1);
      await updateCheckpointState(dir, { modelCheckpointPath: prefix });
      expect(await latestCheckpoint(dir), name).toBe(join(dir, name));
    }
  });

  test('the prefix of the directory itself, of one below, of one beside', async () => {
    const [dir, beside] = [scratch.directory(), scratch.directory()];
    const stored = async (path: string): Promise<string> => {
      await updateCheckpointState(dir, { modelCheckpointPath: path });
      expect((await readCheckpointState(dir))?.modelCheckpointPath).toBe(path);
      return /"(.*)"/.exec(readFileSync(join(dir, 'checkpoint'), 'utf8'))![1]!;
    };
    expect(await stored(`${dir}/`)).toBe('./');
    expect(await stored(`${dir}/sub/`)).toBe('sub/');
    expect(await stored(`${dir}/..hidden`)).toBe('..hidden');
    expect(await stored(`${dir}/sub/..x`)).toBe('sub/..x');
    expect(await stored(`${beside}/`)).toBe(`${beside}/`);
    expect(await stored(dir)).toBe(dir);
  });
});

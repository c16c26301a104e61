/** The `checkpoint` state file: what TensorFlow and this library write, the other reads the same; hostile text. */
import '../crash/fault-engine.js';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { readCheckpointStateNow } from '../../src/commit/state-file.js';
import { parseStateText } from '../../src/commit/state-text.js';
import {
  CheckpointReader,
  checkpointExists,
  latestCheckpoint,
  latestValidCheckpoint,
  readCheckpointState,
  TensorBundleError,
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

describe('hostile text', () => {
  const path = 'dir/checkpoint';

  function onlyTypedErrors(text: string): void {
    try {
      parseStateText(text, path);
    } catch (error) {
      if (!(error instanceof TensorBundleError) || error.code !== 'ERR_CORRUPT') throw error;
      expect(error.path).toBe(path);
      expect(error.offset).toBeGreaterThanOrEqual(0);
      expect(error.offset).toBeLessThanOrEqual(text.length);
    }
  }

  test('any text at all', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), onlyTypedErrors), { numRuns: 5000, seed: 1 });
  });

  test('pieces of the real grammar in any order', () => {
    const piece = fc.constantFrom(
      'model_checkpoint_path',
      'all_model_checkpoint_paths',
      'all_model_checkpoint_timestamps',
      'last_preserved_timestamp',
      ':',
      '"',
      "'",
      '"a"',
      '\\',
      '\\u12',
      '\\U0010FFFF',
      '\\x',
      '\\777',
      '\\0',
      '{',
      '}',
      '[',
      ']',
      '<',
      '>',
      ',',
      ';',
      '#',
      '\n',
      ' ',
      '1e400',
      '-inf',
      'nan',
      '1.5f',
      '.',
      '-',
      'x',
      '\ud800',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), pieces => onlyTypedErrors(pieces.join(''))),
      { numRuns: 20_000, seed: 2 },
    );
  });

  test('deep nesting and long strings take linear time', () => {
    const start = performance.now();
    onlyTypedErrors(`x ${'{'.repeat(200_000)}`);
    onlyTypedErrors(`model_checkpoint_path: "${'a'.repeat(2_000_000)}"`);
    onlyTypedErrors(`${'# comment\n'.repeat(200_000)}`);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  /** As much as a state file may have, of each thing that one could be made of. */
  const LIMIT = 4 * 1024 * 1024;
  const filled = (piece: string, start = '', end = ''): string =>
    start + piece.repeat(Math.floor((LIMIT - start.length - end.length) / Buffer.byteLength(piece))) + end;

  test.each([
    ['paths', filled('all_model_checkpoint_paths: "ckpt-1"\n')],
    ['times', filled('all_model_checkpoint_timestamps:1 ')],
    ['unknown fields', filled('a:1 ')],
    ['open brackets', filled('{', 'x ')],
    ['a list', filled('1,', 'x [', ']')],
    ['white space', filled(' ')],
    ['white space beyond ASCII', filled('\u00a0')],
    ['comments', filled('#\n')],
    ['one name', filled('a')],
    ['one number', filled('1', 'last_preserved_timestamp: ')],
    ['one string', filled('é', 'model_checkpoint_path: "', '"')],
    ['one string of escapes', filled('\\1', 'model_checkpoint_path: "', '"')],
    ['one string in parts', filled('"" ', 'model_checkpoint_path: "\\n"')],
    ['an unknown string of escapes', filled('\\"', 'x: "', '"')],
    ['strings without an end', filled('model_checkpoint_path: "')],
  ])('as large as may be, time in proportion: %s', (_, text) => {
    const start = performance.now();
    onlyTypedErrors(text);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('above 4 MiB: ERR_TOO_LARGE, no latest checkpoint, and an update replaces it', async () => {
    const dir = scratch.directory();
    await save(join(dir, 'a'), 1);
    writeFileSync(join(dir, 'checkpoint'), filled(' ', 'model_checkpoint_path: "a"'));
    expect(await latestCheckpoint(dir)).toBe(join(dir, 'a'));
    writeFileSync(join(dir, 'checkpoint'), `${filled(' ', 'model_checkpoint_path: "a"')} `);
    const error = { code: 'ERR_TOO_LARGE', path: join(dir, 'checkpoint'), expected: LIMIT };
    await expect(readCheckpointState(dir)).rejects.toMatchObject(error);
    expect(() => readCheckpointStateNow(dir)).toThrow(expect.objectContaining(error));
    expect(await latestCheckpoint(dir)).toBeNull();
    await updateCheckpointState(dir, { modelCheckpointPath: join(dir, 'a') });
    expect(await latestCheckpoint(dir)).toBe(join(dir, 'a'));
  });

  test('what could not be read again is not written: the old file stays', async () => {
    const dir = scratch.directory();
    await updateCheckpointState(dir, { modelCheckpointPath: join(dir, 'a') });
    const before = readFileSync(join(dir, 'checkpoint'), 'utf8');
    const paths = Array.from({ length: 250_000 }, (_, i) => join(dir, `b-${i}`));
    const update = { modelCheckpointPath: paths.at(-1)!, allModelCheckpointPaths: paths };
    await expect(updateCheckpointState(dir, update)).rejects.toMatchObject({ code: 'ERR_TOO_LARGE' });
    expect(readFileSync(join(dir, 'checkpoint'), 'utf8')).toBe(before);
    expect(readdirSync(dir)).toEqual(['checkpoint']);
  });

  test('others run while a large one is read', async () => {
    const dir = scratch.directory();
    writeFileSync(join(dir, 'checkpoint'), filled('a:1 '));
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await readCheckpointState(dir);
    isDone = true;
    expect(turns).toBeGreaterThan(LIMIT / 2 ** 20);
  });

  test.each([
    'model_checkpoint_path: "a\\000b"',
    'model_checkpoint_path: "a',
    'model_checkpoint_path "a" }',
    'model_checkpoint_path: 5',
    ':',
    '"x"',
  ])('%j is ERR_CORRUPT with path and offset', async text => {
    const dir = scratch.directory();
    writeFileSync(join(dir, 'checkpoint'), text);
    await expect(readCheckpointState(dir)).rejects.toMatchObject({
      code: 'ERR_CORRUPT',
      path: join(dir, 'checkpoint'),
      offset: expect.any(Number),
    });
    expect(await latestCheckpoint(dir)).toBeNull();
  });

  test('an empty one, as a power loss leaves it, names nothing; an empty path is not written', async () => {
    const dir = scratch.directory();
    for (const text of [
      '',
      'last_preserved_timestamp: 1.0',
      'model_checkpoint_path: "" all_model_checkpoint_paths: ""',
    ]) {
      writeFileSync(join(dir, 'checkpoint'), text);
      const named = { modelCheckpointPath: '', allModelCheckpointPaths: [] };
      expect(await readCheckpointState(dir)).toMatchObject(named);
      expect(readCheckpointStateNow(dir)).toMatchObject(named);
      expect(await latestCheckpoint(dir)).toBeNull();
      const opening = CheckpointReader.open(dir);
      await expect(opening).rejects.toMatchObject({
        code: 'ERR_NOT_FOUND',
        message: expect.stringContaining('names none'),
      });
    }
    const before = readFileSync(join(dir, 'checkpoint'), 'utf8');
    for (const update of [
      { modelCheckpointPath: '' },
      { modelCheckpointPath: join(dir, 'a'), allModelCheckpointPaths: ['', join(dir, 'a')] },
    ])
      await expect(updateCheckpointState(dir, update)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(readFileSync(join(dir, 'checkpoint'), 'utf8')).toBe(before);
  });

  test.each(['../x', 'a/b', '', '.', '..', 'a\0b'])('latestFilename %j is no file name', async latestFilename => {
    const dir = scratch.directory();
    const update = { modelCheckpointPath: join(dir, 'a'), latestFilename };
    const code = 'ERR_INVALID_ARGUMENT';
    await expect(readCheckpointState(dir, latestFilename)).rejects.toMatchObject({ code });
    await expect(updateCheckpointState(dir, update)).rejects.toMatchObject({ code });
    await expect(latestCheckpoint(dir, latestFilename)).rejects.toMatchObject({ code });
    expect(readdirSync(dir)).toEqual([]);
  });

  test('a directory, bytes that are not UTF-8, an absent file and an absent directory', async () => {
    const dir = scratch.directory();
    expect(await readCheckpointState(dir)).toBeNull();
    expect(await readCheckpointState(join(dir, 'absent'))).toBeNull();
    writeFileSync(join(dir, 'checkpoint'), Buffer.from([0xff, 0xfe, 0x00, 0x80]));
    await expect(readCheckpointState(dir)).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
    mkdirSync(join(dir, 'other'));
    await expect(readCheckpointState(dir, 'other')).rejects.toMatchObject({ code: 'ERR_NOT_A_CHECKPOINT' });
    expect(await latestCheckpoint(dir, 'other')).toBeNull();
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

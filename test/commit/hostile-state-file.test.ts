/**
 * Any text in the place of the `checkpoint` state file: a typed error or none, in linear time, and what could not be
 * read is not written.
 */
import '../crash/fault-engine.js';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { readCheckpointStateNow } from '../../src/commit/state-file.js';
import { parseStateText } from '../../src/commit/state-text.js';
import {
  CheckpointReader,
  latestCheckpoint,
  readCheckpointState,
  TensorBundleError,
  updateCheckpointState,
} from '../../src/index.js';
import { save } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('state');

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
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

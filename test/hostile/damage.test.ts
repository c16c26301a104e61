/** A small checkpoint cut at every length and with bits flipped; and paths that hold something else. */
import '../crash/fault-engine.js';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CheckpointReader, TensorBundleError, verifyCheckpoint } from '../../src/index.js';
import { tensorsOf, writerOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('damage');
/** Of each byte every bit, or another one than of the byte before. */
const STEP = isDeep ? 1 : 7;
const prefix = join(scratch.directory(), 'model');
const INDEX = `${prefix}.index`;
const DATA = [`${prefix}.data-00000-of-00002`, `${prefix}.data-00001-of-00002`];
const tensors = tensorsOf(7, 12);
const content = new Map<string, Buffer>();

beforeAll(async () => {
  await writerOf(prefix, tensors, { shards: 2 }).finish();
  for (const path of [INDEX, ...DATA]) content.set(path, readFileSync(path));
});
afterEach(() => {
  for (const [path, bytes] of content) writeFileSync(path, bytes);
  expect(faulty.openDescriptors()).toBe(0);
  expect(faulty.mappings()).toBe(0);
});

/** Values by name; an Error where a tensor cannot be read. */
async function readAll(): Promise<Map<string, string | TensorBundleError>> {
  const reader = await CheckpointReader.open(prefix);
  const found = new Map<string, string | TensorBundleError>();
  try {
    for (const name of reader.names()) {
      try {
        const { dtype, shape, data } = await reader.read(name);
        const values = Array.from(data as ArrayLike<unknown>, String);
        found.set(name, JSON.stringify([dtype, shape, values]));
      } catch (error) {
        if (!(error instanceof TensorBundleError)) throw error;
        found.set(name, error);
      }
    }
    return found;
  } finally {
    await reader.close();
  }
}

async function errorOf(action: Promise<unknown>): Promise<TensorBundleError> {
  const error = await action.then(
    () => null,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(TensorBundleError);
  return error as TensorBundleError;
}

describe('truncation', () => {
  test('an index of any shorter length is a typed error', async () => {
    const bytes = content.get(INDEX)!;
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(INDEX, bytes.subarray(0, length));
      const error = await errorOf(readAll());
      expect(['ERR_TRUNCATED', 'ERR_NOT_A_CHECKPOINT']).toContain(error.code);
      expect(error.path).toBe(INDEX);
      expect(error.offset).toBeTypeOf('number');
      expect((await verifyCheckpoint(prefix)).ok).toBe(false);
    }
  });

  test.each([0, 1])('data file %i of any shorter length: the tensors beyond its end are named', async shard => {
    const bytes = content.get(DATA[shard]!)!;
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(DATA[shard]!, bytes.subarray(0, length));
      const failures = [...(await readAll()).values()].filter(value => value instanceof TensorBundleError);
      expect(failures.length).toBeGreaterThan(0);
      for (const error of failures) {
        expect(error).toMatchObject({ code: 'ERR_TRUNCATED', path: DATA[shard] });
        expect(tensors.map(tensor => tensor.name)).toContain(error.tensor);
        expect(error.offset).toBeTypeOf('number');
      }
      const report = await verifyCheckpoint(prefix);
      expect(report.problems.map(problem => problem.code)).toContain('ERR_TRUNCATED');
    }
  });
});

describe('a flipped bit', () => {
  test('anywhere: verify finds it, and no read gives another value', { timeout: 240_000 }, async () => {
    const whole = await readAll();
    let flips = 0;
    for (const [path, bytes] of content) {
      for (let bit = 0; bit < 8 * bytes.length; bit += STEP) {
        const damaged = Buffer.from(bytes);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(path, damaged);
        const report = await verifyCheckpoint(prefix);
        expect(report.ok, `bit ${bit & 7} of byte ${bit >> 3} of ${path}`).toBe(false);
        const found = await readAll().catch((error: unknown) => {
          expect(error).toBeInstanceOf(TensorBundleError);
          return new Map<string, string | TensorBundleError>();
        });
        for (const [name, value] of found) {
          if (value instanceof TensorBundleError) expect(value.tensor).toBe(name);
          else expect(value).toBe(whole.get(name));
        }
        flips++;
      }
      writeFileSync(path, bytes);
    }
    expect(flips).toBeGreaterThan(2000 / STEP);
  });
});

describe('something else at the path', () => {
  test.each([
    ['an empty file', Buffer.alloc(0), 'ERR_TRUNCATED'],
    ['text', Buffer.from('just some text that is longer than a footer is, so it is not short'), 'ERR_NOT_A_CHECKPOINT'],
    ['an HDF5 file', Buffer.from('\x89HDF\r\n\x1a\n'.padEnd(100, '\0'), 'latin1'), 'ERR_NOT_A_CHECKPOINT'],
  ])('%s', async (_name, bytes, code) => {
    writeFileSync(INDEX, bytes);
    expect(await errorOf(readAll())).toMatchObject({ code, path: INDEX });
  });

  test('a wrong magic number', async () => {
    const bytes = Buffer.from(content.get(INDEX)!);
    bytes[bytes.length - 1] = 0;
    writeFileSync(INDEX, bytes);
    expect(await errorOf(readAll())).toMatchObject({ code: 'ERR_NOT_A_CHECKPOINT', path: INDEX });
  });

  test('nothing, a missing data file, a directory, a FIFO', async () => {
    const missing = join(scratch.path, 'absent', 'model');
    expect((await errorOf(CheckpointReader.open(missing))).code).toBe('ERR_NOT_FOUND');
    const directory = scratch.directory();
    mkdirSync(join(directory, 'model.index'));
    expect(await errorOf(CheckpointReader.open(join(directory, 'model')))).toMatchObject({
      code: 'ERR_NOT_A_CHECKPOINT',
      path: join(directory, 'model.index'),
    });
    const piped = scratch.directory();
    execFileSync('mkfifo', [join(piped, 'model.index')]);
    expect(await errorOf(CheckpointReader.open(join(piped, 'model')))).toMatchObject({
      code: 'ERR_NOT_A_CHECKPOINT',
      path: join(piped, 'model.index'),
    });
    const partial = scratch.directory();
    writeFileSync(join(partial, 'model.index'), content.get(INDEX)!);
    writeFileSync(join(partial, 'model.data-00000-of-00002'), content.get(DATA[0]!)!);
    expect(await errorOf(CheckpointReader.open(join(partial, 'model')))).toMatchObject({
      code: 'ERR_MISSING_SHARD',
      path: join(partial, 'model.data-00001-of-00002'),
      tensor: expect.any(String),
    });
    execFileSync('mkfifo', [join(partial, 'model.data-00001-of-00002')]);
    expect((await errorOf(CheckpointReader.open(join(partial, 'model')))).code).toBe('ERR_NOT_A_CHECKPOINT');
  });
});

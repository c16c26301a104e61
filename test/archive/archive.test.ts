/** Zip archives beside Python's zipfile, which Keras uses: what each writes, the other reads. And what neither does. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planArchive } from '../../src/archive/archive-plan.js';
import { TensorBundleError } from '../../src/index.js';
import { isDeep } from '../depth.js';
import { runPython } from '../oracle/python.js';
import { contentOf, inArchive, place, placeSparse, written } from './zip-files.js';

const CODES = ['ERR_CORRUPT', 'ERR_TRUNCATED', 'ERR_TOO_LARGE', 'ERR_NOT_SUPPORTED', 'ERR_CHECKSUM'];
const MANY = 70_000;
const LARGE = 4 * 1024 ** 3 + 1024 ** 2;

let folder: string;
let read: Record<string, { count: number; entries: [string, number, number, number[], string][] }>;
const ours: Readonly<Record<string, Uint8Array>> = {
  'metadata.json': Buffer.from('{}'),
  'assets/été/ü.txt': new Uint8Array(),
  'model.weights.h5': Buffer.alloc(3_000_000, 7),
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'archive '));
  place(folder, 'ours', await written(ours));
  place(folder, 'ours-empty', await written({}));
  if (isDeep) {
    const many = Array.from({ length: MANY }, (_, i) => [`f${i}`, Buffer.from(String(i))] as const);
    place(folder, 'ours-many', await written(Object.fromEntries(many)));
    await placeSparse(at('ours-large'), LARGE);
  }
  // For temporary files.
  mkdirSync(join(folder, 'tmp'));
  process.env.TMPDIR = join(folder, 'tmp');
  read = JSON.parse(await runPython('test/archive/zip.py', [folder]));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

test('Python reads what is written here', () => {
  expect(read.ours!.entries.map(([name, size, method, date]) => [name, size, method, date.slice(0, 3)])).toEqual(
    Object.entries(ours).map(([name, { length }]) => [name, length, 0, [1980, 1, 1]]),
  );
  expect(read['ours-empty']!.count).toBe(0);
});

if (isDeep)
  test('zip64, where numbers do not fit into the fields of the old format', async () => {
    expect(read['ours-many']).toMatchObject({ count: MANY });
    expect(read['ours-many']!.entries[9]![4]).toBe(Buffer.from('9').toString('hex'));
    expect(await errorOf(contentOf(at('ours-many')))).toMatchObject({ code: 'ERR_TOO_LARGE', found: MANY });
    expect(read['ours-large']!.entries.map(entry => entry.slice(0, 2))).toEqual([
      ['large', LARGE],
      ['behind', 5],
    ]);
    expect(read['ours-large']!.entries[1]![4]).toBe(Buffer.from('after').toString('hex'));
    await inArchive(at('ours-large'), async archive => {
      expect(Buffer.from(await archive.read('behind', 10)).toString()).toBe('after');
      expect((await archive.range('behind')).start).toBeGreaterThan(LARGE);
      await archive.check('large');
    });
  });

test('what is written here is read here', async () => {
  const content = await contentOf(at('ours'));
  expect(Object.keys(content)).toEqual(Object.keys(ours));
  for (const [name, bytes] of Object.entries(ours)) expect(content[name]!.equals(bytes)).toBe(true);
  expect(await contentOf(at('ours-empty'))).toEqual({});
});

test.each(['stored', 'deflated', 'stored64', 'deflated64', 'streamed'])(
  'what Python writes is read: %s',
  async name => {
    const content = await contentOf(at(name));
    expect(Object.keys(content)).toEqual(['config.json', 'model.weights.h5', 'assets/été/words.txt', 'zeros']);
    expect(content['config.json']!.toString()).toBe('{"a": 1}');
    const big = Buffer.concat(Array.from({ length: 5000 }, () => Uint8Array.from({ length: 256 }, (_, i) => i)));
    expect(content['model.weights.h5']!.equals(big)).toBe(true);
    expect(content.zeros!.equals(Buffer.alloc(3_000_000))).toBe(true);
    expect(readdirSync(at('tmp'))).toEqual([]);
  },
);

test('a comment at the end is no obstacle', async () => {
  expect(await contentOf(at('commented'))).toEqual({ a: Buffer.from('abc') });
});

test.each([
  ['bzip2', 'ERR_NOT_SUPPORTED'],
  ['lzma', 'ERR_NOT_SUPPORTED'],
  ['encrypted', 'ERR_NOT_SUPPORTED'],
  ['twice', 'ERR_CORRUPT'],
  ['above', 'ERR_CORRUPT'],
  ['inside', 'ERR_CORRUPT'],
  ['absolute', 'ERR_CORRUPT'],
  ['drive', 'ERR_CORRUPT'],
  ['overlap', 'ERR_CORRUPT'],
  ['same', 'ERR_CORRUPT'],
  ['renamed', 'ERR_CORRUPT'],
  ['understated', 'ERR_CORRUPT'],
  ['overstated', 'ERR_CORRUPT'],
  ['impossible', 'ERR_CORRUPT'],
  ['bomb', 'ERR_TOO_LARGE'],
])('an archive that is %s: %s', async (name, code) => {
  const error = await errorOf(contentOf(at(name)));
  expect(error).toMatchObject({ name: 'TensorBundleError', code, path: at(name) });
  expect(readdirSync(at('tmp'))).toEqual([]);
});

describe('errors of single entries', () => {
  test('one that is absent, one that is too large, an abort, and the sizes that a plan promises', async () => {
    await inArchive(at('stored'), async archive => {
      await expect(archive.read('x', 10)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND', expected: 'x' });
      await expect(archive.read('zeros', 10)).rejects.toMatchObject({ code: 'ERR_TOO_LARGE', found: 3_000_000 });
      const signal = AbortSignal.abort('why');
      await expect(archive.check('zeros', signal)).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'why' });
    });
    await inArchive(at('deflated'), async archive => {
      await expect(archive.range('zeros', AbortSignal.abort())).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    });
    const plan = planArchive([{ name: 'a', bytes: 3, pieces: () => [new Uint8Array(2)] }]);
    const all = async (): Promise<void> => {
      for await (const _ of plan.pieces());
    };
    await expect(all()).rejects.toThrow('planned');
  });

  test('a changed byte of the contents is a wrong checksum', async () => {
    for (const name of ['stored', 'deflated']) {
      const bytes = readFileSync(at(name));
      const found = bytes.indexOf('config.json') + 'config.json'.length + 2;
      bytes[found]! ^= 1;
      const path = place(folder, `changed-${name}`, bytes);
      expect(CODES).toContain(((await errorOf(contentOf(path))) as TensorBundleError).code);
    }
  });
});

test('every byte changed, every end cut: the right content or an error that says so', async () => {
  const plain = await written({ 'a.json': Buffer.from('{"a":1}'), b: Buffer.from('bytes') });
  const right = await contentOf(place(folder, 'small', plain));
  const cases: Buffer[] = [];
  for (let i = 0; i < plain.length; i++) {
    if (isDeep || i % 4 === 0) cases.push(plain.subarray(0, i));
    for (const mask of isDeep ? [1, 4, 64, 128, 255] : [255]) {
      const changed = Buffer.from(plain);
      changed[i]! ^= mask;
      cases.push(changed);
    }
  }
  const codes = new Set<string>();
  for (const bytes of cases) {
    const path = place(folder, 'fuzzed', bytes);
    const result = await contentOf(path).catch((error: unknown) => error);
    if (result instanceof TensorBundleError) codes.add(result.code);
    else if (Object.keys(result as object).join() === Object.keys(right).join()) expect(result).toEqual(right);
    else if (result instanceof Error) throw result;
  }
  expect([...codes].filter(code => !CODES.includes(code))).toEqual([]);
  expect(codes.size).toBeGreaterThan(3);
});

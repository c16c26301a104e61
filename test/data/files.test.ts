/**
 * Datasets in files: what TensorFlow reads in them and writes to them, what tfjs makes of CSV, and damage of any kind.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Checkpoint,
  type CSVConfig,
  CSVDataset,
  type Dataset,
  encodeTFRecord,
  TextLineDataset,
  TFRecordDataset,
} from '../../src/tfjs.js';
import { Choices } from '../layers/random-numbers.js';
import { runPython } from '../oracle/python.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle files '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const python = async (command: string, path: string | string[], input = ''): Promise<unknown> => {
  const answer = await runPython('test/data/records.py', [command, ...[path].flat()], { input });
  return answer === '' ? undefined : JSON.parse(answer);
};
it('what is no file: the error says so', async () => {
  const plain = join(directory, 'plain');
  writeFileSync(plain, 'x');
  const first = (path: string): Promise<unknown> => new TextLineDataset(path).iterator().then(it => it.next());
  for (const path of [directory, `${directory}/.`, join(directory, '..'), '.', '..', '/'])
    await expect(first(path)).rejects.toMatchObject({
      code: 'ERR_IO',
      message: `${path} is not a regular file; give the file itself`,
    });
  for (const path of [join(plain, 'x'), join(directory, 'absent'), join(directory, 'absent', 'x')])
    await expect(first(path)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND', message: `there is no file ${path}` });
});

let count = 0;
const file = (content: string | Uint8Array): string => {
  const path = join(directory, `file ${count++}`);
  writeFileSync(path, content);
  return path;
};

/** Long arrays take vitest long to compare. */
const shown = (element: unknown): unknown =>
  element instanceof Uint8Array ? createHash('sha256').update(element).digest('hex') : element;

/** At every element: saved there, restored in a new iterator, the same is left. */
async function resumesAnywhere<T>(make: () => Dataset<T>): Promise<T[]> {
  const whole = await make().toArray();
  const same = (a: readonly T[], b: readonly T[]): void => expect(a.map(shown)).toEqual(b.map(shown));
  for (let at = 0; at <= whole.length; at++) {
    const iterator = await make().iterator();
    for (let i = 0; i < at; i++) same([(await iterator.next()).value], [whole[i]!]);
    const path = await new Checkpoint({ iterator }).write(join(directory, 'it'), { durable: false });
    const again = await make().iterator();
    await new Checkpoint({ iterator: again }).read(path);
    same(await again.toArray(), whole.slice(at));
  }
  return whole;
}

describe('TFRecord files', () => {
  const random = new Choices(71);
  const records = [0, 1, 7, 4096, 100_000, 1_500_000].map(length =>
    Uint8Array.from({ length }, () => random.whole(0, 255)),
  );

  it('that TensorFlow wrote are read, and go on at any record', async () => {
    const path = join(directory, 'theirs.tfrecord');
    await python('write', path, JSON.stringify(records.map(record => [...record])));
    const found = await resumesAnywhere(() => new TFRecordDataset([path, path]));
    expect(found.map(shown)).toEqual([...records, ...records].map(shown));
  }, 60_000);

  it('that are written here are read by TensorFlow, and are the same bytes', async () => {
    const path = file(Buffer.concat(records.map(encodeTFRecord)));
    const theirs = (await python('read', path)) as number[][];
    expect(theirs.map(record => shown(Uint8Array.from(record)))).toEqual(records.map(shown));
    expect(readFileSync(path).equals(readFileSync(join(directory, 'theirs.tfrecord')))).toBe(true);
  }, 60_000);

  it('that are damaged in any byte give a typed error, at the record, and what comes before', async () => {
    const good = Buffer.concat([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)].map(encodeTFRecord));
    for (let at = 19; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at]! ^= 0x41;
      const iterator = await new TFRecordDataset(file(bad)).iterator();
      expect((await iterator.next()).value).toEqual(Uint8Array.of(1, 2, 3));
      await expect(iterator.next()).rejects.toMatchObject({
        code: 'ERR_CHECKSUM',
        offset: 19,
        path: expect.stringContaining('file'),
      });
    }
    for (let length = 20; length < good.length; length++) {
      const iterator = await new TFRecordDataset(file(good.subarray(0, length))).iterator();
      expect((await iterator.next()).value).toEqual(Uint8Array.of(1, 2, 3));
      await expect(iterator.next()).rejects.toMatchObject({ code: 'ERR_TRUNCATED', offset: 19 });
    }
    // A length that was never written, with a checksum that fits.
    const huge = encodeTFRecord(new Uint8Array(0)).slice(0, 12);
    new DataView(huge.buffer).setBigUint64(0, 2n ** 62n, true);
    await expect(new TFRecordDataset(file(huge)).toArray()).rejects.toMatchObject({ code: 'ERR_CHECKSUM' });
    await expect(new TFRecordDataset(join(directory, 'none')).toArray()).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
    });
    await expect(new TFRecordDataset(join(directory, 'none', 'none')).toArray()).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
    });
    expect(() => new TFRecordDataset(7 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });
});

describe('lines', () => {
  const texts = [
    '',
    '\n',
    'a',
    'a\n',
    'a\nb',
    '\n\na\n',
    'a\r\nb\r\n',
    'ä€\n😀',
    `${'x'.repeat(10_000)}\ny`,
    `${'ü'.repeat(700_000)}\nz\n`,
    '\uFEFFa\nb',
  ];
  it("as TensorFlow's, from any line", async () => {
    const paths = texts.map(file);
    const theirs = (await python('lines', paths)) as string[][];
    for (const [i, path] of paths.entries())
      expect(await resumesAnywhere(() => new TextLineDataset(path))).toEqual(theirs[i]);
    expect(await resumesAnywhere(() => new TextLineDataset(paths.slice(0, 8)))).toEqual(theirs.slice(0, 8).flat());
  }, 60_000);

  it('of a file that became shorter are not made up', async () => {
    const path = file('one\ntwo\nthree\n');
    const iterator = await new TextLineDataset(path).iterator();
    await iterator.next();
    await iterator.next();
    const saved = await new Checkpoint({ iterator }).write(join(directory, 'lines'));
    truncateSync(path, 5);
    const again = await new TextLineDataset(path).iterator();
    await new Checkpoint({ iterator: again }).read(saved);
    await expect(again.next()).rejects.toMatchObject({ code: 'ERR_TRUNCATED', expected: 8, found: 5, path });
  });
});

describe('CSV', () => {
  const cases: Record<string, [text: string, config?: CSVConfig]> = {
    plain: ['a,b\n1,x\n2.5,y\n'],
    quoted: ['a,b\n"1","x, y"\n3,""\n'],
    'empty fields': ['a,b,c\n,1,\n2,,z\n', { columnConfigs: { a: { default: 9 } } }],
    labels: ['a,b,c\n1,2,3\n4,5,6\n', { columnConfigs: { c: { isLabel: true } } }],
    'some columns': ['a,b,c\n1,2,3\n4,5,6\n', { columnConfigs: { c: {}, a: {} }, configuredColumnsOnly: true }],
    types: [
      'a,b,c\n1.7,true,3\n-4.2,no,5\n',
      { columnConfigs: { a: { dtype: 'int32' }, b: { dtype: 'bool' }, c: { dtype: 'bool' } } },
    ],
    'no header': ['1,2\n3,4\n', { hasHeader: false, columnNames: ['p', 'q'] }],
    'other names': ['a,b\n1,2\n', { columnNames: ['p', 'q'] }],
    semicolons: ['a;b\n1;2,5\n', { delimiter: ';' }],
    spaces: ['a b\n1 2\n3    4\n', { delimWhitespace: true }],
  };
  for (const [name, [text, config]] of Object.entries(cases)) {
    it(`as TensorFlow.js's, from any row: ${name}`, async () => {
      const path = file(text);
      const theirs = tf.data.csv(`file://${path}`, config as never);
      expect(await resumesAnywhere(() => new CSVDataset(path, config))).toEqual(await theirs.toArray());
      expect(await new CSVDataset(path, config).columnNames()).toEqual(await theirs.columnNames());
    });
  }

  it('line ends in quotes, several files', async () => {
    const [one, two] = [file('a,b\n1,"x\n""y"\n2,z'), file('a,b\r\n3,"u\r\nv"\r\n\r\n4,w\r\n')];
    expect(await resumesAnywhere(() => new CSVDataset([one, two]))).toEqual([
      { a: 1, b: 'x\n"y' },
      { a: 2, b: 'z' },
      { a: 3, b: 'u\r\nv' },
      { a: 4, b: 'w' },
    ]);
  });

  it('what is wrong has its place', async () => {
    const rows = (text: string, config?: CSVConfig) => new CSVDataset(file(text), config).toArray();
    await expect(rows('a,b\n1,2\n3\n')).rejects.toMatchObject({
      code: 'ERR_CORRUPT',
      offset: 8,
      expected: 2,
      found: 1,
    });
    await expect(rows('a,b\n1,"2\n')).rejects.toMatchObject({ code: 'ERR_CORRUPT', offset: 6 });
    await expect(rows('a,b\n,2\n', { columnConfigs: { a: { required: true } } })).rejects.toMatchObject({
      code: 'ERR_CORRUPT',
      expected: 'a',
    });
    await expect(rows('a,a\n')).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    await expect(rows('a\n1\n', { columnConfigs: { z: {} } })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    await expect(rows('')).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
    await expect(new CSVDataset([file('a\n1\n'), file('b\n1\n')]).toArray()).rejects.toMatchObject({
      code: 'ERR_MISMATCH',
    });
    for (const config of [
      { hasHeader: false },
      { delimiter: '"' },
      { delimiter: ',,' },
      { delimWhitespace: true, delimiter: ';' },
    ])
      expect(() => new CSVDataset('x', config)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });
});

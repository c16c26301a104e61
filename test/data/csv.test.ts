/**
 * CSV as RFC 4180 has it: generated files, beside Python's csv module and TensorFlow.js; and what is wrong in one, with
 * its place.
 */
import '../crash/fault-engine.js';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faulty } from '../native/fault-binding.js';

const { Checkpoint, CSVDataset } = await import('../../src/tfjs.js');
type Config = NonNullable<ConstructorParameters<typeof CSVDataset>[1]>;

const PYTHON = fileURLToPath(new URL('../../.tools/venv/bin/python', import.meta.url));
const PROGRAM = fileURLToPath(new URL('csv_rows.py', import.meta.url));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle csv '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const path = (): string => join(directory, 'file.csv');
const file = (content: string | Uint8Array): string => {
  writeFileSync(path(), content);
  return path();
};
const read = (content: string | Uint8Array, config?: Config) => new CSVDataset(file(content), config).toArray();
/** All columns as texts. */
const texts = (names: readonly string[]): Config => ({
  columnConfigs: Object.fromEntries(names.map(name => [name, { dtype: 'string', default: '' }])),
});
const fieldsOf = (rows: readonly unknown[], names: readonly string[]): unknown[][] =>
  rows.map(row => names.map(name => (row as Record<string, unknown>)[name]));

/** A table, and the bytes of it that a writer who keeps to RFC 4180 could have written. */
interface Written {
  names: string[];
  rows: string[][];
  text: string;
  delimiter: string;
  hasMark: boolean;
}

/** Characters that mean something somewhere, and some that do not. */
const character = fc.constantFrom(
  '"',
  ',',
  ';',
  '|',
  ' ',
  '\n',
  '\r',
  '\t',
  '\0',
  'a',
  '7',
  '.',
  'ä',
  '€',
  '😀',
  '\ufeff',
);
const field = fc.oneof(
  fc.array(character, { maxLength: 6 }).map(characters => characters.join('')),
  fc.constantFrom('', '5" long', 'say "hi"', '"', '""', "it's", '1e3', '-0.5', '__proto__'),
);
const written: fc.Arbitrary<Written> = fc
  .record({
    columns: fc.integer({ min: 1, max: 4 }),
    delimiter: fc.constantFrom(',', ';', '\t', '|', ' ', '§', '→', '😀', '\0', 'a'),
    end: fc.constantFrom('\n', '\r\n', '\r'),
    hasMark: fc.boolean(),
    hasLastEnd: fc.boolean(),
  })
  .chain(({ columns, delimiter, end, hasMark, hasLastEnd }) => {
    // A field that needs no quotes may have them, and an unquoted one may hold quotes after its first character.
    const cell = fc.tuple(field, fc.boolean()).map(([value, isQuoted]) => {
      const needed = value.startsWith('"') || [delimiter, '\n', '\r'].some(one => value.includes(one));
      const isBare = !needed && !isQuoted && !(columns === 1 && value === '');
      return { value, text: isBare ? value : `"${value.replaceAll('"', '""')}"` };
    });
    const row = fc.array(cell, { minLength: columns, maxLength: columns });
    const names = fc.uniqueArray(cell, { minLength: columns, maxLength: columns, selector: ({ value }) => value });
    const lines = fc.array(fc.tuple(row, fc.integer({ min: 0, max: 2 })), { maxLength: 6 });
    return fc.tuple(names, lines).map(([header, body]) => {
      const lineOf = (cells: typeof header): string => cells.map(({ text }) => text).join(delimiter);
      const rows = body.map(([cells, empty]) => lineOf(cells) + end.repeat(1 + empty));
      const text = lineOf(header) + end + rows.join('');
      return {
        names: header.map(({ value }) => value),
        rows: body.map(([cells]) => cells.map(({ value }) => value)),
        text: hasLastEnd ? text : text.replace(/[\r\n]+$/, ''),
        delimiter,
        hasMark,
      };
    });
  })
  // A mark at the beginning of a file is no character of it.
  .filter(({ names, hasMark }) => hasMark || !names[0]!.startsWith('\ufeff'));

describe('what RFC 4180 allows', () => {
  it('is read as it was written, by whatever writer', async () => {
    await fc.assert(
      fc.asyncProperty(written, async ({ names, rows, text, delimiter, hasMark }) => {
        const config = { ...texts(names), delimiter };
        const found = await read((hasMark ? '\ufeff' : '') + text, config);
        expect(found.map(row => Object.keys(row).sort())).toEqual(rows.map(() => [...names].sort()));
        expect(fieldsOf(found, names)).toEqual(rows);
        expect(await new CSVDataset(path(), config).columnNames()).toEqual(names);
      }),
      { numRuns: 600, seed: 4180 },
    );
  }, 60_000);

  it("is what Python's csv module reads", async () => {
    // It keeps a mark.
    const unmarked = written.filter(({ text }) => !text.startsWith('\ufeff'));
    const samples = fc.sample(unmarked, { numRuns: 300, seed: 15 });
    const input = JSON.stringify(samples.map(({ text, delimiter }) => [text, delimiter]));
    const theirs = JSON.parse(execFileSync(PYTHON, [PROGRAM], { input, encoding: 'utf8' })) as string[][][];
    for (const [i, { names, text, delimiter }] of samples.entries()) {
      const found = await read(text, { ...texts(names), delimiter });
      expect([names, ...fieldsOf(found, names)], JSON.stringify(text)).toEqual(theirs[i]);
    }
  }, 60_000);

  it('is what TensorFlow.js reads, where it can: a row a line, no doubled quotes, no mark, no __proto__', async () => {
    const plain = written.filter(
      ({ rows, names, delimiter }) =>
        rows.length > 0 &&
        !names.includes('__proto__') &&
        [...rows, names].flat().every(value => !/["\r\n\ufeff]/.test(value)) &&
        delimiter.length === 1,
    );
    for (const { text, delimiter } of fc.sample(plain, { numRuns: 100, seed: 31 })) {
      const lines = text.replace(/\r\n?/g, '\n').replace(/\n+/g, '\n').replace(/\n$/, '');
      const theirs = tf.data.csv(`file://${file(lines)}`, { delimiter });
      expect(await new CSVDataset(path(), { delimiter }).toArray(), JSON.stringify(lines)).toEqual(
        await theirs.toArray(),
      );
    }
  }, 60_000);

  it('goes on at any row, wherever parts of the file end', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const rows = Array.from({ length: 24 }, (_, i) => [`${i}"`, `x${end}"`.repeat(1 + i * 900), 'ä→']);
      const lines = rows.map(([a, b, c]) => `${a}→"${b!.replaceAll('"', '""')}"→"${c}"`);
      const make = () =>
        new CSVDataset(path(), {
          ...texts(['a', 'b', 'c']),
          delimiter: '→',
          hasHeader: false,
          columnNames: ['a', 'b', 'c'],
        });
      file(lines.join(end));
      expect(fieldsOf(await make().toArray(), ['a', 'b', 'c'])).toEqual(rows);
      for (let at = 0; at <= rows.length; at += 3) {
        const iterator = await make().iterator();
        for (let i = 0; i < at; i++) await iterator.next();
        const saved = await new Checkpoint({ iterator }).write(join(directory, 'it'), { durable: false });
        const again = await make().iterator();
        await new Checkpoint({ iterator: again }).read(saved);
        expect(fieldsOf(await again.toArray(), ['a', 'b', 'c'])).toEqual(rows.slice(at));
      }
    }
  }, 60_000);

  it('has its delimiters and line ends found where a part of the file is cut', async () => {
    // The parser looks at 64 KiB at a time.
    for (let shift = -4; shift <= 4; shift++) {
      const long = 'x'.repeat(64 * 1024 - 6 + shift);
      for (const [delimiter, end] of [
        ['→', '\r\n'],
        ['😀', '\n'],
        [',', '\r\n'],
        [',', '\r'],
      ] as const) {
        const text = `a${delimiter}b${end}${long}${delimiter}"""q"${end}1${delimiter}2${end}`;
        const found = await read(text, { ...texts(['a', 'b']), delimiter });
        expect(fieldsOf(found, ['a', 'b'])).toEqual([
          [long, '"q'],
          ['1', '2'],
        ]);
      }
    }
  });

  it.each<[string, string, Config | undefined, unknown[]]>([
    [
      'a quote within a field is a character',
      't\npipe 5" long\nb\nc\npipe 6" long\nd\n',
      undefined,
      ['pipe 5" long', 'b', 'c', 'pipe 6" long', 'd'].map(t => ({ t })),
    ],
    [
      'and does not join rows',
      'a,b\n5" x,1\n6" y,2\n',
      undefined,
      [
        { a: '5" x', b: 1 },
        { a: '6" y', b: 2 },
      ],
    ],
    ['line ends in quotes stay as they are', 'a,b\r\n"x\r\ny\nz\r",1\r\n', undefined, [{ a: 'x\r\ny\nz\r', b: 1 }]],
    [
      'an empty line is none, an empty field is one',
      'a\n\n1\n\n\n""\n\r\n2',
      undefined,
      [{ a: 1 }, { a: undefined }, { a: 2 }],
    ],
    ['empty lines before the header', '\n\r\na,b\n1,2', undefined, [{ a: 1, b: 2 }]],
    ['a mark before a quoted header', '\ufeff"a",b\n1,2', undefined, [{ a: 1, b: 2 }]],
    ['a mark without a header', '\ufeff1,2\n', { hasHeader: false, columnNames: ['a', 'b'] }, [{ a: 1, b: 2 }]],
    ['a header and nothing else', 'a,b', undefined, []],
    ['a column without a name, as pandas writes', ',x\n0,7\n', undefined, [{ '': 0, x: 7 }]],
    [
      'spaces around, several, and in quotes',
      '  a b  \n 1   2\n   \n"x y" ""  \n',
      { delimWhitespace: true },
      [
        { a: 1, b: 2 },
        { a: 'x y', b: undefined },
      ],
    ],
    [
      'a last empty field',
      'a,b\n1,\n,\n"",""',
      undefined,
      [
        { a: 1, b: undefined },
        { a: undefined, b: undefined },
        { a: undefined, b: undefined },
      ],
    ],
  ])('%s', async (_name, text, config, expected) => {
    expect(await read(text, config)).toEqual(expected);
  });

  it('bytes that are no UTF-8 stand for themselves', async () => {
    expect(await read(Uint8Array.of(0x61, 10, 0xe4, 0x2c, 10, 0xe2, 0x82, 0x22, 10), { delimiter: ';' })).toEqual([
      { a: '\ufffd,' },
      { a: '\ufffd"' },
    ]);
  });
});

describe('columns with the names of what every object has', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];
  const text = `${names.join(',')}\n1,2,3,4,5\n6,7,8,9,10\n`;

  it('are columns', async () => {
    const found = await read(text);
    expect(found.map(row => Object.entries(row))).toEqual([
      names.map((name, i) => [name, i + 1]),
      names.map((name, i) => [name, i + 6]),
    ]);
    for (const row of found) expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('are not taken to be configured', async () => {
    expect(await read('constructor,a\n,2\n', { columnConfigs: { a: {} } })).toEqual([{ constructor: undefined, a: 2 }]);
    expect(await read('constructor,a\n1,2\n', { columnConfigs: { a: {} }, configuredColumnsOnly: true })).toEqual([
      { a: 2 },
    ]);
  });

  it.each(names)('can be configured, be labels, and go through a batch and a checkpoint: %s', async name => {
    const config: Config = { columnConfigs: Object.fromEntries([[name, { isLabel: true, dtype: 'int32' }]]) };
    const make = () => new CSVDataset(file(text), config).shuffle(2, 1).batch(1);
    const iterator = await make().iterator();
    await iterator.next();
    const saved = await new Checkpoint({ iterator }).write(join(directory, 'it'), { durable: false });
    const again = await make().iterator();
    await new Checkpoint({ iterator: again }).read(saved);
    const rest = (await again.toArray()) as unknown as {
      xs: Record<string, tf.Tensor>;
      ys: Record<string, tf.Tensor>;
    }[];
    const left = (await iterator.toArray()) as unknown as typeof rest;
    expect(rest).toHaveLength(1);
    const values = ({ xs, ys }: (typeof rest)[0]) =>
      [xs, ys].map(part => Object.entries(part).map(([key, tensor]) => [key, ...tensor.dataSync()]));
    expect(values(rest[0]!)).toEqual(values(left[0]!));
    expect(Object.keys(rest[0]!.ys)).toEqual([name]);
    expect(Object.keys(rest[0]!.xs)).toEqual(names.filter(one => one !== name));
    await expect(read('a\n1\n', config)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', found: [name] });
  });
});

describe('what is wrong has its line and its offset', () => {
  it.each<[string, string, string, number, RegExp]>([
    ['an open quote at the end', 'a,b\n1,"2\n', 'ERR_CORRUPT', 6, /line 2 .*never closed/],
    ['an open quote before much', 'a,b\r\n1,2\r\n"3,4\r\n5,6\r\n', 'ERR_CORRUPT', 10, /line 3 .*never closed/],
    ['an open quote in the header', '"a,b\n1,2\n', 'ERR_CORRUPT', 0, /line 1 .*never closed/],
    ['an open quote after a row of several lines', 'a\r"x\ry\r\nz"\r"', 'ERR_CORRUPT', 11, /line 5 .*never closed/],
    ['text after a closing quote', 'a,b\n1,2\n"5" long,2\n', 'ERR_CORRUPT', 11, /line 3 .*written as two/],
    ['a space after a closing quote', 'a,b\n"x" ,2\n', 'ERR_CORRUPT', 7, /line 2 .*written as two/],
    ['too few fields', 'a,b\n1,2\n\n3\n', 'ERR_CORRUPT', 9, /line 4 .*1 fields for 2 columns/],
    ['too many fields', 'a,b\n1,2,3\n', 'ERR_CORRUPT', 4, /line 2 .*3 fields for 2 columns/],
  ])('%s', async (_name, text, code, offset, message) => {
    const iterator = await new CSVDataset(file(text)).iterator();
    const failure = async (): Promise<unknown> => {
      for (;;) if ((await iterator.next()).done) return null;
    };
    const expected = { code, offset, path: path(), message: expect.stringMatching(message) };
    await expect(failure()).rejects.toMatchObject(expected);
    // It is not passed over.
    await expect(iterator.next()).rejects.toMatchObject(expected);
  });

  it('columns that are not to be told apart, headers that do not fit, files that are no UTF-8', async () => {
    for (const text of ['a,a\n', ',\n', '__proto__,__proto__\n'])
      await expect(read(text)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    await expect(read('a,b\n1,2\n', { columnNames: ['x'] })).rejects.toMatchObject({
      code: 'ERR_MISMATCH',
      expected: ['x'],
      found: ['a', 'b'],
    });
    for (const text of ['', '\n\n', '\ufeff'])
      await expect(read(text)).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
    for (const mark of [
      [0xff, 0xfe],
      [0xfe, 0xff],
    ])
      await expect(read(Uint8Array.from([...mark, 0x61, 0, 10, 0]))).rejects.toMatchObject({
        code: 'ERR_NOT_SUPPORTED',
      });
  });

  it('a delimiter is one character that can be found', () => {
    for (const delimiter of ['', '"', '\n', '\r', ',,', '\ud800', '\ufffd', '\ufeff', 7 as never])
      expect(() => new CSVDataset('x', { delimiter })).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
      );
  });
});

describe('any file is read in proportion to its size', () => {
  /** Bytes that were read of the file. */
  const bytesRead = async (work: () => Promise<unknown>): Promise<number> => {
    faulty.setFaults([]);
    await work().catch(() => undefined);
    const reads = faulty.operations().filter(({ syscall, result }) => syscall.startsWith('pread') && result > 0);
    faulty.setFaults(null);
    expect(reads.length).toBeGreaterThan(0);
    return reads.reduce((sum, { result }) => sum + result, 0);
  };
  const kinds: [string, (size: number) => string][] = [
    ['a quote that is never closed', size => `a,b\n"1,2\n${'1234567,1234567\n'.repeat(size / 16)}`],
    ['quotes within fields', size => `a,b\n${`5" ${'x"'.repeat(120)},6" y\n`.repeat(size / 256)}`],
    ['a field of quotes', size => `a\n"${'""'.repeat(size / 2)}"\n`],
    ['one long field', size => `a\n${'x'.repeat(size)}`],
    ['empty lines', size => `a\n${'\n'.repeat(size)}1`],
    ['delimiters only', size => `a,b\n${','.repeat(size)}\n`],
    ['a row that is wrong at the end', size => `a\n${`${'1'.repeat(255)}\n`.repeat(size / 256)}1,2\n`],
  ];

  it.each(kinds)(
    '%s',
    async (_name, make) => {
      const size = 2 ** 20;
      const read = async (length: number): Promise<[number, number]> => {
        const dataset = new CSVDataset(file(make(length)));
        const begun = performance.now();
        const bytes = await bytesRead(() => dataset.forEachAsync(() => undefined));
        return [bytes, performance.now() - begun];
      };
      const [one, four] = [await read(size), await read(4 * size)];
      // Once to read it, and once more to count the lines of a message; the tail of a window is read again.
      for (const [bytes, length] of [
        [one[0], size],
        [four[0], 4 * size],
      ] as const)
        expect(bytes).toBeLessThanOrEqual(2.5 * length + 3 * 2 ** 20);
      expect(four[1]).toBeLessThan(10 * Math.max(4 * one[1], 100));
    },
    60_000,
  );

  it('a row may have 16 MiB', async () => {
    const most = 16 * 2 ** 20;
    expect(await read(`a\n1\n${'x'.repeat(most)}\n2\n`)).toEqual([{ a: 1 }, { a: 'x'.repeat(most) }, { a: 2 }]);
    await expect(read(`a\n1\n${'x'.repeat(most + 1)}\n2\n`)).rejects.toMatchObject({
      code: 'ERR_TOO_LARGE',
      offset: 4,
    });
    await expect(read(`a,b\n1,"${'x'.repeat(most)}\n2\n`)).rejects.toMatchObject({ code: 'ERR_TOO_LARGE', offset: 6 });
    // Sparse: 64 GiB, which nobody could read in time.
    file('a,b\n1,"');
    truncateSync(path(), 2 ** 36);
    const bytes = await bytesRead(() => new CSVDataset(path()).toArray());
    expect(bytes).toBeLessThan(2 * most);
    await expect(read(`${','.repeat(2 ** 16)}\n`)).rejects.toMatchObject({ code: 'ERR_TOO_LARGE', offset: 0 });
  }, 60_000);
});

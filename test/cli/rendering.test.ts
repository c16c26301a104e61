/** The pure pieces of text and JSON: sizes, safe names, trees, nesting, the bar. */
import { describe, expect, test } from 'vitest';
import { jsonElements, jsonString, nest } from '../../src/cli/json-values.js';
import { numberFormat } from '../../src/cli/numbers.js';
import { visible } from '../../src/cli/printable.js';
import { progressLine } from '../../src/cli/progress.js';
import { columns, humanBytes, wantsColour } from '../../src/cli/style.js';
import { buildTree, treeLines } from '../../src/cli/tree.js';
import { valueLines } from '../../src/cli/value-text.js';

test('sizes have three digits at most, and never 1024 of a unit', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [20 * 1024 + 300, '20.3 KiB'],
    [2 ** 20 - 1, '1.00 MiB'],
    [512 * 2 ** 30, '512 GiB'],
    [2 ** 53, '8.00 PiB'],
  ];
  for (const [bytes, text] of cases) expect(humanBytes(bytes)).toBe(text);
});

test('names cannot steer the terminal', () => {
  expect(visible('a\u001b[2Jb\nc\td\u202ee\u0000')).toBe('a\\u001b[2Jb\\nc\\td\\u202ee\\u0000');
  expect(visible('größe/重み/🙂')).toBe('größe/重み/🙂');
});

test('FORCE_COLOR goes before NO_COLOR, and that before the terminal', () => {
  expect(wantsColour(true, {})).toBe(true);
  expect(wantsColour(false, {})).toBe(false);
  expect(wantsColour(true, { TERM: 'dumb' })).toBe(false);
  expect(wantsColour(true, { NO_COLOR: '1' })).toBe(false);
  expect(wantsColour(true, { NO_COLOR: '' })).toBe(true);
  expect(wantsColour(false, { FORCE_COLOR: '1' })).toBe(true);
  expect(wantsColour(false, { FORCE_COLOR: '', NO_COLOR: '1' })).toBe(true);
  expect(wantsColour(true, { FORCE_COLOR: '0' })).toBe(false);
});

test('columns are as wide as their widest cell', () => {
  expect(
    columns(
      [
        ['a', '1', 'x'],
        ['bbb', '22', ''],
      ],
      [1],
    ),
  ).toEqual(['a     1  x', 'bbb  22']);
});

describe('tree', () => {
  const lines = (...names: string[]): string[] =>
    treeLines(buildTree(names.map(name => ({ name, item: name })))).map(({ branch, label }) => branch + label);

  test('follows the objects, leaves VARIABLE_VALUE out, shares the lines of lone children', () => {
    expect(
      lines(
        '_CHECKPOINTABLE_OBJECT_GRAPH',
        'model/layer-0/bias/.ATTRIBUTES/VARIABLE_VALUE',
        'model/layer-0/kernel/.ATTRIBUTES/VARIABLE_VALUE',
        'model/layer-0/kernel/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE',
        'model/layer-1/.ATTRIBUTES/OBJECT_CONFIG_JSON',
        'save_counter/.ATTRIBUTES/VARIABLE_VALUE',
      ),
    ).toEqual([
      '_CHECKPOINTABLE_OBJECT_GRAPH',
      'model',
      '├─ layer-0',
      '│  ├─ bias',
      '│  └─ kernel',
      '│     └─ .OPTIMIZER_SLOT/optimizer/m',
      '└─ layer-1/.ATTRIBUTES/OBJECT_CONFIG_JSON',
      'save_counter',
    ]);
  });

  test('a slash or a dot inside an object name is shown as such', () => {
    expect(lines('a.Sb..c/.ATTRIBUTES/VARIABLE_VALUE')).toEqual(['a/b.c']);
  });

  test('no key is lost, whatever it is called', () => {
    const names = ['', '/', '//', '__proto__/x', 'a', 'a/.ATTRIBUTES/VARIABLE_VALUE', 'constructor', 'x'.repeat(10)];
    const deep = Array.from({ length: 20_000 }, () => 'd').join('/');
    const items = treeLines(buildTree([...names, deep].map(name => ({ name, item: name })))).flatMap(({ node }) =>
      node.item === undefined ? [] : [node.item],
    );
    expect(items.sort()).toEqual([...names, deep].sort());
  });
});

describe('values', () => {
  test('nest as the shape says, cut after the elements there are', () => {
    expect(nest([1, 2, 3, 4, 5, 6], [2, 3], 1000)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(nest([1, 2, 3, 4], [5, 3], 4)).toEqual([[1, 2, 3], [4]]);
    expect(nest([7], [], 1000)).toBe(7);
    expect(nest([], [0], 1000)).toEqual([]);
    expect(nest([], [2, 0], 1000)).toEqual([[], []]);
    expect(nest([], [0, 2], 1000)).toEqual([]);
  });

  test('an empty tensor of a billion rows stays small', () => {
    expect(nest([], [1_000_000_000, 0], 1000)).toHaveLength(1000);
    expect(nest([], [1_000_000, 1_000_000, 0], 1000)).toHaveLength(1);
  });

  test('what JSON numbers cannot say is a string', () => {
    const format = numberFormat('float32')!;
    const floats = Float32Array.of(1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    expect(jsonElements(floats, 'float32', format)).toEqual([1.5, 'NaN', 'Infinity', '-Infinity']);
    expect(jsonElements(BigInt64Array.of(2n ** 62n), 'int64', numberFormat('int64')!)).toEqual(['4611686018427387904']);
    expect(jsonElements(Uint8Array.of(0, 1), 'bool', numberFormat('bool')!)).toEqual([false, true]);
    const complex = Float32Array.of(1, -2, 3, Number.NaN);
    expect(jsonElements(complex, 'complex64', numberFormat('complex64')!)).toEqual([
      { re: 1, im: -2 },
      { re: 3, im: 'NaN' },
    ]);
  });

  test('strings are text where they can be', () => {
    expect(jsonString(Buffer.from('größe\0'))).toEqual({ utf8: 'größe\0' });
    expect(jsonString(Buffer.from('\ufeffx'))).toEqual({ utf8: '\ufeffx' });
    expect(jsonString(Uint8Array.of(0xff, 0x00))).toEqual({ base64: '/wA=' });
  });

  test('text has a row a line', () => {
    expect(valueLines([[[1, 2]], [[3, 0.10000000149011612]]])).toEqual(['[[[1, 2]]', ' [[3, 0.1]]]']);
    expect(valueLines(5)).toEqual(['5']);
    expect(valueLines([{ utf8: 'a"\n\u001b\u202e' }, { base64: '/wA=' }])).toEqual([
      '["a\\"\\n\\u001b\\u202e", base64:/wA=]',
    ]);
    expect(valueLines([])).toEqual(['[]']);
  });
});

test('the bar never fills the line, so that it can be erased', () => {
  const step = { phase: 'verify', bytes: 5 * 2 ** 20, totalBytes: 10 * 2 ** 20 };
  const line = progressLine('verify', step, 1000, 200);
  expect(line).toContain(' 50%');
  expect(line).toContain('5.00 MiB of 10.0 MiB');
  expect(line).toContain('5.00 MiB/s');
  expect(line).toContain('1 s left');
  for (const width of [1, 20, 40, 80]) expect(progressLine('verify', step, 1000, width).length).toBeLessThan(width);
  expect(progressLine('verify', { ...step, bytes: 0, totalBytes: 0 }, 0, 80)).toContain('100%');
});

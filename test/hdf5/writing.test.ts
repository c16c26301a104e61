/** HDF5 files of the writer beside h5py's: h5py makes the same tree itself, and compares every part. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TensorBundleError } from '../../src/errors.js';
import { openHdf5 } from '../../src/hdf5/open-hdf5.js';
import type { DatasetToWrite, GroupToWrite } from '../../src/hdf5/writing/content.js';
import { splitNames } from '../../src/hdf5/writing/name-lists.js';
import { planHdf5 } from '../../src/hdf5/writing/plan-hdf5.js';
import type { NumberToWrite } from '../../src/hdf5/writing/type-messages.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import { runPython } from '../oracle/python.js';
import { BYTES_OF } from './number-bytes.js';
import { openFileRange } from './open-ranges.js';
import { type AttributeSpec, compareOwn, groupOf, type NodeSpec, wholeFile } from './written-trees.js';

const scratch = new Scratch('hdf5-writing');
const DTYPES = Object.keys(BYTES_OF) as NumberToWrite[];

const dataset = (dtype: NumberToWrite, shape: readonly number[], seed = 0): NodeSpec => ({ dtype, shape, seed });

function flat(count: number, name = (i: number) => `v${i}`): NodeSpec {
  const children = Array.from({ length: count }, (_, i) => [name(i), dataset('uint8', [1], i)]);
  return { children: Object.fromEntries(children) as Record<string, NodeSpec> };
}

function nested(depth: number): NodeSpec {
  let spec = dataset('float32', [3], 7);
  for (let i = 0; i < depth; i++) spec = { children: { [`level ${i}`]: spec } };
  return spec;
}

const names = (count: number, bytes: number): string[] =>
  Array.from({ length: count }, (_, i) => `layer_${i}`.padEnd(bytes, 'x'));

const ATTRIBUTES: Record<string, AttributeSpec> = {
  text: { text: 'a text with é, 漢字 and 🎉' },
  empty: { text: '' },
  long: { text: 'x'.repeat(isDeep ? 8_000_000 : 2_000_000) },
  bytes: { bytes: '{"a": 1}' },
  'long bytes': { bytes: 'y'.repeat(100_000) },
  texts: { texts: ['', 'a', 'été', 'z'.repeat(10_000)] },
  'no texts': { texts: [] },
  'many texts': { texts: names(4000, 12) },
  fixed: { fixed: ['abc', 'de', 'é'] },
  'no fixed': { fixed: [] },
  'empty fixed': { fixed: [''] },
  'large fixed': { fixed: names(1000, 64) },
  true: { dtype: 'bool', shape: [], values: [true] },
  bools: { dtype: 'bool', shape: [3], values: [true, false, true] },
  int: { dtype: 'int64', shape: [], values: [-5] },
  'a float': { dtype: 'float64', shape: [], values: [0.1] },
  matrix: { dtype: 'float32', shape: [2, 3], values: [1, 2.5, -3, 1e30, 5, 6] },
  'no numbers': { dtype: 'int32', shape: [0, 4], values: [] },
  uint64: { dtype: 'uint64', shape: [1], values: ['18446744073709551615'] },
  int64: { dtype: 'int64', shape: [2], values: ['-9223372036854775808', '9223372036854775807'] },
  int8: { dtype: 'int8', shape: [2], values: [-128, 127] },
  uint16: { dtype: 'uint16', shape: [1], values: [65535] },
  'with/slash and é': { text: 'v' },
};

const SMALL_ATTRIBUTES = Object.fromEntries(
  Object.entries(ATTRIBUTES).filter(([, one]) => JSON.stringify(one).length < 10_000),
);

/** A random tree; links lead to objects that came before. */
function random(seed: number): NodeSpec {
  let state = seed * 7919 + 13;
  const below = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const kinds = Object.entries(SMALL_ATTRIBUTES);
  const made: string[] = [];
  const attributes = (): Record<string, AttributeSpec> =>
    Object.fromEntries(Array.from({ length: below(4) }, () => kinds[below(kinds.length)]!));
  const node = (path: string, depth: number): NodeSpec => {
    const isGroup = depth < 5 && below(3) > 0;
    if (!isGroup) {
      const shape = Array.from({ length: below(4) }, () => below(7));
      return {
        ...(dataset(DTYPES[below(DTYPES.length)]!, shape, below(200)) as object),
        attributes: attributes(),
      } as NodeSpec;
    }
    const children: Record<string, NodeSpec> = {};
    for (let i = below(below(4) === 0 ? 40 : 5); i > 0; i--) {
      const name = `${'ab漢é🎉_ .0'[below(8)] ?? ''}${below(1000)}`;
      if (name in children || !name.isWellFormed()) continue;
      const at = path === '' ? name : `${path}/${name}`;
      const link = made[below(made.length * 4)];
      children[name] = link === undefined ? node(at, depth + 1) : { link };
      if (link === undefined) made.push(at);
    }
    return { children, attributes: attributes() };
  };
  const root = node('', 0);
  return 'children' in root ? root : { children: { only: root } };
}

const SPECS: Record<string, NodeSpec> = {
  empty: { children: {} },
  types: {
    children: Object.fromEntries(
      DTYPES.flatMap((dtype, i) =>
        [[], [1], [0], [5], [2, 3], [0, 3], [3, 1, 2, 2], [1, 1, 1, 1, 1, 7], [100, 37]].map((shape, rank) => {
          return [`${dtype} ${rank}`, dataset(dtype, shape, 10 * i + rank)] as const;
        }),
      ),
    ),
  },
  attributes: {
    attributes: ATTRIBUTES,
    children: {
      'on a group': { attributes: SMALL_ATTRIBUTES, children: {} },
      'on a dataset': { dtype: 'float32', shape: [2], seed: 1, attributes: { a: { text: 'b' }, n: { fixed: ['c'] } } },
    },
  },
  links: {
    children: {
      layers: { children: { dense: { children: { vars: { children: { 0: dataset('float32', [4], 5) } } } } } },
      optimizer: { children: { vars: { children: { 1: { link: 'layers/dense/vars/0' } } } } },
      same: { link: 'layers/dense' },
      again: { link: 'layers/dense/vars/0' },
    },
  },
  ...Object.fromEntries(
    [1, 8, 9, 257, ...(isDeep ? [7, 255, 256, 300, 2049] : [])].map(count => [`flat ${count}`, flat(count)]),
  ),
  ...(isDeep && { 'three levels': flat(8300, i => `${'n'.repeat(i % 50)}${i}`) }),
  deep: nested(250),
  'long names': flat(40, i => `${'é'.repeat(2000)}${i}`),
  // JavaScript would sort these otherwise than by bytes.
  'order of bytes': flat(6, i => ['\uffee', '😀', 'z', 'é', 'Z', '0'][i]!),
  'a large header': {
    attributes: Object.fromEntries(names(50, 9).map(name => [name, { fixed: names(1000, 60) }])),
    children: {},
  },
  large: { children: { a: dataset('float32', [300_000], 96), b: dataset('bfloat16', [70_001], 95) } },
};

test('h5py reads and types all as in its own files, and so does our reader', async () => {
  const jobs: { path: string; spec: NodeSpec; extend?: boolean }[] = [];
  const directory = scratch.directory();
  let objects = 0;
  const randoms = Array.from({ length: isDeep ? 80 : 6 }, (_, i) => [`random ${i}`, random(i)] as const);
  for (const [name, spec] of [...Object.entries(SPECS), ...randoms]) {
    const path = join(directory, `${name}.h5`);
    const plan = planHdf5(groupOf(spec), path);
    const bytes = await wholeFile(plan);
    expect(bytes.byteLength, name).toBe(plan.bytes);
    expect((await wholeFile(planHdf5(groupOf(spec), path))).equals(bytes), `${name}, again`).toBe(true);
    await writeFile(path, bytes);
    const range = await openFileRange(path);
    objects += await compareOwn(await openHdf5(range), spec);
    await range[Symbol.asyncDispose]();
    jobs.push({ path, spec, extend: ['empty', 'attributes', 'links', 'flat 257', 'deep', 'random 0'].includes(name) });
  }
  const counts = JSON.parse(await runPython('test/hdf5/writing.py', [], { input: JSON.stringify(jobs) }));
  console.log(`h5py compared ${counts.objects} objects, ${counts.attributes} attributes, ${counts.links} links`);
  expect(counts.files).toBe(jobs.length);
  // Ours also looks again into groups that have several names.
  expect(objects).toBeGreaterThanOrEqual(counts.objects + counts.links);
});

test('lists of names are divided as Keras divides them', async () => {
  const lists = [[], ['a'], names(1008, 64), names(1009, 64), names(2500, 77), ['é'.repeat(100), ...names(700, 9)]];
  const found = lists.map(list =>
    [...splitNames('layer_names', list)].map(([name, one]) => [name, (one as { fixed: string[] }).fixed]),
  );
  const code = [
    'import json, sys, h5py, io',
    'from keras.src.legacy.saving.legacy_h5_format import save_attributes_to_hdf5_group as save',
    'def one(names):',
    '    f = h5py.File(io.BytesIO(), "w")',
    '    save(f, "layer_names", [n.encode() for n in names])',
    '    return [[k, [x if isinstance(x, str) else x.decode() for x in f.attrs[k]]] for k in f.attrs]',
    'print(json.dumps([one(names) for names in json.load(sys.stdin)]))',
  ].join('\n');
  expect(found).toEqual(JSON.parse(await runPython({ code }, [], { input: JSON.stringify(lists) })));
  expect(() => splitNames('layer_names', ['x'.repeat(64_513)])).toThrow(/does not fit/);
});

const float: DatasetToWrite = { dtype: 'float32', shape: [2], data: () => new Uint8Array(8) };

function rootOf(children: Record<string, GroupToWrite | DatasetToWrite>): GroupToWrite {
  return { children: new Map(Object.entries(children)) };
}

test('what HDF5 cannot hold is refused before anything is written', () => {
  const round = rootOf({});
  (round.children as Map<string, GroupToWrite>).set('self', round);
  const withAttribute = (attribute: unknown): GroupToWrite =>
    ({ children: new Map(), attributes: new Map([['a', attribute]]) }) as GroupToWrite;
  const cases: [string, GroupToWrite][] = [
    ['ERR_INVALID_ARGUMENT', rootOf({ a: round })],
    ['ERR_INVALID_ARGUMENT', groupOf(nested(251))],
    ['ERR_BAD_NAME', rootOf({ 'a/b': float })],
    ['ERR_BAD_NAME', rootOf({ '': float })],
    ['ERR_BAD_NAME', rootOf({ '.': float })],
    ['ERR_BAD_NAME', rootOf({ 'a\0': float })],
    ['ERR_BAD_NAME', rootOf({ '\ud800': float })],
    ['ERR_NOT_SUPPORTED', rootOf({ a: { ...float, dtype: 'string' as never } })],
    ['ERR_NOT_SUPPORTED', rootOf({ a: { ...float, dtype: 'float8_e5m2' as never } })],
    ['ERR_INVALID_ARGUMENT', rootOf({ a: { ...float, shape: [-1] } })],
    ['ERR_INVALID_ARGUMENT', rootOf({ a: { ...float, shape: [1.5] } })],
    ['ERR_INVALID_ARGUMENT', rootOf({ a: { ...float, shape: Array(33).fill(1) } })],
    ['ERR_INVALID_ARGUMENT', rootOf({ a: { ...float, shape: [2 ** 40, 2 ** 40] } })],
    ['ERR_TOO_LARGE', rootOf({ a: { ...float, shape: [2 ** 50] }, b: { ...float, shape: [2 ** 50] } })],
    ['ERR_TOO_LARGE', withAttribute({ fixed: names(1100, 64) })],
    ['ERR_TOO_LARGE', withAttribute({ texts: names(4100, 9) })],
    ['ERR_INVALID_ARGUMENT', withAttribute({ text: 'a\0b' })],
    ['ERR_INVALID_ARGUMENT', withAttribute({ fixed: ['\udc00'] })],
    ['ERR_INVALID_ARGUMENT', withAttribute({ dtype: 'int32', shape: [2], values: [1] })],
  ];
  for (const [code, root] of cases) {
    let error: unknown;
    try {
      planHdf5(root, 'x.h5');
    } catch (caught) {
      error = caught;
    }
    expect((error as TensorBundleError | undefined)?.code, JSON.stringify([...root.children.keys()])).toBe(code);
  }
});

test('a source of the wrong length, and an abort, end the stream', async () => {
  const failing = (bytes: number): Promise<Buffer> =>
    wholeFile(planHdf5(rootOf({ layer: rootOf({ w: { ...float, data: () => new Uint8Array(bytes) } }) }), 'x.h5'));
  for (const bytes of [0, 7, 9])
    await expect(failing(bytes)).rejects.toMatchObject({ code: 'ERR_SHAPE', tensor: 'layer/w', path: 'x.h5' });
  const aborted = new AbortController();
  let isEnded = false;
  const slow = async function* () {
    try {
      for (;;) {
        yield new Uint8Array(1);
        aborted.abort();
      }
    } finally {
      isEnded = true;
    }
  };
  const stream = planHdf5(rootOf({ w: { ...float, data: slow } }), 'x.h5').pieces(aborted.signal);
  await expect(stream.next()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  expect(isEnded).toBe(true);
});

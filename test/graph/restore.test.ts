/** What a restore reads, in which order, and how much of it is in memory at a time. */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { OBJECT_GRAPH_KEY } from '../../src/graph/key.js';
import { keyedAttributes, numberObjects } from '../../src/graph/numbering.js';
import { type RestoreOptions, restore } from '../../src/graph/restore/restore.js';
import { saveGraph } from '../../src/graph/stored/captured-graph.js';
import type { Trackable } from '../../src/graph/trackable.js';
import { CheckpointReader, CheckpointWriter, type TensorValue } from '../../src/index.js';
import { type Cell, cell, holder } from './tree.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-restore-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

/** One variable a name, of so many bytes, every element `fill`. */
function graph(sizes: Record<string, number>, fill: number): { root: Trackable; cells: Record<string, Cell> } {
  const cells = Object.fromEntries(
    Object.entries(sizes).map(([name, bytes]) => [
      name,
      cell(name, new Float32Array(bytes / 4).fill(fill), [bytes / 4]),
    ]),
  );
  return { root: holder(Object.fromEntries(Object.entries(cells).map(([name, { node }]) => [name, node]))), cells };
}

let checkpoints = 0;

/** Under a prefix of its own: an overwrite would have other file names. */
async function saved(root: Trackable): Promise<string> {
  const prefix = join(directory, `checkpoint-${++checkpoints}`);
  await saveGraph(root, prefix);
  return prefix;
}

async function restored(root: Trackable, prefix: string, options?: RestoreOptions) {
  await using reader = await CheckpointReader.open(prefix);
  return await restore(root, reader, options);
}

async function damage(prefix: string, key: string): Promise<void> {
  const reader = await CheckpointReader.open(prefix);
  const { offset } = reader.entry(key);
  await reader.close();
  const file = await open(`${prefix}.data-00000-of-00001`, 'r+');
  await file.write(Uint8Array.of(0xff, 0xff, 0xff), 0, 3, offset! + 1);
  await file.close();
}

/** Watches the real reads: which tensors were read, and the most bytes that were read and not yet assigned. */
function watch(root: Trackable): { names: Set<string>; most(): number } {
  const names = new Set<string>();
  let held = 0;
  let most = 0;
  const { read, readAll, readForTensors, check } = CheckpointReader.prototype;
  const hold = (asked: readonly string[], values: TensorValue[]): TensorValue[] => {
    for (const name of asked) names.add(name);
    for (const { data } of values) held += (data as Float32Array).byteLength;
    most = Math.max(most, held);
    return values;
  };
  vi.spyOn(CheckpointReader.prototype, 'read').mockImplementation(function (this: CheckpointReader, name, options) {
    names.add(name);
    return read.call(this, name, options);
  });
  vi.spyOn(CheckpointReader.prototype, 'check').mockImplementation(function (this: CheckpointReader, asked, options) {
    for (const name of asked) names.add(name);
    return check.call(this, asked, options);
  });
  vi.spyOn(CheckpointReader.prototype, 'readAll').mockImplementation(async function (
    this: CheckpointReader,
    asked,
    options,
  ) {
    return hold(asked, await readAll.call(this, asked, options));
  });
  vi.spyOn(CheckpointReader.prototype, 'readForTensors').mockImplementation(async function (
    this: CheckpointReader,
    asked,
    memory,
  ) {
    return hold(asked, await readForTensors.call(this, asked, memory));
  });
  for (const { attribute } of keyedAttributes(numberObjects(root).objects)) {
    const assign = attribute.assign.bind(attribute);
    vi.spyOn(attribute, 'assign').mockImplementation(value => {
      assign(value);
      held -= (value.data as Float32Array).byteLength;
    });
  }
  return { names, most: () => most };
}

describe('memory', () => {
  it.each([
    ['the largest tensor', { a: 64, b: 72 * MIB, c: 2 * MIB, d: 2 * MIB }, 72 * MIB],
    ['64 MiB of those that are needed', { a: 40 * MIB, skipped: 80 * MIB, c: 40 * MIB }, 64 * MIB],
    ['64 MiB of small ones', Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`v${i}`, MIB])), 64 * MIB],
  ])('beyond the objects is at most %s, if not all may be in memory', async (_what, sizes, limit) => {
    for (const alias of [false, true]) {
      const prefix = await saved(graph(sizes, 1).root);
      const live = graph(sizes, 0);
      const watched = watch(live.root);
      await restored(live.root, prefix, { alias, exclude: /skipped/, onceBytes: 0 });
      expect(watched.most()).toBeGreaterThanOrEqual(limit / 4);
      expect(watched.most()).toBeLessThanOrEqual(limit);
      for (const [name, { data }] of Object.entries(live.cells)) expect(data[0]).toBe(name === 'skipped' ? 0 : 1);
      vi.restoreAllMocks();
    }
  });

  it('small tensors are not read one by one', async () => {
    const sizes = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`v${i}`, 4 * KIB]));
    const prefix = await saved(graph(sizes, 1).root);
    const live = graph(sizes, 0);
    const watched = watch(live.root);
    await restored(live.root, prefix);
    expect(watched.most()).toBe(50 * 4 * KIB);
  });
});

describe('what is read', () => {
  const sizes = { a: 64 * KIB, b: 2048 * KIB, c: 2048 * KIB };

  it('is only what the objects need: damage elsewhere is not met', async () => {
    const prefix = await saved(graph({ ...sizes, other: 64 * KIB }, 1).root);
    await damage(prefix, `other${VALUE}`);
    const live = graph(sizes, 0);
    const watched = watch(live.root);
    const status = await restored(live.root, prefix);
    expect(status.loaded).toHaveLength(3);
    expect(status.unused).toEqual([`other${VALUE}`]);
    expect([...watched.names].sort()).toEqual([OBJECT_GRAPH_KEY, `a${VALUE}`, `b${VALUE}`, `c${VALUE}`]);
  });

  it.each([
    ['exclude', { exclude: /^c$/ }],
    ['include', { include: /^[ab]$/ }],
  ])('is not what %s leaves out', async (_what, options) => {
    const prefix = await saved(graph(sizes, 1).root);
    await damage(prefix, `c${VALUE}`);
    const live = graph(sizes, 0);
    expect((await restored(live.root, prefix, options)).assertConsumed().loaded).toHaveLength(2);
    await expect(restored(live.root, prefix)).rejects.toMatchObject({ code: 'ERR_CHECKSUM' });
  });

  it('is not what skipMismatch skips', async () => {
    const prefix = await saved(graph(sizes, 1).root);
    await damage(prefix, `c${VALUE}`);
    const live = graph({ ...sizes, c: 4 }, 0);
    const status = await restored(live.root, prefix, { skipMismatch: true });
    expect(status.mismatched).toMatchObject([{ key: `c${VALUE}`, expected: 'float32 [1]' }]);
    expect(live.cells.c!.data).toEqual(Float32Array.of(0));
  });

  it.each(['a', 'b', 'c'])('is checked before anything is assigned: damage in %s', async name => {
    for (const alias of [false, true]) {
      const prefix = await saved(graph(sizes, 1).root);
      await damage(prefix, name + VALUE);
      const live = graph(sizes, 0);
      await expect(restored(live.root, prefix, { alias })).rejects.toMatchObject({ code: 'ERR_CHECKSUM' });
      for (const { data } of Object.values(live.cells)) expect(data[0]).toBe(0);
    }
  });

  it('a gap in a partitioned tensor is found before anything is assigned', async () => {
    const prefix = join(directory, 'gap');
    const whole = graph({ a: 2048 * KIB, b: 2048 * KIB }, 1);
    const writer = new CheckpointWriter(prefix);
    writer.add('a', { dtype: 'float32', shape: [512 * KIB], data: whole.cells.a!.data });
    writer.addSlice('b', [512 * KIB], [0], { dtype: 'float32', shape: [8], data: new Float32Array(8) });
    await writer.finish();
    const live = graph({ a: 2048 * KIB, b: 2048 * KIB }, 0);
    await expect(restored(live.root, prefix)).rejects.toMatchObject({ code: 'ERR_SLICE_GAP' });
    expect(live.cells.a!.data[0]).toBe(0);
  });
});

describe('values that need a companion', () => {
  const companions = [{ name: 'delta', changes: ['kernel'], reason: 'add the delta first' }];

  it('are refused, unless the companion is read as well or they are left out', async () => {
    const prefix = await saved(graph({ kernel: 16, delta: 16, bias: 16 }, 1).root);
    const live = graph({ kernel: 16, bias: 16 }, 0);
    await expect(restored(live.root, prefix, { companions, skipMismatch: true })).rejects.toMatchObject({
      code: 'ERR_NOT_SUPPORTED',
      tensor: `kernel${VALUE}`,
      message: expect.stringContaining('nothing was changed: add the delta first'),
    });
    for (const { data } of Object.values(live.cells)) expect(data[0]).toBe(0);
    expect((await restored(live.root, prefix, { companions, exclude: /kernel/ })).loaded).toEqual([`bias${VALUE}`]);
    const both = graph({ kernel: 16, delta: 16, bias: 16 }, 0);
    (await restored(both.root, prefix, { companions })).assertConsumed();
  });
});

describe('a map of objects', () => {
  it('goes before the walk, inner objects before outer ones, variables before both', async () => {
    const leaf = (fill: number): Trackable => graph({ w: 16, b: 16 }, fill).root;
    const prefix = await saved(
      holder({ x: holder({ l: leaf(1), r: leaf(2) }), y: holder({ l: leaf(3), 'a/b': leaf(4) }) }),
    );
    const l = graph({ w: 16, b: 16 }, 0);
    const r = graph({ w: 16, b: 16 }, 0);
    const live = holder({ x: holder({ l: l.root, r: r.root }) });
    const seen = (): (number | bigint | Uint8Array)[] =>
      [l.cells.w, l.cells.b, r.cells.w, r.cells.b].map(one => one!.data[0]!);

    await restored(live, prefix);
    expect(seen()).toEqual([1, 1, 2, 2]);
    const status = await restored(live, prefix, { map: { 'x/r': 'y/a.Sb', x: 'y', 'x/l/b': 'x/l/w' } });
    expect(seen()).toEqual([3, 1, 4, 4]);
    expect(status.unused).not.toContain(`y/l/w${VALUE}`);
    expect(status.unused).toContain(`y/l/b${VALUE}`);

    const partly = await restored(live, prefix, { map: { x: 'x/l' } });
    expect(partly.loaded).toEqual([]);
    expect(partly.missing).toContain(`x/l/l/w${VALUE}`);
  });
});

/**
 * Types that this version does not know spoil only their own tensor: everything else of the checkpoint works, and the
 * tensor itself can be listed, verified, copied and merged.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '../../src/format/crc.js';
import {
  CheckpointReader,
  CheckpointWriter,
  copyCheckpoint,
  latestValidCheckpoint,
  listVariables,
  loadVariable,
  mergeCheckpoints,
  updateCheckpointState,
  verifyCheckpoint,
} from '../../src/index.js';
import { Checkpoint, CheckpointView, initFromCheckpoint, loadWeights } from '../../src/tfjs.js';
import { run } from '../cli/program.js';
import { Scratch } from '../crash/scratch.js';
import { block, entry, field, HEADER, shapeOf, table, withRows } from '../hostile/index-bytes.js';
import { differences } from '../oracle/files.js';
import { numbersOf, retype } from './retyped.js';

const scratch = new Scratch('unknown-types');
const fresh = (): string => join(scratch.directory(), 'model');

/** 99; the next after the newest; a reference; a resource; above a byte; the largest that there can be. */
const NUMBERS = [99, 34, 101, 20, 4242, 2 ** 31 - 1];

describe('types nobody knows', () => {
  let known: string;
  let prefix: string;
  /** Numbers by name. */
  const types = new Map(NUMBERS.map(number => [`odd/${number}`, number]));

  beforeAll(async () => {
    known = fresh();
    await using writer = new CheckpointWriter(known, { durable: false, shards: 2 });
    // Sizes that no type of whole bytes would have for the shape, once they are retyped: [5] of 3, and so on.
    for (const [i, name] of [...types.keys()].entries())
      writer.add(name, { dtype: 'uint8', shape: [3 + i], data: Uint8Array.from({ length: 3 + i }, (_, k) => k * 7) });
    writer.addSlice('odd/parts', [4, 2], [0, 0], { dtype: 'int16', shape: [1, 2], data: Int16Array.of(1, 2) });
    writer.addSlice('odd/parts', [4, 2], [1, 0], { dtype: 'int16', shape: [3, 2], data: new Int16Array(6).fill(7) });
    writer.add('odd/none', { dtype: 'float32', shape: [0, 2], data: new Float32Array(0) });
    writer.add('odd/large', { dtype: 'uint8', shape: [9_000_001], data: new Uint8Array(9_000_001).fill(3) });
    writer.add('sound', { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) });
    await writer.finish();
    prefix = fresh();
    await copyCheckpoint(known, prefix);
    types.set('odd/parts', 77).set('odd/none', 78).set('odd/large', 79);
    retype(prefix, name => types.get(name));
  });

  /** The files after their types were set back: what was not understood went through unchanged. */
  async function isSame(copy: string): Promise<string[]> {
    const numbers = new Map(numbersOf(known));
    expect(numbersOf(copy)).toEqual(numbersOf(prefix));
    const back = fresh();
    await copyCheckpoint(copy, back);
    retype(back, name => numbers.get(name));
    return differences(back, known);
  }

  test('are listed', async () => {
    const expected = (await listVariables(known)).map(one => ({
      ...one,
      dtype: types.has(one.name) ? `unknown-${types.get(one.name)}` : one.dtype,
    }));
    expect(await listVariables(prefix)).toEqual(expected);
    await using reader = await CheckpointReader.open(prefix, { verify: 'open' });
    await using other = await CheckpointReader.open(known);
    for (const { name, dtype } of expected) expect(reader.entry(name)).toEqual({ ...other.entry(name), dtype });
  });

  test('are not read, and everything else is', async () => {
    await using reader = await CheckpointReader.open(prefix);
    for (const [name, number] of types) {
      const refusal = { code: 'ERR_DTYPE', tensor: name, found: number, message: expect.stringContaining('listed') };
      await expect(reader.read(name)).rejects.toMatchObject(refusal);
      await expect(reader.read(name, { begin: [0], size: [1] })).rejects.toMatchObject(refusal);
      await expect(reader.pieces(name).next()).rejects.toMatchObject(refusal);
      await expect(loadVariable(prefix, name)).rejects.toMatchObject(refusal);
    }
    expect((await reader.read('sound')).data).toEqual(Float32Array.of(1, 2));
  });

  test('are verified: sound as they are, damaged where a byte changed', async () => {
    expect(await verifyCheckpoint(prefix)).toMatchObject({ ok: true, tensors: 10, unreferencedBytes: 0, problems: [] });
    const damaged = fresh();
    await copyCheckpoint(prefix, damaged, { shards: 1 });
    const path = `${damaged}.data-00000-of-00001`;
    const data = readFileSync(path);
    data[1]! ^= 1;
    writeFileSync(path, data);
    const { problems } = await verifyCheckpoint(damaged);
    expect(problems).toMatchObject([{ code: 'ERR_CHECKSUM', tensor: 'odd/99' }]);
    await expect(copyCheckpoint(damaged, fresh())).rejects.toMatchObject({ code: 'ERR_CHECKSUM', tensor: 'odd/99' });
  });

  test('are copied and merged as they are', async () => {
    const [copy, one, merged, extra] = [fresh(), fresh(), fresh(), fresh()];
    await copyCheckpoint(prefix, copy);
    expect(await isSame(copy)).toEqual([]);
    await copyCheckpoint(prefix, one, { shards: 1 });
    await copyCheckpoint(one, copy, { shards: 2 });
    expect((await verifyCheckpoint(one)).ok).toBe(true);
    await using writer = new CheckpointWriter(extra, { durable: false });
    writer.addSlice('zz', [2], [1], { dtype: 'int8', shape: [1], data: Int8Array.of(1) });
    await writer.finish();
    retype(extra, () => 99);
    const second = fresh();
    await using other = new CheckpointWriter(second, { durable: false });
    other.addSlice('zz', [2], [0], { dtype: 'int8', shape: [1], data: Int8Array.of(1) });
    await other.finish();
    // Slices of one tensor belong together only if their types do.
    await expect(mergeCheckpoints([prefix, extra, second], merged)).rejects.toMatchObject({ code: 'ERR_DTYPE' });
    retype(second, () => 99);
    await mergeCheckpoints([prefix, extra, second], merged);
    expect((await verifyCheckpoint(merged)).ok).toBe(true);
    expect((await listVariables(merged)).map(({ name, dtype }) => [name, dtype])).toEqual([
      ...(await listVariables(prefix)).map(({ name, dtype }) => [name, dtype]),
      ['zz', 'unknown-99'],
    ]);
  });

  test('are no obstacle to the newest checkpoint, nor to the command', async () => {
    const directory = dirname(prefix);
    await updateCheckpointState(directory, { modelCheckpointPath: prefix });
    expect(await latestValidCheckpoint(directory)).toBe(prefix);
    expect(run(['latest', '--valid', directory])).toMatchObject({ code: 0, out: `${prefix}\n` });
    const listed = run(['ls', '--long', prefix]);
    expect(listed).toMatchObject({ code: 0, err: '' });
    expect(listed.out).toContain('odd/99\tunknown-99\t[3]\t3\t');
    expect(run(['show', prefix, 'sound'])).toMatchObject({ code: 0, err: '' });
    const refused = run(['show', prefix, 'odd/99']);
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('type number 99');
    expect(run(['verify', prefix]).code).toBe(0);
    const [copy, merged] = [fresh(), fresh()];
    expect(run(['copy', prefix, copy]).code).toBe(0);
    expect(await isSame(copy)).toEqual([]);
    expect(run(['merge', merged, prefix]).code).toBe(0);
  });
});

describe('restoring beside a type nobody knows', () => {
  const model = (): tf.LayersModel =>
    tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
  const value = { dtype: 'int8', shape: [2], read: () => Int8Array.of(1, 2), assign: () => undefined } as const;
  const isOdd = (name: string): boolean => name.startsWith('odd/');

  async function saved(): Promise<{ prefix: string; kernel: Float32Array }> {
    const source = model();
    const prefix = await new Checkpoint({ model: source, odd: value }).write(fresh());
    retype(prefix, name => (isOdd(name) ? 99 : undefined));
    return { prefix, kernel: source.getWeights()[0]!.dataSync() as Float32Array };
  }
  const kernelOf = (of: tf.LayersModel): Float32Array => of.getWeights()[0]!.dataSync() as Float32Array;

  test('what does not need it is restored', async () => {
    const { prefix, kernel } = await saved();
    const targets = [model(), model(), model()] as const;
    (await loadWeights(targets[0], prefix)).assertConsumed();
    const status = await new Checkpoint({ model: targets[1] }).restore(prefix);
    expect(status.unused).toHaveLength(1);
    expect(status.loaded).toHaveLength(2);
    await initFromCheckpoint(prefix, { 'model/layer_with_weights-0/kernel': targets[2].weights[0]! });
    for (const one of targets) expect(kernelOf(one)).toEqual(kernel);
    expect((await CheckpointView.open(prefix)).children(0).has('odd')).toBe(true);
  });

  test('what needs it is told, before anything changes; skipMismatch leaves it', async () => {
    const { prefix, kernel } = await saved();
    const target = model();
    const before = Float32Array.from(kernelOf(target));
    const checkpoint = new Checkpoint({ model: target, odd: value });
    await expect(checkpoint.restore(prefix)).rejects.toMatchObject({
      code: 'ERR_MISMATCH',
      message: expect.stringContaining('unknown-99 [2]'),
    });
    expect(kernelOf(target)).toEqual(before);
    await checkpoint.restore(prefix, { skipMismatch: true });
    expect(kernelOf(target)).toEqual(kernel);
  });

  test('nor do values wait that nobody could take', async () => {
    const { prefix } = await saved();
    retype(prefix, name => (name.includes('/bias/') ? 99 : undefined));
    const late = tf.sequential();
    const checkpoint = new Checkpoint({ model: late });
    await checkpoint.restore(prefix);
    late.add(tf.layers.dense({ units: 2, inputShape: [3], name: 'd' }));
    expect(late.getWeights()).toHaveLength(2);
  });
});

describe('hostile indexes', () => {
  function place(index: Uint8Array, bytes: number): string {
    const prefix = fresh();
    mkdirSync(dirname(prefix), { recursive: true });
    writeFileSync(`${prefix}.index`, index);
    writeFileSync(`${prefix}.data-00000-of-00001`, new Uint8Array(bytes));
    return prefix;
  }
  const crc = (bytes: number): number => crc32c(new Uint8Array(bytes));

  test('whatever shape and size say of each other', async () => {
    for (const [shape, size] of [
      [shapeOf(), 0],
      [shapeOf(0), 8],
      [shapeOf(2 ** 26, 2 ** 26), 1],
      [shapeOf(3), 7],
    ] as const) {
      const prefix = place(withRows([{ key: 'w', value: entry({ dtype: 99, shape, size, crc: crc(size) }) }]), size);
      expect((await verifyCheckpoint(prefix)).problems).toEqual([]);
      const copy = fresh();
      await copyCheckpoint(prefix, copy);
      expect(await listVariables(copy)).toEqual(await listVariables(prefix));
    }
  });

  test('what lies outside the file, or over another tensor, is damage as ever', async () => {
    const beyond = place(withRows([{ key: 'w', value: entry({ dtype: 99, size: 9 }) }]), 8);
    await expect(copyCheckpoint(beyond, fresh())).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
    const twice = ['v', 'w'].map(key => ({ key, value: entry({ dtype: 99, crc: crc(8) }) }));
    expect((await verifyCheckpoint(place(withRows(twice), 8))).problems).toMatchObject([{ code: 'ERR_CORRUPT' }]);
  });

  test('a tensor without a type is listed, and damaged', async () => {
    const sound = { key: 'v', value: entry({ crc: crc(8) }) };
    const prefix = place(withRows([sound, { key: 'w', value: entry({ dtype: 0, offset: 8, crc: crc(8) }) }]), 16);
    expect((await listVariables(prefix)).map(({ dtype }) => dtype)).toEqual(['float32', 'unknown-0']);
    expect((await verifyCheckpoint(prefix)).problems).toMatchObject([{ code: 'ERR_DTYPE', tensor: 'w' }]);
    expect((await loadVariable(prefix, 'v')).data).toEqual(new Float32Array(2));
  });

  test('the other byte order: only single bytes can be copied', async () => {
    const bigEndian = [...HEADER, ...field(2, 1)];
    const rows = (size: number) => [
      { key: '', value: bigEndian },
      { key: 'w', value: entry({ dtype: 99, shape: shapeOf(4), size, crc: crc(size) }) },
    ];
    const make = (size: number): string => place(table({ data: block(rows(size)) }), size);
    await expect(copyCheckpoint(make(8), fresh())).rejects.toMatchObject({ code: 'ERR_DTYPE', tensor: 'w' });
    expect((await verifyCheckpoint(make(8))).ok).toBe(true);
    await copyCheckpoint(make(4), fresh());
  });
});

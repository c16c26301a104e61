/**
 * Checkpoints whose every element says which save it is from, so that a mixture of two saves can never be taken for one
 * of them; and what a directory holds.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect } from 'vitest';
import { parseIntentName, parseShardName } from '../../src/commit/names.js';
import { CheckpointReader, CheckpointWriter, type SaveResult, type WriterOptions } from '../../src/index.js';

/** A tensor as plain values, for children too. */
export interface PlainTensor {
  name: string;
  dtype: 'float32' | 'int32' | 'string';
  shape: number[];
  values: number[] | string[];
}

/** The tensors of save number `k` (a whole number up to 2^20, so that float32 holds it). */
export function tensorsOf(k: number, largeElements = 1500): PlainTensor[] {
  return [
    { name: 'layer/kernel', dtype: 'float32', shape: [3, 2], values: new Array<number>(6).fill(k) },
    { name: 'layer/bias', dtype: 'int32', shape: [], values: [k] },
    { name: 'large', dtype: 'float32', shape: [largeElements], values: new Array<number>(largeElements).fill(k) },
    { name: 'text', dtype: 'string', shape: [2], values: [`save ${k}`, `${k}`] },
    { name: 'z/last', dtype: 'int32', shape: [2, 2], values: new Array<number>(4).fill(k) },
  ];
}

/** A tensor's values as the writer takes them. */
export function dataOf({ dtype, values }: PlainTensor): Float32Array | Int32Array | Uint8Array[] {
  if (dtype === 'string') return (values as string[]).map(text => new TextEncoder().encode(text));
  return dtype === 'int32' ? Int32Array.from(values as number[]) : Float32Array.from(values as number[]);
}

export function writerOf(prefix: string, tensors: readonly PlainTensor[], options: WriterOptions): CheckpointWriter {
  const writer = new CheckpointWriter(prefix, options);
  for (const tensor of tensors)
    writer.add(tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data: dataOf(tensor) });
  return writer;
}

export function save(prefix: string, k: number, options: WriterOptions = {}): Promise<SaveResult> {
  return writerOf(prefix, tensorsOf(k), options).finish();
}

/** A tensor as TensorFlow or this library gave it back. */
export interface FoundTensor {
  name: string;
  data: ArrayLike<number | bigint> | readonly Uint8Array[];
}

/** Which save these tensors are; fails if they are not all of exactly one. */
export function saveNumberOf(found: readonly FoundTensor[]): number {
  const values = new Map(found.map(({ name, data }) => [name, data]));
  const k = Number((values.get('layer/bias') as ArrayLike<number>)[0]);
  const expected = tensorsOf(k, values.get('large')?.length);
  expect([...values.keys()].sort()).toEqual(expected.map(tensor => tensor.name).sort());
  for (const { name, dtype, values: wanted } of expected) {
    const data = values.get(name)!;
    const plain =
      dtype === 'string'
        ? (data as readonly Uint8Array[]).map(bytes => Buffer.from(bytes).toString())
        : Array.from(data as ArrayLike<number>, Number);
    if (JSON.stringify(plain) !== JSON.stringify(wanted)) throw new Error(`'${name}' is not of save ${k}: mixed`);
  }
  return k;
}

/**
 * The save that our reader finds under the prefix, every checksum checked and verified strictly. Without `copy` a large
 * tensor is a view that keeps its file's space until it is garbage.
 */
export async function savedAt(prefix: string, copy = false): Promise<number> {
  await using reader = await CheckpointReader.open(prefix);
  const found: FoundTensor[] = [];
  for (const name of reader.names())
    found.push({ name, data: (await reader.read(name, { copy })).data as FoundTensor['data'] });
  const report = await reader.verify();
  expect(report.problems).toEqual([]);
  return saveNumberOf(found);
}

/** Files that belong to the prefix, sorted. */
export function filesOf(prefix: string): string[] {
  const base = basename(prefix);
  return readdirSync(dirname(prefix))
    .filter(name => name.startsWith(base))
    .sort();
}

/** The shard total of the only generation on disk; fails if there is anything else. */
export function onlyGeneration(prefix: string): number {
  const base = basename(prefix);
  const names = filesOf(prefix).filter(name => name !== `${base}.index`);
  expect(names.filter(name => parseIntentName(base, name) !== null)).toEqual([]);
  const shards = names.map(name => parseShardName(base, name));
  expect(shards.every(shard => shard !== null)).toBe(true);
  const total = shards[0]?.total ?? 0;
  expect(filesOf(prefix).length, `files: ${filesOf(prefix).join(' ')}`).toBe(total + 1);
  expect(shards.every(shard => shard?.total === total)).toBe(true);
  return total;
}

/**
 * Generated checkpoints against real TensorFlow: the same bytes, read equal both ways, copied and merged alike.
 * 500 checkpoints of one to four data files; the seed is in SEED, and fast-check prints it when a case fails.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter, copyCheckpoint, mergeCheckpoints } from '../../src/index.js';
import {
  boxOf,
  comparable,
  type RandomCheckpoint,
  type RandomPiece,
  randomCheckpoint,
  SEED,
  sliceSpec,
} from '../bundle/random-checkpoint.js';
import { differences } from './files.js';
import { type Oracle, type OracleTensor, oracle } from './oracle.js';

const RUNS = 500;
/**
 * RestoreV2 puts partitioned tensors of these together; of others it restores only what was stored (it says "not
 * supported").
 */
const JOINED_BY_TENSORFLOW = new Set(
  'float32 float64 int32 uint8 int16 int8 complex64 int64 bool bfloat16 complex128 qint8 quint8 qint32'.split(' '),
);

const folder = mkdtempSync(join(tmpdir(), 'differential-'));
const QUICK = { durable: false } as const;
let o: Oracle;
let runs = 0;

beforeAll(async () => {
  o = await oracle();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hexOf = ({ dtype, bytes, strings }: OracleTensor): string => comparable(dtype, strings ?? new Uint8Array(bytes));

/** What TensorFlow's SaveV2 makes of each part, and MergeV2Checkpoints of the parts. */
async function byTensorFlow(checkpoint: RandomCheckpoint, directory: string, numbers: boolean): Promise<string[]> {
  const parts = Array.from({ length: checkpoint.parts }, (_, part) => join(directory, `part${part}`, 'p'));
  for (const [part, prefix] of parts.entries()) {
    mkdirSync(join(directory, `part${part}`), { recursive: true });
    const pieces = checkpoint.pieces.filter(piece => piece.part === part);
    await o.saveV2(
      prefix,
      pieces.map(piece => {
        const slice = sliceSpec(piece, numbers);
        return { ...piece, slice: undefined, ...(slice === undefined ? {} : { slice }) };
      }),
    );
  }
  return parts;
}

async function byUs(checkpoint: RandomCheckpoint, prefix: string): Promise<void> {
  const writer = new CheckpointWriter(prefix, QUICK);
  const shardOf = (piece: RandomPiece): { shard: number } => ({ shard: piece.part });
  for (const piece of checkpoint.pieces) {
    if (piece.slice) writer.addSlice(piece.name, piece.slice.fullShape, piece.slice.begin, piece, shardOf(piece));
    else writer.add(piece.name, piece, shardOf(piece));
  }
  const result = await writer.finish();
  expect(result).toMatchObject({ prefix, tensors: checkpoint.tensors.length, shards: checkpoint.parts });
}

/** TensorFlow reads `prefix` as what was generated. */
async function tensorFlowReads(prefix: string, checkpoint: RandomCheckpoint, numbers: boolean): Promise<void> {
  const listed = await o.entries(prefix);
  const expected = [...checkpoint.tensors].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  expect(listed).toEqual(expected.map(({ name, dtype, shape }) => ({ name, dtype, shape })));
  const whole = checkpoint.tensors.filter(tensor => !tensor.sliced || JOINED_BY_TENSORFLOW.has(tensor.dtype));
  const slices = checkpoint.pieces.flatMap(piece => {
    const slice = sliceSpec(piece, numbers);
    return slice === undefined ? [] : [{ ...piece, slice }];
  });
  const asked = [
    ...whole.map(({ name, dtype }) => ({ name, dtype })),
    ...slices.map(({ name, dtype, slice }) => ({ name, dtype, slice })),
  ];
  const found = await o.restore(prefix, asked);
  expect(found.map(value => [value.dtype, value.shape, hexOf(value)])).toEqual(
    [...whole, ...slices].map(({ dtype, shape, data }) => [dtype, shape, comparable(dtype, data)]),
  );
}

/** Our reader finds what was generated: listed, whole (viewed and copied), and in random ranges. */
async function weRead(prefix: string, checkpoint: RandomCheckpoint, seed: number): Promise<void> {
  await using reader = await CheckpointReader.open(prefix);
  const expected = checkpoint.tensors.map(tensor => tensor.name);
  expect(reader.names()).toEqual(expected.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  for (const { name, dtype, shape, data, sliced } of checkpoint.tensors) {
    const entry = reader.entry(name);
    expect([entry.dtype, entry.shape, entry.slices.length > 0]).toEqual([dtype, shape, sliced]);
    for (const copy of [false, true]) {
      const value = await reader.read(name, { copy });
      expect([value.dtype, value.shape, comparable(dtype, value.data)]).toEqual([
        dtype,
        shape,
        comparable(dtype, data),
      ]);
    }
    const begin = shape.map((n, axis) => (n === 0 ? 0 : (seed + 7 * axis) % n));
    const size = shape.map((n, axis) => ((seed >> axis) & 1 ? -1 : (seed + axis) % (n - begin[axis]! + 1)));
    const box = size.map((n, axis) => (n === -1 ? shape[axis]! - begin[axis]! : n));
    const value = await reader.read(name, { begin, size });
    expect([value.shape, comparable(dtype, value.data)]).toEqual([
      box,
      comparable(dtype, boxOf(dtype, data, shape, begin, box)),
    ]);
  }
  expect((await reader.verify()).problems).toEqual([]);
}

test(`${RUNS} generated checkpoints: TensorFlow and this library write the same bytes and read each other`, {
  timeout: 400_000,
}, async () => {
  const property = async (checkpoint: RandomCheckpoint, numbers: boolean, seed: number): Promise<void> => {
    const directory = join(folder, String(++runs));
    mkdirSync(directory);
    const parts = await byTensorFlow(checkpoint, directory, numbers);
    // MergeV2Checkpoints moves the data files of its inputs, so it gets inputs of its own.
    const spare = parts.map((_, part) => join(directory, `spare${part}`, 'p'));
    for (const part of parts.keys())
      cpSync(join(directory, `part${part}`), join(directory, `spare${part}`), { recursive: true });
    const theirs = join(directory, 'theirs');
    await o.merge(spare, theirs);
    const ours = join(directory, 'ours');
    await byUs(checkpoint, ours);
    // addSlice writes a whole dimension as '-': with numbers for it the index has other bytes.
    if (!numbers || !checkpoint.tensors.some(tensor => tensor.sliced)) expect(differences(ours, theirs)).toEqual([]);
    await tensorFlowReads(ours, checkpoint, false);
    await weRead(theirs, checkpoint, seed);
    await weRead(ours, checkpoint, seed + 1);
    await copyCheckpoint(theirs, join(directory, 'copy'), QUICK);
    expect(differences(join(directory, 'copy'), theirs)).toEqual([]);
    await mergeCheckpoints(parts, join(directory, 'merged'), QUICK);
    expect(differences(join(directory, 'merged'), theirs)).toEqual([]);
    if (checkpoint.parts === 1) expect(differences(parts[0]!, theirs)).toEqual([]);
    rmSync(directory, { recursive: true });
  };
  const seeds = fc.integer({ min: 0, max: 2 ** 20 });
  await fc.assert(fc.asyncProperty(randomCheckpoint(4), fc.boolean(), seeds, property), {
    seed: SEED,
    numRuns: RUNS,
    endOnFailure: process.env.TENSORBUNDLE_SHRINK === undefined,
  });
  expect(runs).toBeGreaterThanOrEqual(RUNS);
});

/**
 * The types of the core, judged by the compiler: what must compile, and what must not. Nothing here runs.
 * `npm run typecheck` compiles it against src/, test/package/types.test.ts against what is published.
 */
import {
  CheckpointReader,
  type CheckpointState,
  CheckpointWriter,
  type checkpointExists,
  copyCheckpoint,
  type DataOf,
  type DType,
  type Entry,
  type ErrorCode,
  type LazyTensor,
  latestCheckpoint,
  latestValidCheckpoint,
  listVariables,
  type loadVariable,
  mergeCheckpoints,
  type NumericArray,
  type PathLike,
  type Progress,
  type readCheckpointState,
  type removeCheckpoint,
  type SaveResult,
  type SliceEntry,
  type StoredDType,
  TensorBundleError,
  type TensorData,
  type TensorSource,
  type TensorValue,
  type TfTensorLike,
  type UnknownDType,
  updateCheckpointState,
  type VerifyProblem,
  type VerifyReport,
  type verifyCheckpoint,
  type WriterOptions,
} from '../../src/index.js';
import { holds, type Same } from './same.js';

const floats = { dtype: 'float32', shape: [2], data: new Float32Array(2) } as const;

export async function writing(signal: AbortSignal, tensor: TfTensorLike): Promise<void> {
  await using writer = new CheckpointWriter('out/model', {
    shards: 'auto',
    durable: false,
    overwrite: 'in-place',
    keepPrevious: true,
    lockTimeoutMs: 1,
    signal,
    onProgress: progress => holds<Same<typeof progress, Progress>>(),
  });
  new CheckpointWriter(new URL('file:///out/model'), { shards: { maxBytes: 1 << 20 } });
  new CheckpointWriter('out', {});
  const lazy: LazyTensor = { dtype: 'string', shape: [1], data: async () => ['text'] };
  const pieces: LazyTensor = {
    dtype: 'int8',
    shape: [1],
    async *data() {
      yield new Uint8Array(1);
    },
  };
  holds<Same<ReturnType<typeof writer.add>, CheckpointWriter>>();
  writer
    .add('a', floats)
    .add('b', tensor, { shard: 1 })
    .add('c', { dtype: 'string', shape: [2], data: ['text', new Uint8Array(1)] })
    .addSlice('d', [4], [2], lazy, { shard: 0 })
    .addSlice('d', [4] as const, [0] as const, pieces);
  holds<Same<Awaited<ReturnType<typeof writer.finish>>, SaveResult>>();
  holds<Same<typeof writer.prefix, string>>();
  const { tensors, shards, bytesWritten, bytesLinked }: SaveResult = await writer.finish();
  holds<
    Same<[typeof tensors, typeof shards, typeof bytesWritten, typeof bytesLinked], [number, number, number, number]>
  >();
  const aborted: Promise<void> = writer.abort();
  await aborted;
}

export function refusedInWriting(writer: CheckpointWriter): void {
  // @ts-expect-error a prefix is needed
  new CheckpointWriter();
  // @ts-expect-error a number is not a path
  new CheckpointWriter(5);
  // @ts-expect-error an option that does not exist
  new CheckpointWriter('x', { shard: 2 });
  // @ts-expect-error another word than the three
  new CheckpointWriter('x', { overwrite: 'always' });
  // @ts-expect-error another object than { maxBytes }
  new CheckpointWriter('x', { shards: { minBytes: 1 } });
  // @ts-expect-error bytes as a text
  new CheckpointWriter('x', { shards: { maxBytes: '1' } });
  // @ts-expect-error a flag is true or false
  new CheckpointWriter('x', { durable: 1 });
  // @ts-expect-error not built yet
  new CheckpointWriter('x', { incremental: true });
  // @ts-expect-error a dtype that does not exist
  writer.add('a', { dtype: 'float', shape: [1], data: new Float32Array(1) });
  // @ts-expect-error no shape
  writer.add('a', { dtype: 'float32', data: new Float32Array(1) });
  // @ts-expect-error an array of numbers has no dtype
  writer.add('a', { dtype: 'float32', shape: [1], data: [1] });
  // @ts-expect-error an array is not a tensor
  writer.add('a', new Float32Array(1));
  // @ts-expect-error a name is a text
  writer.add(1, floats);
  // @ts-expect-error a promise of a tensor: await it, or give a lazy one
  writer.add('a', Promise.resolve(floats));
  // @ts-expect-error where the slice begins is missing
  writer.addSlice('a', [2], floats);
  // @ts-expect-error the option is `shard`
  writer.add('a', floats, { shards: 1 });
  // @ts-expect-error read only
  writer.prefix = 'y';
}

export async function reading(signal: AbortSignal): Promise<void> {
  await using reader = await CheckpointReader.open('out/model', { verify: 'open', signal });
  holds<Same<typeof reader, CheckpointReader>>();
  holds<Same<[typeof reader.prefix, typeof reader.numShards], [string, number]>>();
  holds<Same<[ReturnType<typeof reader.names>, ReturnType<typeof reader.has>], [string[], boolean]>>();
  const value = await reader.read('a', { begin: [0], size: [-1], copy: true, signal });
  holds<Same<typeof value, TensorValue>>();
  for await (const piece of reader.pieces('a', { bytes: 1 << 20 })) holds<Same<typeof piece, Uint8Array>>();
  const report = await reader.verify({ signal, onProgress: progress => holds<Same<typeof progress, Progress>>() });
  holds<Same<typeof report, VerifyReport>>();
  holds<Same<VerifyReport['problems'], VerifyProblem[]>>();
  holds<Same<VerifyProblem['code'], ErrorCode>>();
  await reader.close();
}

export async function refusedInReading(reader: CheckpointReader): Promise<void> {
  // @ts-expect-error readers are opened, not constructed
  new CheckpointReader();
  // @ts-expect-error another word than the three
  await CheckpointReader.open('x', { verify: 'always' });
  // @ts-expect-error null names no checkpoint
  await CheckpointReader.open(null);
  // @ts-expect-error a range has its begin in a list
  await reader.read('a', { begin: 0 });
  // @ts-expect-error the option is `size`
  await reader.read('a', { end: [1] });
  // @ts-expect-error read only
  reader.numShards = 1;
  // @ts-expect-error the value is promised
  (await reader.read('a').data) satisfies unknown;
}

/** A dtype tells the class of the data, in every branch. */
export function narrowed(value: TensorValue): void {
  if (value.dtype === 'float32') holds<Same<typeof value.data, Float32Array>>();
  else if (value.dtype === 'float64') holds<Same<typeof value.data, Float64Array>>();
  else if (value.dtype === 'int64') holds<Same<typeof value.data, BigInt64Array>>();
  else if (value.dtype === 'uint64') holds<Same<typeof value.data, BigUint64Array>>();
  else if (value.dtype === 'string') holds<Same<typeof value.data, readonly Uint8Array[]>>();
  else if (value.dtype === 'bfloat16' || value.dtype === 'float16') holds<Same<typeof value.data, Uint16Array>>();
  else if (value.dtype === 'complex64') holds<Same<typeof value.data, Float32Array>>();
  else if (value.dtype === 'bool' || value.dtype === 'variant') holds<Same<typeof value.data, Uint8Array>>();
  else if (value.dtype === 'qint32') holds<Same<typeof value.data, Int32Array>>();
  switch (value.dtype) {
    case 'int8':
      holds<Same<typeof value, TensorValue<'int8'>>>();
      break;
    // @ts-expect-error a dtype that does not exist
    case 'int128':
  }
  // @ts-expect-error which array it is, is not known before the dtype is
  value.data satisfies Float32Array;
  // @ts-expect-error shapes are not changed in place
  value.shape[0] = 1;
  holds<Same<TensorValue['dtype'], DType>>();
  holds<Same<DataOf<'int16' | 'uint8'>, Int16Array | Uint8Array>>();
  holds<Same<Exclude<TensorData, readonly Uint8Array[]>, NumericArray>>();
  // @ts-expect-error the array of another dtype
  ({ dtype: 'float32', shape: [1], data: new Float64Array(1) }) satisfies TensorValue;
  // What was read can be written: whole, and taken apart.
  value satisfies TensorSource;
  const { dtype, shape, data } = value;
  ({ dtype, shape, data }) satisfies TensorSource;
}

export function entries(entry: Entry, slice: SliceEntry): void {
  holds<Same<Entry['dtype'], StoredDType>>();
  holds<Same<StoredDType, DType | UnknownDType>>();
  holds<Same<Entry['shard'] | Entry['offset'] | Entry['crc32c'], number | null>>();
  holds<Same<Entry['slices'], SliceEntry[]>>();
  holds<Same<SliceEntry[keyof SliceEntry], number | number[]>>();
  'unknown-99' satisfies Entry['dtype'];
  // @ts-expect-error a sliced tensor has no offset of its own
  entry.offset satisfies number;
  // @ts-expect-error of a type that nobody knows there is no value
  entry.dtype satisfies DType;
  // @ts-expect-error a slice always has one
  slice.offset satisfies null;
}

export function errors(error: unknown): void {
  if (!(error instanceof TensorBundleError)) return;
  holds<Same<typeof error.code, ErrorCode>>();
  holds<Same<typeof error.path, string | undefined>>();
  holds<Same<[typeof error.tensor, typeof error.offset], [string | undefined, number | undefined]>>();
  holds<Same<[typeof error.expected, typeof error.found], [unknown, unknown]>>();
  error satisfies Error;
  if (error.code === 'ERR_CHECKSUM' || error.code === 'ERR_NO_SPACE') return;
  // @ts-expect-error a code that does not exist
  if (error.code === 'ERR_CHECKSUMS') return;
  // @ts-expect-error a code is needed
  new TensorBundleError('something');
  // @ts-expect-error read only
  error.code = 'ERR_IO';
  // @ts-expect-error without a look it may be any number, or text
  error.expected satisfies number;
}

export async function wholeFiles(path: PathLike, options: WriterOptions): Promise<void> {
  holds<Same<PathLike, string | URL>>();
  holds<Same<Awaited<ReturnType<typeof checkpointExists>>, boolean>>();
  holds<Same<Awaited<ReturnType<typeof latestCheckpoint>>, string | null>>();
  holds<Same<Awaited<ReturnType<typeof latestValidCheckpoint>>, string | null>>();
  holds<Same<Awaited<ReturnType<typeof loadVariable>>, TensorValue>>();
  holds<Same<Awaited<ReturnType<typeof removeCheckpoint>>, void>>();
  holds<Same<Awaited<ReturnType<typeof copyCheckpoint>>, SaveResult>>();
  holds<Same<Awaited<ReturnType<typeof mergeCheckpoints>>, SaveResult>>();
  holds<Same<Awaited<ReturnType<typeof verifyCheckpoint>>, VerifyReport>>();
  holds<Same<Awaited<ReturnType<typeof readCheckpointState>>, CheckpointState | null>>();
  const [first] = await listVariables(path);
  holds<Same<NonNullable<typeof first>['dtype'], StoredDType>>();
  await latestCheckpoint(path, 'checkpoint');
  await latestValidCheckpoint(path, { latestFilename: 'checkpoint', deep: false });
  await copyCheckpoint(path, path, options);
  await mergeCheckpoints([path, 'other'], path, { ...options, deleteInputs: true });
  await updateCheckpointState(path, { modelCheckpointPath: path, allModelCheckpointPaths: [path], durable: false });
  const latest = await latestCheckpoint(path);
  // @ts-expect-error there may be none
  await CheckpointReader.open(latest);
  // @ts-expect-error a list of checkpoints
  await mergeCheckpoints(path, path);
  // @ts-expect-error the option is `deep`
  await latestValidCheckpoint(path, { full: true });
  // @ts-expect-error the newest is needed
  await updateCheckpointState(path, {});
}

/** Checkpoints for the tests of the program, made by the library itself; and ways to damage them. */
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';

export const KERNEL = 'model/layer-0/kernel/.ATTRIBUTES/VARIABLE_VALUE';
export const COUNTER = 'save_counter/.ATTRIBUTES/VARIABLE_VALUE';

/** Tensors of many kinds under names as TensorFlow's object graph gives them. Two shards. */
export async function writeSample(prefix: string): Promise<void> {
  const writer = new CheckpointWriter(prefix, { shards: 2 });
  const text = new TextEncoder();
  writer
    .add(KERNEL, {
      dtype: 'float32',
      shape: [2, 3],
      data: Float32Array.of(1, 2, 3, Number.NaN, Number.NEGATIVE_INFINITY, 6),
    })
    .add('model/layer-0/bias/.ATTRIBUTES/VARIABLE_VALUE', {
      dtype: 'float16',
      shape: [2],
      data: Uint16Array.of(0x3c00, 0xc000),
    })
    .add(COUNTER, { dtype: 'int64', shape: [], data: BigInt64Array.of(2n ** 62n) })
    .add('half/brain', { dtype: 'bfloat16', shape: [2], data: Uint16Array.of(0x3f80, 0x4040) })
    .add('eight', { dtype: 'float8_e4m3fn', shape: [3], data: Uint8Array.of(0x38, 0xb8, 0x7f) })
    .add('four', { dtype: 'int4', shape: [2], data: Uint8Array.of(0x0d, 0x07) })
    .add('flags', { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) })
    .add('waves', { dtype: 'complex64', shape: [1], data: Float32Array.of(1, -2) })
    .add('words', { dtype: 'string', shape: [2], data: [text.encode('größe'), Uint8Array.of(0xff, 0x00)] })
    .add('empty', { dtype: 'float32', shape: [0, 4], data: new Float32Array(0) })
    .add('long', { dtype: 'int32', shape: [30, 50], data: Int32Array.from({ length: 1500 }, (_, i) => i) });
  writer.addSlice('parts', [4], [0], { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) });
  writer.addSlice('parts', [4], [2], { dtype: 'int32', shape: [2], data: Int32Array.of(3, 4) });
  await writer.finish();
}

/** One tensor of zeros of the given size, in one shard. */
export async function writeOne(prefix: string, name: string, bytes = 4): Promise<void> {
  await new CheckpointWriter(prefix)
    .add(name, { dtype: 'uint8', shape: [bytes], data: new Uint8Array(bytes) })
    .finish();
}

export function dataFile(prefix: string, shard: number, total: number): string {
  const digits = (value: number): string => String(value).padStart(5, '0');
  return `${prefix}.data-${digits(shard)}-of-${digits(total)}`;
}

/** Turns one bit of a tensor's stored bytes over; gives the file and the offset of the tensor. */
export async function flipBitOf(prefix: string, name: string): Promise<{ file: string; offset: number }> {
  const reader = await CheckpointReader.open(prefix);
  const { shard, offset } = reader.entry(name);
  await reader.close();
  if (shard === null || offset === null) throw new Error(`${name} is sliced`);
  const file = dataFile(prefix, shard, reader.numShards);
  await flipBit(file, offset);
  return { file, offset };
}

export async function flipBit(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, at);
    byte[0]! ^= 1;
    await handle.write(byte, 0, 1, at);
  } finally {
    await handle.close();
  }
}

export async function truncate(file: string, by: number): Promise<void> {
  const { size } = await stat(file);
  await writeFile(file, (await readFile(file)).subarray(0, size - by));
}

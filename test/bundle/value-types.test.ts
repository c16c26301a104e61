/** What the compiler knows of values by their dtype, and what run time gives: the same for every dtype. */
import { join } from 'node:path';
import { expect, expectTypeOf, test } from 'vitest';
import { DTYPES, dtypeInfo } from '../../src/format/dtypes.js';
import {
  CheckpointReader,
  CheckpointWriter,
  type DataOf,
  type DType,
  type NumericArray,
  type TensorSource,
  type TensorValue,
} from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';

const scratch = new Scratch('value-types');

test('a dtype tells the class of the data', async () => {
  const prefix = join(scratch.directory(), 'model');
  const writer = new CheckpointWriter(prefix, { durable: false });
  for (const dtype of DTYPES) {
    const info = dtypeInfo(dtype);
    const zeros = new info.array(info.bytes === 0 ? 0 : (info.bytes / info.array.BYTES_PER_ELEMENT) * 2);
    const data = dtype === 'string' ? ['a', 'b'] : zeros;
    writer.add(dtype, { dtype, shape: dtype === 'variant' ? [0] : [2], data });
  }
  await writer.finish();
  await using reader = await CheckpointReader.open(prefix);
  let seen = 0;
  for (const dtype of DTYPES) {
    const value = await reader.read(dtype);
    // Each branch compiles only if the type was narrowed.
    if (value.dtype === 'float32' || value.dtype === 'complex64')
      expectTypeOf(value.data).toEqualTypeOf<Float32Array>();
    if (value.dtype === 'float32') seen += value.data.subarray(0, 1).length;
    else if (value.dtype === 'int64') seen += Number(value.data[0]! === 0n);
    else if (value.dtype === 'string') seen += value.data[0]!.length;
    else if (value.dtype === 'variant') seen += value.data.subarray(0).length;
    else seen += value.data.length === 0 ? 100 : 0;
    expect(dtype === 'string' ? Array.isArray(value.data) : value.data instanceof dtypeInfo(dtype).array).toBe(true);
  }
  expect(seen).toBe(3);
});

test('the types', () => {
  expectTypeOf<DataOf<'float64'>>().toEqualTypeOf<Float64Array>();
  expectTypeOf<DataOf<'bfloat16'>>().toEqualTypeOf<Uint16Array>();
  expectTypeOf<DataOf<'bool'>>().toEqualTypeOf<Uint8Array>();
  expectTypeOf<DataOf<'float4_e2m1fn'>>().toEqualTypeOf<Uint8Array>();
  expectTypeOf<DataOf<'uint64'>>().toEqualTypeOf<BigUint64Array>();
  expectTypeOf<TensorValue<'int32'>['data']>().toEqualTypeOf<Int32Array>();
  expectTypeOf<Exclude<TensorValue, { dtype: 'string' }>['data']>().toExtend<NumericArray>();
  // What was read can be written again: whole, taken apart, and with a dtype that only run time knows.
  expectTypeOf<TensorValue>().toExtend<TensorSource>();
  const { dtype, shape, data } = { dtype: 'int8', shape: [0], data: new Int8Array() } as TensorValue;
  expectTypeOf({ dtype, shape, data }).toExtend<TensorSource>();
  expectTypeOf<TensorValue['dtype']>().toEqualTypeOf<DType>();
  // @ts-expect-error: another array than the dtype's
  const wrong: TensorValue = { dtype: 'float32', shape: [], data: new Float64Array(1) };
  expect(wrong).toBeDefined();
});

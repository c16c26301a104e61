/**
 * The oracle itself: values survive the wire bit by bit, errors keep their class, its snippets drive real TensorFlow.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DTYPES, type DType, dtypeInfo } from '../../src/format/dtypes.js';
import { type NamedTensor, Oracle, OracleError, type OracleTensor, oracle } from './oracle.js';

// No glob characters: TensorFlow itself does not find such files again.
const folder = mkdtempSync(join(tmpdir(), 'oracle test é-'));
let o: Oracle;

beforeAll(async () => {
  o = await oracle();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bits that every type accepts: small, distinct, valid as bool and as nibbles. */
function sample(dtype: DType, shape: readonly number[]): NamedTensor {
  const count = shape.reduce((product, n) => product * n, 1);
  const name = `${dtype}/${shape.join('x')}`;
  if (dtype === 'string') {
    const data = Array.from({ length: count }, (_, i) => Buffer.from(i % 2 ? '' : `é\0${i}\0`));
    return { name, dtype, shape, data };
  }
  const info = dtypeInfo(dtype);
  const values = { bool: 2, int2: 4, uint2: 4 }[dtype as string] ?? 16;
  const bytes = Uint8Array.from({ length: count * info.bytes }, (_, i) => (i * 7) % values);
  return { name, dtype, shape, data: new info.array(bytes.buffer) };
}

function bitsOf(tensor: NamedTensor): Buffer {
  if (tensor.dtype === 'string') return Buffer.concat(tensor.data as readonly Uint8Array[]);
  return Buffer.from((tensor.data as Uint8Array).buffer);
}

describe('oracle', () => {
  const dtypes = DTYPES.filter(dtype => dtype !== 'variant');
  const tensors = dtypes.flatMap(dtype => [sample(dtype, [3, 2]), sample(dtype, []), sample(dtype, [2, 0])]);

  test('is the pinned TensorFlow', async () => {
    expect(await o.call('versions')).toEqual({ tensorflow: '2.21.0', tf_keras: '2.21.0' });
  });

  test('writes and restores every dtype bit by bit', async () => {
    const prefix = join(folder, 'all');
    await o.saveV2(prefix, tensors);
    const found = await o.restoreAll(prefix);
    expect(found.size).toBe(tensors.length);
    for (const tensor of tensors) {
      const value = found.get(tensor.name)!;
      expect({ name: tensor.name, dtype: value.dtype, shape: value.shape, bits: value.bytes.toString('hex') }).toEqual({
        name: tensor.name,
        dtype: tensor.dtype,
        shape: tensor.shape,
        bits: bitsOf(tensor).toString('hex'),
      });
    }
    expect(found.get('string/3x2')!.strings!.map(String)).toEqual(['é\x000\0', '', 'é\x002\0', '', 'é\x004\0', '']);
  });

  test('restores slices and merges parts', async () => {
    const part = (rows: number, first: number): NamedTensor => ({
      name: 'table',
      slice: `4 2 ${first},${rows}:-`,
      dtype: 'int32',
      shape: [rows, 2],
      data: Int32Array.from({ length: rows * 2 }, (_, i) => first * 2 + i),
    });
    const parts = [join(folder, 'part0'), join(folder, 'part1')];
    await o.saveV2(parts[0]!, [part(1, 0)]);
    await o.saveV2(parts[1]!, [part(3, 1)]);
    const merged = join(folder, 'merged');
    await o.merge(parts, merged);
    const whole = await o.restoreAll(merged);
    expect(new Int32Array(new Uint8Array(whole.get('table')!.bytes).buffer)).toEqual(
      Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7),
    );
    const [middle] = await o.restore(merged, [{ name: 'table', dtype: 'int32', slice: '4 2 1,2:1,1' }]);
    expect(middle!.shape).toEqual([2, 1]);
    expect(middle!.bytes.readInt32LE(0)).toBe(3);
    expect(middle!.bytes.readInt32LE(4)).toBe(5);
  });

  test("keeps the class of TensorFlow's errors and lives on", async () => {
    const failure = await o.restoreAll(join(folder, 'absent')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OracleError);
    expect((failure as OracleError).type).toMatch(/NotFoundError|ValueError/);
    expect(await o.call('exists', { path: join(folder, 'all') })).toBe(true);
    expect(await o.call('exists', { path: join(folder, 'absent') })).toBe(false);
  });

  test('drives Checkpoint, CheckpointManager and the state file', async () => {
    const value = { dtype: 'float32' as const, shape: [2], data: Float32Array.of(1.5, -2) };
    const other = { ...value, data: Float32Array.of(0, 0) };
    const dir = join(folder, 'manager');
    const saved = await o.run('checkpoint', {
      op: 'manager',
      dir,
      variables: [{ name: 'v', value }],
      saves: 3,
      maxToKeep: 2,
    });
    expect(saved).toMatchObject({
      latest: join(dir, 'ckpt-3'),
      checkpoints: [join(dir, 'ckpt-2'), join(dir, 'ckpt-3')],
    });
    expect(await o.call('latest', { dir })).toBe(join(dir, 'ckpt-3'));
    expect(await o.call('state', { dir })).toMatchObject({ modelCheckpointPath: join(dir, 'ckpt-3') });
    const args = {
      op: 'restore',
      path: join(dir, 'ckpt-3'),
      variables: [{ name: 'v', value: other }],
      assert: 'consumed',
    };
    const restored = (await o.run('checkpoint', args)) as { value: OracleTensor }[];
    expect(restored[0]!.value.bytes.readFloatLE(0)).toBe(1.5);
    await o.call('remove', { path: join(dir, 'ckpt-2') });
    expect(await o.call('exists', { path: join(dir, 'ckpt-2') })).toBe(false);
  });

  test('writes both formats of the Saver', async () => {
    const tensors = [{ name: 'b', value: { dtype: 'float32', shape: [4, 2], data: new Float32Array(8).fill(3) } }];
    const v1 = await o.run('saver', { op: 'save', prefix: join(folder, 'v1'), tensors, version: 1 });
    expect(readFileSync(String(v1)).byteLength).toBeGreaterThan(32);
    const v2 = join(folder, 'v2');
    await o.run('saver', { op: 'save', prefix: v2, tensors, partitions: { b: 2 } });
    const back = await o.run('saver', {
      op: 'restore',
      prefix: v2,
      tensors: [{ name: 'b', dtype: 'float32', shape: [4, 2] }],
    });
    expect((back as { value: OracleTensor }[])[0]!.value.bytes.readFloatLE(28)).toBe(3);
  });

  test('builds, trains, saves and restores a tf_keras model', async () => {
    const dense = {
      class_name: 'Dense',
      config: { name: 'd', units: 2, activation: 'linear', batch_input_shape: [null, 3] },
    };
    const config = { class_name: 'Sequential', config: { name: 's', layers: [dense] } };
    const x = { dtype: 'float32', shape: [4, 3], data: Float32Array.from({ length: 12 }, (_, i) => i / 12) };
    const y = { dtype: 'float32', shape: [4, 2], data: new Float32Array(8).fill(1) };
    const save = join(folder, 'weights');
    const trained = await o.run('keras_model', {
      config,
      compile: { optimizer: 'adam', loss: 'mse' },
      fit: { x, y },
      predict: x,
      save,
    });
    const loaded = await o.run('keras_model', { config, seed: 2, weights: save, predict: x });
    expect((loaded as { predictions: unknown }).predictions).toEqual((trained as { predictions: unknown }).predictions);
    expect((await o.entries(save)).map(entry => entry.name)).toContain(
      'layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE',
    );
  });

  test('saves and restores variants', async () => {
    const lists = [[{ dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }]];
    const args = { prefix: join(folder, 'variant'), name: 'list', dtype: 'float32' };
    await o.run('variant', { op: 'save', lists, ...args });
    const [[item]] = (await o.run('variant', { op: 'restore', ...args })) as [[OracleTensor]];
    expect(item.bytes.readFloatLE(4)).toBe(2);
  });

  test('close() ends the process; later calls reject', async () => {
    const own = await Oracle.start();
    expect(await own.call('roundtrip', { value: ['é', 1, null] })).toEqual(['é', 1, null]);
    await own.close();
    await own.close();
    await expect(own.call('versions')).rejects.toThrow('ended');
  });
});

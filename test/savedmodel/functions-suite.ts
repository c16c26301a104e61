/** `loadFunctions` on SavedModels by real TensorFlow, whose own answers it must give; for stored.test.ts. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, test } from 'vitest';
import { loadFunctions, type SavedFunction } from '../../src/savedmodel.js';
import { runPython } from '../oracle/python.js';

/** What TensorFlow computes: by model, signature and output. */
export type Answers = Record<string, Record<string, Record<string, unknown>>>;

const backend = (): { getNumOfTFTensors(): number; getNumOfSavedModels(): number } =>
  tf.backend() as unknown as ReturnType<typeof backend>;

/** Values of the outputs, by name; the tensors are disposed of. */
async function valuesOf(signature: SavedFunction, ...inputs: tf.Tensor[] | [Record<string, tf.Tensor>]) {
  const given = await signature(...(inputs as tf.Tensor[]));
  const tensors = Array.isArray(given) ? given : [given];
  const values = await Promise.all(tensors.map(tensor => tensor.array()));
  tf.dispose(tensors);
  return Object.fromEntries(signature.outputs.map(({ name }, i) => [name, values[i]]));
}

function range(length: number, shape: [number, number], skipped = 0, all = length): tf.Tensor {
  const step = 2 / (all - 1);
  return tf.tensor(
    Array.from({ length }, (_, i) => -1 + (i + skipped) * step),
    shape,
  );
}

function close(found: unknown, expected: unknown): void {
  const flat = (value: unknown): number[] => [value].flat(9) as number[];
  expect(flat(found)).toHaveLength(flat(expected).length);
  for (const [i, value] of flat(expected).entries()) expect(flat(found)[i]).toBeCloseTo(value, 5);
}

export function functionSuite(folder: string, answersOf: () => Answers): void {
  const at = (name: string): string => join(folder, name);

  test('a model of tf_keras with two inputs and outputs, by name and by position', async () => {
    const [alpha, beta] = [range(8, [2, 4], 0, 20), range(6, [2, 3], 8, 20)];
    using functions = await loadFunctions(at('functional'));
    expect(Object.keys(functions)).toEqual(['serving_default']);
    const serve = functions.serving_default!;
    expect(serve.inputs).toEqual([
      { name: 'alpha', dtype: 'float32', shape: [null, 4] },
      { name: 'beta', dtype: 'float32', shape: [null, 3] },
    ]);
    expect(serve.outputs.map(({ name }) => name)).toEqual(['one', 'two']);
    for (const found of [await valuesOf(serve, { beta, alpha }), await valuesOf(serve, alpha, beta)]) {
      close(found.one, answersOf().functional!.serving_default!.one);
      close(found.two, answersOf().functional!.serving_default!.two);
    }
  });

  test("Keras 3's export, given as a URL", async () => {
    using functions = await loadFunctions(new URL(`file://${at('exported')}`));
    expect(Object.keys(functions)).toEqual(['serve', 'serving_default']);
    const { output_0 } = await valuesOf(functions.serve!, range(10, [2, 5]));
    close(output_0, answersOf().exported!.serve!.output_0);
  });

  test('a session of TensorFlow 1', async () => {
    using functions = await loadFunctions(at('session'));
    const { q } = await valuesOf(functions.serving_default!, tf.tensor2d([[1, 10]]));
    expect(q).toEqual([[2, 30]]);
  });

  describe('a tf.Module', () => {
    test('types that TensorFlow.js lacks are cast: float64, float16, uint8, int64, uint64, int16', async () => {
      using functions = await loadFunctions(at('module'));
      const { n, y } = await valuesOf(functions.call!, tf.tensor2d([[1, 2]]));
      expect({ n, y }).toEqual({ n: 1, y: [[6, 9, 12]] });
      const scalar = (value: number): tf.Tensor => tf.scalar(value, 'int32');
      const kinds = await valuesOf(functions.kinds!, {
        u: scalar(254),
        i: scalar(-3),
        f: tf.scalar(true, 'bool'),
        h: tf.tensor1d([0.5, 1]),
        w: scalar(5),
        s: scalar(-32_768),
      });
      expect(kinds).toEqual({ u: 255, i: -6, f: 0, h: [1, 2], w: 5, s: -32_768, words: '-3' });
    });

    test('strings, tables with assets, no inputs, many outputs in the order of their numbers', async () => {
      using functions = await loadFunctions(at('module'));
      expect(await valuesOf(functions.look!, tf.tensor1d(['c', 'x', 'a'], 'string'))).toEqual({ output_0: [2, -1, 0] });
      expect(await valuesOf(functions.nothing!)).toEqual({ output_0: 7 });
      const many = await valuesOf(functions.many!, tf.scalar(1));
      expect(Object.entries(many)).toEqual(Array.from({ length: 12 }, (_, i) => [`output_${i}`, 1 + i]));
    });

    test('what does not fit is an error that names it', async () => {
      using functions = await loadFunctions(at('module'));
      const { call, huge, kinds, quantized, fails, look } = functions as Record<string, SavedFunction>;
      const small = tf.scalar(1, 'int32');
      await expect(huge!(small)).rejects.toMatchObject({ code: 'ERR_TOO_LARGE', tensor: 'output_0', found: 2n ** 32n });
      expect(await valuesOf(huge!, tf.scalar(0, 'int32'))).toEqual({ output_0: 0 });
      await expect(call!(tf.zeros([1, 2], 'int32'))).rejects.toMatchObject({ code: 'ERR_DTYPE', expected: 'float32' });
      await expect(call!(tf.zeros([1, 3]))).rejects.toMatchObject({ code: 'ERR_SHAPE', expected: [null, 2] });
      await expect(call!(tf.zeros([2]))).rejects.toMatchObject({ code: 'ERR_SHAPE' });
      await expect(call!()).rejects.toThrow("signature 'call' takes 1 tensors (x)");
      await expect(call!({ y: small } as Record<string, tf.Tensor>)).rejects.toThrow('has no input y, and needs x');
      await expect(call!([[1, 2]] as unknown as tf.Tensor)).rejects.toThrow("input 'x' must be a tensor");
      await expect(quantized!(tf.zeros([2], 'int32'))).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' });
      await expect(look!(tf.zeros([2]))).rejects.toMatchObject({ code: 'ERR_DTYPE', expected: 'string' });
      await expect(fails!(tf.scalar(2, 'int32'))).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      await expect(fails!(tf.scalar(2, 'int32'))).rejects.toThrow('not one');
      const disposed = tf.zeros([1, 2]);
      disposed.dispose();
      await expect(call!(disposed)).rejects.toThrow('is disposed');
      const [f, h] = [tf.scalar(true, 'bool'), tf.zeros([2])];
      const given = { u: tf.scalar(256, 'int32'), i: small, f, h, w: small, s: small };
      await expect(kinds!(given)).rejects.toMatchObject({ code: 'ERR_DTYPE', tensor: 'u', found: 256 });
    });
  });

  test('no tensor and no session is left, whatever fails', async () => {
    const [tensors, native, sessions] = [
      tf.memory().numTensors,
      backend().getNumOfTFTensors(),
      backend().getNumOfSavedModels(),
    ];
    const x = tf.scalar(1, 'int32');
    const y = tf.tensor2d([[1, 2]]);
    // A tensor gets its own memory in TensorFlow at its first use.
    tf.dispose([x.add(x), y.add(y)]);
    {
      using functions = await loadFunctions(at('module'));
      expect(backend().getNumOfSavedModels()).toBe(sessions + 1);
      await functions.huge!(x).catch(() => undefined);
      await functions.fails!(tf.scalar(2, 'int32')).catch(() => undefined);
      await valuesOf(functions.call!, y);
      functions[Symbol.dispose]();
      await expect(functions.call!(y)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    }
    expect(backend().getNumOfSavedModels()).toBe(sessions);
    tf.dispose([x, y]);
    // The scalar that `fails` was given.
    expect(tf.memory().numTensors).toBe(tensors + 1);
    expect(backend().getNumOfTFTensors()).toBe(native + 1);
  });

  test('a model that was replaced is loaded anew, though the old one is still in use', async () => {
    const code = (factor: number): string => `
import tensorflow as tf, sys
class M(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def f(self, x): return x * ${factor}
tf.saved_model.save(M(), sys.argv[1])`;
    await runPython({ code: code(2) }, [at('again')]);
    using old = await loadFunctions(at('again'));
    rmSync(at('again'), { recursive: true });
    await runPython({ code: code(3) }, [at('again')]);
    using present = await loadFunctions(at('again'));
    expect(await valuesOf(old.serving_default!, tf.scalar(1))).toEqual({ output_0: 2 });
    expect(await valuesOf(present.serving_default!, tf.scalar(1))).toEqual({ output_0: 3 });
  });

  test('refusals say what to do', async () => {
    await expect(loadFunctions(at('untraced'))).rejects.toThrow(/has no signatures.*use loadModel/s);
    await expect(loadFunctions(at('absent'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    await expect(loadFunctions(at('module/saved_model.pb'))).rejects.toMatchObject({ code: 'ERR_NOT_A_CHECKPOINT' });
    await expect(loadFunctions('gs://bucket/model')).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' });
    await tf.setBackend('cpu');
    await expect(loadFunctions(at('module'))).rejects.toThrow("call tf.setBackend('tensorflow')");
    await tf.setBackend('tensorflow');
    const variables = join(at('session'), 'variables');
    const data = readdirSync(variables).find(name => name.includes('data'))!;
    rmSync(join(variables, data));
    await expect(loadFunctions(at('session'))).rejects.toThrow(/TensorFlow cannot load the SavedModel at .*session/s);
    rmSync(join(at('functional'), 'variables'), { recursive: true });
    await expect(loadFunctions(at('functional'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
  });
}

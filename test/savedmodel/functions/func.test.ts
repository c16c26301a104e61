/** What `func` takes and refuses, without TensorFlow's files. */
import * as tf from '@tensorflow/tfjs-node';
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { func, type InputSpec, type TracedFunction } from '../../../src/savedmodel.js';

const VECTOR = { shape: [null, 2], dtype: 'float32' } as const satisfies InputSpec;
const SCALAR = { shape: [], dtype: 'int32' } as const satisfies InputSpec;

const namesOf = (fn: { inputSignature: readonly { name: string }[] }): string[] =>
  fn.inputSignature.map(({ name }) => name);

afterEach(() => tf.disposeVariables());

describe('func', () => {
  it('gives a function that is called as the function itself', () => {
    const twice = func((x, n) => ({ doubled: x.mul(2), n }), [VECTOR, SCALAR]);
    const { doubled, n } = twice(tf.tensor2d([[1, 2]]), tf.scalar(3, 'int32'));
    expect([doubled.arraySync(), n.arraySync()]).toEqual([[[2, 4]], 3]);
  });

  it('knows ranks of inputs, and the types of outputs', () => {
    const rows = func((x: tf.Tensor2D) => x.unstack(), [VECTOR]);
    expectTypeOf(rows).returns.toEqualTypeOf<tf.Tensor[]>();
    expectTypeOf(rows).parameter(0).toEqualTypeOf<tf.Tensor>();
    const all: readonly TracedFunction[] = [rows, func(x => ({ x }), [SCALAR])];
    expect(all.flatMap(namesOf)).toEqual(['x', 'x']);
    // @ts-expect-error two inputs
    expect(() => rows(tf.zeros([1, 2]), tf.scalar(1))).toThrow('takes 1 tensors (x), not 2');
    // @ts-expect-error rank 2 is not rank 3
    func((x: tf.Tensor3D) => x, [VECTOR]);
  });

  it.each<[name: string, tensor: () => unknown, message: string]>([
    ['a type', () => tf.zeros([1, 2], 'int32'), "input 'x' must be a tensor of float32, not int32"],
    ['a rank', () => tf.zeros([2]), "input 'x' must be of the shape [?,2], not [2]"],
    ['a size', () => tf.zeros([5, 3]), "input 'x' must be of the shape [?,2], not [5,3]"],
    ['an array', () => [[1, 2]], "input 'x' must be a tensor, not 1,2"],
    ['nothing', () => undefined, "input 'x' must be a tensor, not undefined"],
  ])('refuses %s that its signature does not have', (_, make, message) => {
    const one = func(x => x, [VECTOR]);
    expect(() => one(make() as tf.Tensor)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });

  it('names inputs after the parameters of the function', () => {
    const two = [VECTOR, VECTOR] as const;
    expect(namesOf(func((images, scale) => images.mul(scale), two))).toEqual(['images', 'scale']);
    expect(namesOf(func(one => one, [VECTOR]))).toEqual(['one']);
    expect(namesOf(func((a /* , b */, c: tf.Tensor = tf.scalar(0) /* = ( */) => a.add(c), two))).toEqual(['a', 'c']);
    const methods = {
      run(x: tf.Tensor, y: tf.Tensor): tf.Tensor {
        return x.add(y);
      },
    };
    expect(namesOf(func(methods.run, two))).toEqual(['x', 'y']);
  });

  it('numbers inputs whose parameters have no name, or none that Python could have', () => {
    const two = [VECTOR, VECTOR] as const;
    const add = (...all: readonly tf.Tensor[]): tf.Tensor => tf.addN([...all]);
    expect(namesOf(func(add, two))).toEqual(['input_0', 'input_1']);
    expect(namesOf(func(({ shape }, lambda) => lambda.reshape(shape), two))).toEqual(['input_0', 'input_1']);
    expect(namesOf(func(($x, self) => $x.add(self), two))).toEqual(['input_0', 'input_1']);
    expect(namesOf(func(((x: tf.Tensor) => x).bind(null), [VECTOR]))).toEqual(['input_0']);
  });

  it('prefers names that are given', () => {
    const named = [{ ...VECTOR, name: 'b' }, VECTOR] as const;
    expect(namesOf(func((a, b) => a.add(b), named))).toEqual(['b', 'input_1']);
  });

  it.each<[what: string, signature: unknown, message: string]>([
    ['no array', { shape: [] }, 'inputSignature must be an array with { shape, dtype } for each input'],
    ['no object', [null], 'inputSignature[0] must be an object { shape, dtype, name }, not null'],
    [
      'a negative size',
      [{ shape: [-1], dtype: 'float32' }],
      'inputSignature[0].shape must be an array of whole numbers',
    ],
    ['no shape', [{ dtype: 'float32' }], 'inputSignature[0].shape must be'],
    ['another type', [{ shape: [], dtype: 'int64' }], 'must be float32, int32, bool, string, complex64, not int64'],
    ['a keyword of Python', [{ shape: [], dtype: 'int32', name: 'class' }], 'inputSignature[0].name must be'],
    ['a name with a space', [{ shape: [], dtype: 'int32', name: 'a b' }], 'inputSignature[0].name must be'],
    [
      'two of one name',
      [
        { shape: [], dtype: 'int32', name: 'a' },
        { shape: [], dtype: 'int32', name: 'a' },
      ],
      "two inputs have the name 'a'; give each its own",
    ],
  ])('refuses %s for a signature', (_, signature, message) => {
    expect(() => func((...all) => all[0]!, signature as [typeof VECTOR])).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });

  it.each<[what: string, signature: unknown]>([
    // biome-ignore lint/suspicious/noSparseArray: that is what is tried
    ['a hole among the inputs', [{ shape: [], dtype: 'float32' }, , { shape: [], dtype: 'float32' }]],
    // biome-ignore lint/suspicious/noSparseArray: that is what is tried
    ['a hole in a shape', [{ shape: [2, , 3], dtype: 'float32' }]],
    ['a BigInt', [{ shape: [2n], dtype: 'float32' }]],
    ['a size beyond 2^31', [{ shape: [2 ** 31], dtype: 'float32' }]],
  ])('refuses %s', (_, signature) => {
    const code = 'ERR_INVALID_ARGUMENT';
    expect(() => func(x => x as tf.Tensor, signature as never)).toThrow(expect.objectContaining({ code }));
  });

  it('stays as it was, whatever becomes of the signature that was given', () => {
    const shape: (number | null)[] = [null];
    const given = [{ shape, dtype: 'float32' as const, name: 'x' }];
    const made = func(x => x!, given);
    shape.push(3);
    given.length = 0;
    expect(made.inputSignature).toEqual([{ shape: [null], dtype: 'float32', name: 'x' }]);
    expect(() => (made.inputSignature as unknown[]).push(1)).toThrow(TypeError);
  });

  it('takes nothing but a function', () => {
    expect(() => func(tf.scalar(1) as never, [])).toThrow('the first argument of func must be a function');
    expect(() => func(class {} as never, [])).toThrow('a function that can be called without new');
  });
});

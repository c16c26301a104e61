/** Operations that move, choose, repeat and join values, and tensors made from sizes. */
import type { Made, Maker, Program } from './program.js';
import { sizes } from './program.js';
import { product, Size, sameShape } from './size.js';

/** The shape as JavaScript computes it from the tensor's own. */
function written({ name, shape }: Made, from = 0, to = shape.length): string {
  return shape
    .slice(from, to)
    .map((size, i) => (size.fixed === null ? `${name}.shape[${from + i}]` : `${size.fixed}`))
    .join(', ');
}

const reshape: Maker = p => {
  const x = p.any(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const { name, dtype, shape, bound } = x;
  const rank = shape.length;
  const at = p.choices.whole(0, Math.max(0, rank - 2));
  const merged = [...shape.slice(0, at), product(shape.slice(at, at + 2)), ...shape.slice(at + 2)];
  const split = shape.findIndex(size => size.fixed !== null && size.fixed % 2 === 0);
  const halves = [...shape.slice(0, split), ...sizes(2, (shape[split]?.fixed ?? 2) / 2), ...shape.slice(split + 1)];
  const before = (to: number): string => (to === 0 ? '' : `${written(x, 0, to)}, `);
  const after = (from: number): string => (from >= rank ? '' : `, ${written(x, from)}`);
  const options: (readonly [string, readonly Size[]])[] = [
    [`${name}.flatten()`, [product(shape)]],
    [`${name}.reshape([-1])`, [product(shape)]],
    [`${name}.reshape([1, -1])`, [Size.of(1), product(shape)]],
    [`${name}.reshape([${written(x)}, 1])`, [...shape, Size.of(1)]],
    [`${name}.reshape([${name}.shape[0], -1])`, [shape[0]!, product(shape.slice(1))]],
  ];
  if (rank > 1) {
    const both = `${name}.shape[${at}] * ${name}.shape[${at + 1}]`;
    options.push([`${name}.reshape([${before(at)}${both}${after(at + 2)}])`, merged]);
    options.push([`${name}.reshape([${before(at)}-1${after(at + 2)}])`, merged]);
    options.push([`${name}.reshape([-1, ${written(x, rank - 1)}])`, [product(shape.slice(0, -1)), shape.at(-1)!]]);
  }
  if (split >= 0) {
    const half = shape[split]!.fixed! / 2;
    options.push([`${name}.reshape([${before(split)}2, ${half}${after(split + 1)}])`, halves]);
  }
  const [text, result] = p.choices.one(options);
  return p.let(text, dtype, result, bound) !== null;
};

const transpose: Maker = p => {
  const x = p.any(({ shape }) => shape.length > 1);
  if (x === null) return false;
  const left = x.shape.map((_, i) => i);
  const order: number[] = [];
  while (left.length > 0) order.push(...left.splice(p.choices.whole(0, left.length - 1), 1));
  const reversed = p.choices.chance(0.3);
  const shape = reversed ? [...x.shape].reverse() : order.map(i => x.shape[i]!);
  const text = reversed ? `${x.name}.transpose()` : `${x.name}.transpose([${order.join(', ')}])`;
  return p.let(text, x.dtype, shape, x.bound) !== null;
};

const concat: Maker = p => {
  const x = p.any(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const axis = p.axis(x)!;
  const fits = ({ dtype, shape }: Made): boolean =>
    dtype === x.dtype &&
    shape.length === x.shape.length &&
    shape.every((size, i) => i === axis || size.key === x.shape[i]!.key);
  const others = Array.from({ length: p.choices.whole(1, 2) }, () => p.any(fits)!);
  const total = others.reduce((sum, { shape }) => sum.plus(shape[axis]!), x.shape[axis]!);
  const shape = x.shape.map((size, i) => (i === axis ? total : size));
  const names = [x, ...others].map(({ name }) => name).join(', ');
  return (
    p.let(`tf.concat([${names}], ${axis})`, x.dtype, shape, Math.max(...[x, ...others].map(o => o.bound))) !== null
  );
};

const stack: Maker = p => {
  const x = p.any();
  if (x === null) return false;
  const y = p.any(({ dtype, shape }) => dtype === x.dtype && sameShape(shape, x.shape))!;
  const axis = p.choices.whole(0, x.shape.length);
  const shape = [...x.shape.slice(0, axis), Size.of(2), ...x.shape.slice(axis)];
  return p.let(`tf.stack([${x.name}, ${y.name}], ${axis})`, x.dtype, shape, Math.max(x.bound, y.bound)) !== null;
};

/** The parts along a fixed axis, put together in another order. */
const parts: Maker = p => {
  const x = p.float(({ shape }) => shape.some(({ fixed }) => fixed !== null && fixed >= 2 && fixed <= 6));
  if (x === null) return false;
  const axis = p.axis(x, ({ fixed }) => fixed !== null && fixed >= 2 && fixed <= 6)!;
  const count = x.shape[axis]!.fixed!;
  const without = x.shape.filter((_, i) => i !== axis);
  if (p.choices.chance(0.5)) {
    const one = p.choices.whole(0, count - 1);
    const text = `tf.unstack(${x.name}, ${axis}).map((part, i) => part.mul(i + 1))`;
    return p.choices.chance(0.5)
      ? p.let(`${text}[${one}]`, 'float32', without, count * x.bound) !== null
      : p.let(`tf.addN(${text})`, 'float32', without, count * count * x.bound) !== null;
  }
  const even = count % 2 === 0;
  const split = even ? '2' : `[1, ${count - 1}]`;
  const text = `tf.split(${x.name}, ${split}, ${axis})`;
  if (even && p.choices.chance(0.5)) {
    const shape = x.shape.map((size, i) => (i === axis ? Size.of(count / 2) : size));
    return p.let(`${text}.reduce((a, b) => a.mul(b.sigmoid()))`, 'float32', shape, x.bound) !== null;
  }
  return p.let(`tf.concat(${text}.reverse(), ${axis})`, 'float32', x.shape, x.bound) !== null;
};

const slice: Maker = p => {
  const x = p.any(({ shape }) => shape.some(size => p.least(size) >= 2));
  if (x === null) return false;
  const { name, dtype, bound } = x;
  const axis = p.axis(x, size => p.least(size) >= 2)!;
  const begins = x.shape.map((_, i) => (i === axis ? 1 : 0)).join(', ');
  const zeros = x.shape.map(() => 0).join(', ');
  const less = x.shape.map((_, i) => `${name}.shape[${i}]${i === axis ? ' - 1' : ''}`).join(', ');
  const all = (size: string): string => x.shape.map((_, i) => (i === axis ? size : '-1')).join(', ');
  const shape = (size: Size): Size[] => x.shape.map((old, i) => (i === axis ? size : old));
  const shorter = shape(x.shape[axis]!.plus(-1));
  const half = shape(x.shape[axis]!.over(2));
  const ends = x.shape.map((_, i) => `${name}.shape[${i}]`).join(', ');
  const strides = x.shape.map((_, i) => (i === axis ? 2 : 1)).join(', ');
  const last = x.shape.map((_, i) => (i === axis ? `${name}.shape[${i}] - 1` : '0')).join(', ');
  const [text, result] = p.choices.one<readonly [string, readonly Size[]]>([
    [`${name}.slice([${begins}])`, shorter],
    [`${name}.slice([${begins}], [${all('-1')}])`, shorter],
    [`${name}.slice([${zeros}], [${less}])`, shorter],
    [`${name}.slice([${begins}], [${less}])`, shorter],
    [`${name}.slice([${begins}], [${all('1')}])`, shape(Size.of(1))],
    [`${name}.slice([${last}], [${all('1')}])`, shape(Size.of(1))],
    [`${name}.stridedSlice([${zeros}], [${ends}], [${strides}])`, half],
    [`${name}.slice([${zeros}], [${all(`Math.ceil(${name}.shape[${axis}] / 2)`)}])`, half],
  ]);
  return p.let(text, dtype, result, bound) !== null;
};

const shifted: Maker = p => {
  const x = p.float(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const axis = p.axis(x)!;
  const { name, shape, bound } = x;
  const edge = (both: readonly [number, number]) =>
    `[${shape.map((_, i) => (i === axis ? `[${both}]` : '[0, 0]')).join(', ')}]`;
  const more = (count: number) => shape.map((size, i) => (i === axis ? size.plus(count) : size));
  const reps = shape.map((_, i) => (i === axis ? 2 : 1)).join(', ');
  const options: (readonly [string, readonly Size[]])[] = [
    [`${name}.pad(${edge([1, 2])})`, more(3)],
    [`${name}.pad(${edge([0, 1])}, 0.5)`, more(1)],
    [`${name}.tile([${reps}])`, shape.map((size, i) => (i === axis ? size.times(2) : size))],
    [`${name}.reverse(${axis})`, shape],
    [`${name}.reverse([${axis}])`, shape],
    [`${name}.expandDims(${axis})`, [...shape.slice(0, axis), Size.of(1), ...shape.slice(axis)]],
    [`${name}.expandDims(-1)`, [...shape, Size.of(1)]],
  ];
  if (p.least(shape[axis]!) >= 2 && shape.length <= 4)
    options.push([`tf.mirrorPad(${name}, ${edge([1, 1])}, 'reflect')`, more(2)]);
  if (p.choices.chance(0.3) && shape.length <= 4)
    options.push([`tf.mirrorPad(${name}, ${edge([1, 0])}, 'symmetric')`, more(1)]);
  const one = shape.findIndex(({ fixed }) => fixed === 1);
  if (one >= 0) options.push([`${name}.squeeze([${one}])`, shape.filter((_, i) => i !== one)]);
  const [text, result] = p.choices.one(options);
  return p.let(text, 'float32', result, bound) !== null;
};

const sums: Maker = p => {
  const x = p.float(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const axis = p.axis(x)!;
  const exclusive = p.choices.chance(0.5);
  const reverse = p.choices.chance(0.5);
  return p.let(`${x.name}.cumsum(${axis}, ${exclusive}, ${reverse})`, 'float32', x.shape, 8 * x.bound) !== null;
};

const gather: Maker = p => {
  const x = p.any(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const axis = p.axis(x)!;
  const size = x.shape[axis]!;
  const length = `${x.name}.shape[${axis}]`;
  const with_ = (count: Size | number) => x.shape.map((old, i) => (i === axis ? sizes(count)[0]! : old));
  const { fixed } = size;
  const options: (readonly [string, readonly Size[]])[] = [
    [`${x.name}.gather(tf.range(0, ${length}, 1, 'int32'), ${axis})`, with_(size)],
    [`${x.name}.gather(tf.range(${length} - 1, -1, -1, 'int32'), ${axis})`, with_(size)],
    [`${x.name}.gather(tf.tensor1d([0], 'int32'), ${axis})`, with_(1)],
    [`${x.name}.gather(tf.scalar(0, 'int32'), ${axis})`, x.shape.filter((_, i) => i !== axis)],
    [`${x.name}.gather(tf.tensor1d([${length} - 1, 0], 'int32'), ${axis})`, with_(2)],
    [`${x.name}.gather(tf.scalar(${length} - 1, 'int32'), ${axis})`, x.shape.filter((_, i) => i !== axis)],
  ];
  if (fixed !== null && fixed > 1)
    options.push([`${x.name}.gather(tf.tensor1d([${fixed - 1}, 0, 1], 'int32'), ${axis})`, with_(3)]);
  const [text, shape] = p.choices.one(options);
  return p.let(text, x.dtype, shape, x.bound) !== null;
};

const oneHot: Maker = p => {
  const x = p.any(({ dtype, shape }) => dtype === 'int32' && shape.length < 4);
  if (x === null) return false;
  const depth = p.choices.whole(3, 6);
  if (p.choices.chance(0.5)) {
    const table = p.weights([depth, p.choices.whole(2, 4)]);
    const width = Size.of(p.outside.find(({ name }) => table.endsWith(`.${name}`))!.shape[1]!);
    const indices = `${x.name}.abs().mod(tf.scalar(${depth}, 'int32'))`;
    return p.let(`${table}.gather(${indices})`, 'float32', [...x.shape, width], 3) !== null;
  }
  const values = p.choices.chance(0.3) ? ', 0.9, 0.1' : '';
  const text = `tf.oneHot(${x.name}.abs().mod(tf.scalar(${depth}, 'int32')), ${depth}${values})`;
  return p.let(`${text}.toFloat()`, 'float32', [...x.shape, Size.of(depth)]) !== null;
};

/** Tensors that JavaScript makes from sizes, or TensorFlow.js from numbers. */
function fromSizes(p: Program): boolean {
  const x = p.any(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const axis = p.axis(x)!;
  const n = `${x.name}.shape[${axis}]`;
  const size = x.shape[axis]!;
  const options: (readonly [string, readonly Size[], number])[] = [
    [`tf.zeros([${n}, 3])`, sizes(size, 3), 1],
    [`tf.ones([2, ${n}])`, sizes(2, size), 1],
    [`tf.fill([${n}], 0.25)`, [size], 1],
    [`tf.fill([${n}, 2], 1 / ${n})`, sizes(size, 2), 1],
    [`tf.range(0, ${n})`, [size], 50],
    [`tf.range(0, ${n}).div(${n})`, [size], 1],
    [`tf.range(1, ${n} + 1).reciprocal()`, [size], 1],
    [`tf.linspace(0, 1, ${n})`, [size], 1],
    [`tf.eye(${n})`, [size, size], 1],
    [`tf.linalg.bandPart(tf.ones([${n}, ${n}]), -1, 0)`, [size, size], 1],
    [`tf.tensor1d(Array.from({ length: ${n} }, (_, i) => i))`, [size], 50],
    [`tf.zerosLike(${x.name}).toFloat()`, x.shape, 1],
    [`tf.onesLike(${x.name}).toFloat()`, x.shape, 1],
    [`tf.range(0, ${n}).expandDims(1).greaterEqual(tf.range(0, ${n}).expandDims(0)).toFloat()`, [size, size], 1],
    [`tf.tile(${p.constant([1, 3])}, [${n}, 1])`, sizes(size, 3), 2],
    [`tf.broadcastTo(${p.constant([3])}, [${n}, 3])`, sizes(size, 3), 2],
    [`tf.scalar(${n})`, [], 50],
    [`tf.tensor1d([${n}, 1, ${n} * 2])`, sizes(3), 100],
  ];
  if (p.least(size) >= 2) options.push([`tf.oneHot(tf.range(0, ${n}, 1, 'int32'), ${n}).toFloat()`, [size, size], 1]);
  const [text, shape, bound] = p.choices.one(options);
  return p.let(text, 'float32', shape, bound) !== null;
}

export const LAYOUT: readonly Maker[] = [
  reshape,
  reshape,
  transpose,
  concat,
  stack,
  parts,
  slice,
  slice,
  shifted,
  shifted,
  sums,
  gather,
  oneHot,
  fromSizes,
  fromSizes,
];

/** What networks are made of: products, convolutions, pools, reductions, normalizations, attention. */
import type { Made, Maker, Program } from './program.js';
import { sizes } from './program.js';
import { product, Size, sameShape } from './size.js';

function channels({ shape }: Made): number {
  return shape.at(-1)!.fixed!;
}

const dense: Maker = p => {
  const x = p.float(({ shape }) => shape.length >= 2 && shape.at(-1)!.fixed !== null);
  if (x === null) return false;
  const { name, shape } = x;
  const width = p.choices.whole(2, 6);
  const w = p.weights([channels(x), width]);
  const result = [...shape.slice(0, -1), Size.of(width)];
  const bound = 2 * x.bound;
  if (shape.length === 2) {
    const text = p.choices.one([
      `${name}.matMul(${w})`,
      `tf.dot(${name}, ${w})`,
      `tf.matMul(${name}, ${w}.transpose(), false, true)`,
      `tf.einsum('bi,io->bo', ${name}, ${w})`,
    ]);
    return p.let(text, 'float32', result, bound) !== null;
  }
  const lead = shape
    .slice(0, -1)
    .map((_, i) => `${name}.shape[${i}]`)
    .join(', ');
  const rows = product(shape.slice(0, -1)).fixed ?? '-1';
  const letters = 'bcdef'.slice(0, shape.length - 1);
  const text = p.choices.one([
    `${name}.reshape([-1, ${channels(x)}]).matMul(${w}).reshape([${lead}, ${width}])`,
    `tf.einsum('${letters}i,io->${letters}o', ${name}, ${w})`,
    `tf.matMul(${name}.reshape([${rows}, ${name}.shape[${shape.length - 1}]]), ${w})` +
      `.reshape([...${name}.shape.slice(0, -1), ${width}])`,
  ]);
  return p.let(text, 'float32', result, bound) !== null;
};

/** A tensor with itself or with another, in batches. */
const product2: Maker = p => {
  const x = p.float(({ shape }) => shape.length === 2 || shape.length === 3);
  if (x === null) return false;
  const { name, shape, bound } = x;
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  const batch = shape.slice(0, -2);
  const scale = `.div(${name}.shape[${shape.length - 1}])`;
  const same = p.float(other => sameShape(other.shape, shape))!;
  const options: (readonly [string, readonly Size[]])[] = [
    [`tf.matMul(${name}, ${same.name}, false, true)${scale}`, [...batch, rows, rows]],
    [
      `tf.matMul(${name}, ${same.name}, true, false).div(${name}.shape[${shape.length - 2}])`,
      [...batch, columns, columns],
    ],
  ];
  if (shape.length === 3) {
    options.push([`tf.einsum('bij,bkj->bik', ${name}, ${same.name})${scale}`, [...batch, rows, rows]]);
    options.push([`tf.einsum('bij,bij->bi', ${name}, ${same.name})${scale}`, [...batch, rows]]);
  } else {
    options.push([`tf.einsum('ij,ij->i', ${name}, ${same.name})${scale}`, [rows]]);
    options.push([`tf.outerProduct(${name}.mean(1), ${same.name}.mean(0))`, [rows, columns]]);
  }
  const [text, result] = p.choices.one(options);
  return p.let(text, 'float32', result, bound * same.bound) !== null;
};

const convolution: Maker = p => {
  const x = p.float(({ shape }) => shape.length === 4 && shape[3]!.fixed !== null && shape[3]!.fixed <= 12);
  if (x === null) return false;
  const { name, shape, bound } = x;
  const [batch, height, width] = shape as [Size, Size, Size, Size];
  const depth = channels(x);
  const filters = p.choices.whole(2, 4);
  const kernel = p.choices.whole(1, 3);
  const stride = p.choices.whole(1, 2);
  const valid = p.least(height) >= kernel && p.least(width) >= kernel && p.choices.chance(0.6);
  const out = (size: Size): Size => (valid ? size.plus(1 - kernel).over(stride) : size.over(stride));
  const spatial = [batch, out(height), out(width)];
  const pad = valid ? 'valid' : 'same';
  const filter = p.weights([kernel, kernel, depth, filters]);
  const options: (() => readonly [string, readonly Size[], number])[] = [
    () => [`tf.conv2d(${name}, ${filter}, ${stride}, '${pad}')`, [...spatial, Size.of(filters)], 2 * bound],
    () => [
      `tf.conv2d(${name}, ${filter}, ${stride}, '${pad}').add(${p.weights([filters])}).relu()`,
      [...spatial, Size.of(filters)],
      3 * bound,
    ],
    () => [
      `tf.depthwiseConv2d(${name}, ${p.weights([kernel, kernel, depth, 2])}, ${stride}, '${pad}')`,
      [...spatial, Size.of(2 * depth)],
      2 * bound,
    ],
    () => [
      `tf.separableConv2d(${name}, ${p.weights([kernel, kernel, depth, 1])}, ` +
        `${p.weights([1, 1, depth, filters])}, ${stride}, '${pad}')`,
      [...spatial, Size.of(filters)],
      2 * bound,
    ],
    () => [
      `tf.conv2dTranspose(${name}, ${p.weights([2, 2, filters, depth])}, ` +
        `[${name}.shape[0], ${name}.shape[1] * 2, ${name}.shape[2] * 2, ${filters}], 2, 'same')`,
      [batch, height.times(2), width.times(2), Size.of(filters)],
      4 * bound,
    ],
    () => [`tf.conv2d(${name}, ${filter}, 1, 'same', 'NHWC', 2)`, [batch, height, width, Size.of(filters)], 2 * bound],
    () => [`tf.maxPool(${name}, ${kernel}, ${stride}, '${pad}')`, [...spatial, shape[3]!], bound],
    () => [`tf.avgPool(${name}, ${kernel}, ${stride}, '${pad}')`, [...spatial, shape[3]!], bound],
    () => [`tf.localResponseNormalization(${name}, 2)`, shape, bound],
    () => [
      `tf.batchNorm(${name}, ${p.weights([depth])}, ${p.weights([depth])}.abs().add(0.5), ` +
        `${p.weights([depth])}, ${p.weights([depth])}, 0.01)`,
      shape,
      2 * bound,
    ],
    () => [`tf.dilation2d(${name}, ${p.constant([2, 2, depth])}, 1, 'same')`, shape, bound + 1],
    () => [`tf.image.flipLeftRight(${name})`, shape, bound],
  ];
  const [text, result, far] = p.choices.one(options)();
  return p.let(text, 'float32', result, far) !== null;
};

const resize: Maker = p => {
  const x = p.float(({ shape }) => shape.length === 4);
  if (x === null) return false;
  const { name, shape, bound } = x;
  const [batch, height, width, depth] = shape as [Size, Size, Size, Size];
  const how = p.choices.one(['resizeBilinear', 'resizeNearestNeighbor']);
  const flags = p.choices.one(['', ', true', ', false, true']);
  const [text, h, w] = p.choices.one<readonly [string, Size, Size]>([
    ['[4, 5]', ...(sizes(4, 5) as [Size, Size])],
    [`[${name}.shape[1] * 2, ${name}.shape[2] * 2]`, height.times(2), width.times(2)],
    [`[${name}.shape[1] + 1, 3]`, height.plus(1), Size.of(3)],
    [`[${name}.shape[2], ${name}.shape[1]]`, width, height],
  ]);
  return p.let(`tf.image.${how}(${name}, ${text}${flags})`, 'float32', [batch, h, w, depth], bound) !== null;
};

const sequence: Maker = p => {
  const x = p.float(({ shape }) => shape.length === 3 && shape[2]!.fixed !== null && shape[2]!.fixed <= 12);
  if (x === null) return false;
  const { name, shape, bound } = x;
  const [batch, length] = shape as [Size, Size, Size];
  const depth = channels(x);
  const filters = p.choices.whole(2, 4);
  const stride = p.choices.whole(1, 2);
  const options: (() => readonly [string, Size, number])[] = [
    () => [`tf.conv1d(${name}, ${p.weights([3, depth, filters])}, ${stride}, 'same')`, length.over(stride), filters],
    () => [
      `tf.conv1d(${name}.pad([[0, 0], [2, 0], [0, 0]]), ${p.weights([3, depth, filters])}, 1, 'valid')`,
      length,
      filters,
    ],
    () => [`tf.pool(${name}.expandDims(2), [2, 1], 'max', 'same').squeeze([2])`, length, depth],
  ];
  const [text, time, width] = p.choices.one(options)();
  return p.let(text, 'float32', [batch, time, Size.of(width)], 2 * bound) !== null;
};

const REDUCTIONS = ['sum', 'mean', 'max', 'min', 'norm', 'logSumExp', 'euclideanNorm'] as const;

const reduction: Maker = p => {
  const x = p.float(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const { name, shape, bound } = x;
  const axes = shape.flatMap((_, i) => (p.choices.chance(0.5) ? [i] : []));
  const keep = p.choices.chance(0.4);
  const op = p.choices.one(REDUCTIONS);
  const few = op === 'norm' ? axes.slice(0, 1) : op === 'euclideanNorm' ? axes.slice(0, 2) : axes;
  const chosen = few.length === 0 ? [shape.length - 1] : few;
  const count = product(chosen.map(i => shape[i]!)).at(p.limits.most);
  const result = keep
    ? shape.map((size, i) => (chosen.includes(i) ? Size.of(1) : size))
    : shape.filter((_, i) => !chosen.includes(i));
  const far = ['mean', 'max', 'min'].includes(op) ? bound : count * bound;
  const axis = chosen.length === 1 && p.choices.chance(0.5) ? `${chosen[0]}` : `[${chosen.join(', ')}]`;
  if (op === 'euclideanNorm')
    return p.let(`tf.euclideanNorm(${name}, ${axis}, ${keep})`, 'float32', result, far) !== null;
  if (op === 'norm') {
    const order = p.choices.one(["'euclidean'", '1', 'Infinity']);
    return p.let(`${name}.norm(${order}, ${chosen[0]}, ${keep})`, 'float32', result, far) !== null;
  }
  return p.let(`${name}.${op}(${axis}, ${keep})`, 'float32', result, far) !== null;
};

const choice: Maker = p => {
  const x = p.float(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const { name, shape } = x;
  const axis = p.axis(x)!;
  const without = shape.filter((_, i) => i !== axis);
  const last = shape.at(-1)!;
  const options: (readonly [string, Made['dtype'], readonly Size[], number])[] = [
    [`${name}.argMax(${axis})`, 'int32', without, 30],
    [`${name}.argMin(${axis})`, 'int32', without, 30],
    [`${name}.greater(0.3719).any(${axis})`, 'bool', without, 1],
    [`${name}.less(0.4133).all(${axis})`, 'bool', without, 1],
    [`tf.sum(${name}.greater(0.2137), ${axis})`, 'int32', without, 30],
  ];
  if (p.least(last) >= 2) {
    options.push([`tf.topk(${name}, 2).values`, 'float32', [...shape.slice(0, -1), Size.of(2)], x.bound]);
    options.push([`tf.topk(${name}, 2).indices`, 'int32', [...shape.slice(0, -1), Size.of(2)], 30]);
  }
  options.push([`tf.topk(${name}, ${name}.shape[${shape.length - 1}]).values`, 'float32', shape, x.bound]);
  const [text, dtype, result, bound] = p.choices.one(options);
  return p.let(text, dtype, result, bound) !== null;
};

const normalization: Maker = p => {
  const x = p.float(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const { name, shape, bound } = x;
  const axis = p.choices.chance(0.7) ? shape.length - 1 : p.axis(x)!;
  const options: (readonly [(out: string) => string, number])[] = [
    [out => `const ${out} = ${name}.softmax();`, 1],
    [out => `const ${out} = ${name}.logSoftmax();`, 2 * bound + 4],
    [out => `const ${out} = ${name}.sub(${name}.mean(${axis}, true));`, 2 * bound],
    [out => `const ${out} = ${name}.div(${name}.abs().sum(${axis}, true).add(1));`, 1],
    [
      out =>
        `const ${out}m = tf.moments(${name}, ${axis}, true);\n` +
        `const ${out} = ${name}.sub(${out}m.mean).div(${out}m.variance.add(0.1).sqrt());`,
      8,
    ],
    [
      out =>
        `const ${out}e = ${name}.sub(${name}.max(${axis}, true)).exp();\n` +
        `const ${out} = ${out}e.div(${out}e.sum(${axis}, true));`,
      1,
    ],
  ];
  const [text, far] = p.choices.one(options);
  return p.block(text, 'float32', shape, far) !== null;
};

const attention: Maker = (p: Program) => {
  const x = p.float(({ shape }) => shape.length === 3 && shape[2]!.fixed !== null);
  if (x === null) return false;
  const { name, shape, bound } = x;
  const heads = p.choices.whole(1, 2);
  const width = 2 * heads;
  const [q, k, v] = [0, 1, 2].map(() => p.weights([channels(x), width]));
  const masked = p.choices.chance(0.4);
  const mask = masked
    ? '.add(tf.linalg.bandPart(tf.ones([NAMEt, NAMEt]), -1, 0).sub(1).mul(1e9))'
    : p.choices.one(['', '.div(Math.sqrt(NAMEt))']);
  const text = `const [NAMEb, NAMEt, NAMEc] = X.shape;
const NAMEx = X.reshape([NAMEb * NAMEt, NAMEc]);
const NAMEh = w => NAMEx.matMul(w).reshape([NAMEb, NAMEt, ${heads}, 2]).transpose([0, 2, 1, 3]);
const NAMEs = NAMEh(${q}).matMul(NAMEh(${k}), false, true).div(Math.sqrt(2))${mask}.softmax();
const NAME = NAMEs.matMul(NAMEh(${v})).transpose([0, 2, 1, 3]).reshape([NAMEb, NAMEt, ${width}]);`;
  const written = (out: string): string => text.replaceAll('NAME', out).replaceAll(/\bX\b/g, name);
  return p.block(written, 'float32', [...shape.slice(0, 2), Size.of(width)], 2 * bound) !== null;
};

export const NETWORKS: readonly Maker[] = [
  dense,
  dense,
  product2,
  convolution,
  convolution,
  resize,
  sequence,
  reduction,
  reduction,
  choice,
  normalization,
  attention,
];

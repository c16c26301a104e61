/** Operations that compute each value for itself. */
import type { Made, Maker, Program } from './program.js';
import { broadcast, sameShape } from './size.js';

/** `x` stands for the tensor; the number is how far from 0 values are then. */
const UNARY: readonly (readonly [string, (bound: number) => number])[] = [
  ['x.relu()', b => b],
  ['x.relu6()', () => 6],
  ['x.sigmoid()', () => 1],
  ['x.tanh()', () => 1],
  ['x.elu()', b => b],
  ['x.selu()', b => 2 * b],
  ['x.softplus()', b => b + 1],
  ['x.abs()', b => b],
  ['x.neg()', b => b],
  ['x.sin()', () => 1],
  ['x.cos()', () => 1],
  ['x.erf()', () => 1],
  ['x.atan()', () => 2],
  ['x.square()', b => b * b],
  ['x.leakyRelu(0.1)', b => b],
  ['x.sign()', () => 1],
  ['x.mul(1.37).add(0.11).floor()', b => 2 * b + 1],
  ['x.mul(1.41).add(0.13).ceil()', b => 2 * b + 1],
  ['x.mul(3.3).add(0.17).round()', b => 4 * b + 1],
  ['x.abs().add(0.5).log()', b => b + 1],
  ['x.abs().add(0.1).sqrt()', b => b + 1],
  ['x.abs().add(0.3).rsqrt()', () => 2],
  ['x.abs().add(0.4).reciprocal()', () => 3],
  ['x.abs().log1p()', b => b],
  ['x.tanh().exp()', () => 3],
  ['x.tanh().expm1()', () => 2],
  ['x.asinh()', b => b],
  ['x.tanh().sinh()', () => 2],
  ['x.tanh().cosh()', () => 2],
  ['x.sigmoid().mul(0.9).atanh()', () => 2],
  ['x.tanh().mul(0.9).acos()', () => 4],
  ['x.tanh().mul(0.9).asin()', () => 2],
  ['x.clipByValue(-0.5, 0.7)', () => 1],
  ['x.mul(x.sigmoid())', b => b],
  ['x.mul(x.softplus().tanh())', b => b],
  ['x.mul(x.div(Math.SQRT2).erf().add(1)).mul(0.5)', b => b],
  ['x.mul(0.2).add(0.5).clipByValue(0, 1)', () => 1],
  ['x.logSigmoid()', b => b + 1],
  ['x.step(0.2)', () => 1],
  ['x.abs().pow(1.5)', b => b * Math.sqrt(b + 1)],
  ['tf.prelu(x, tf.scalar(0.3))', b => b],
  ['tf.addN([x, x.sin()])', b => b + 1],
  ['x.clone()', b => b],
];

const unary: Maker = p => {
  const x = p.float();
  if (x === null) return false;
  const [text, bound] = p.choices.one(UNARY);
  return p.let(text.replaceAll(/\bx\b/g, x.name), 'float32', x.shape, bound(x.bound)) !== null;
};

const BINARY: readonly (readonly [string, (a: number, b: number) => number])[] = [
  ['x.add(y)', (a, b) => a + b],
  ['x.add(y)', (a, b) => a + b],
  ['x.sub(y)', (a, b) => a + b],
  ['x.mul(y)', (a, b) => a * b],
  ['x.mul(y)', (a, b) => a * b],
  ['x.maximum(y)', Math.max],
  ['x.minimum(y)', Math.max],
  ['x.squaredDifference(y)', (a, b) => (a + b) ** 2],
  ['x.div(y.abs().add(1))', a => a],
  ['x.abs().add(0.5).pow(y.tanh())', a => a + 2],
  ['tf.atan2(x, y.abs().add(0.1))', () => 4],
  ['tf.divNoNan(x, y.square().add(1))', a => a],
  ['x.add(y.mul(0.5))', (a, b) => a + b],
];

/** Two that fit, as they are or by broadcasting. */
function pair(p: Program, dtype: Made['dtype']): readonly [Made, Made, Made['shape']] | null {
  const x = p.any(made => made.dtype === dtype);
  if (x === null) return null;
  const y = p.any(made => made.dtype === dtype && broadcast(x.shape, made.shape) !== null);
  if (y === null) return null;
  const both = p.choices.chance(0.5) ? ([x, y] as const) : ([y, x] as const);
  return [...both, broadcast(x.shape, y.shape)!];
}

const binary: Maker = p => {
  const found = pair(p, 'float32');
  if (found === null) return false;
  const [x, y, shape] = found;
  const [text, bound] = p.choices.one(BINARY);
  const expression = text.replaceAll(/\b[xy]\b/g, name => (name === 'x' ? x.name : y.name));
  return p.let(expression, 'float32', shape, bound(x.bound, y.bound)) !== null;
};

/** With a constant for each channel, or a table for the last dimensions. */
const withConstant: Maker = p => {
  const x = p.float(({ shape }) => shape.length > 0 && shape.at(-1)!.fixed !== null);
  if (x === null) return false;
  const last = x.shape.slice(p.choices.chance(0.5) ? -1 : -2);
  const shape = last.map(size => size.fixed);
  if (shape.includes(null)) return false;
  const other = p.choices.chance(0.5) ? p.constant(shape as number[]) : p.variable(shape as number[]);
  return p.let(`${x.name}.${p.choices.one(['add', 'mul', 'sub'])}(${other})`, 'float32', x.shape, 2 * x.bound) !== null;
};

/** Numbers that JavaScript computes from sizes; `n` and `m` are sizes. */
const NUMBERS: readonly string[] = [
  'x.div(n)',
  'x.mul(1 / Math.sqrt(n))',
  'x.mul(n).div(n + 1)',
  'x.div(n * m)',
  'x.mul(tf.scalar(1).div(tf.scalar(n)))',
  'x.div(tf.scalar(n).sqrt())',
  'x.add((n - 1) / n)',
  'x.sub(Math.log(n))',
  'x.mul(2 / (n + m))',
  'x.div(x.size)',
  'x.mul(0.3 * n / (n * m))',
  'x.div(Math.max(1, n - 1))',
];

const withSize: Maker = p => {
  const x = p.float(({ shape }) => shape.length > 0);
  if (x === null) return false;
  const [first, second] = [p.choices.whole(0, x.shape.length - 1), p.choices.whole(0, x.shape.length - 1)];
  const text = p.choices.one(NUMBERS).replaceAll(/\b[xnm]\b/g, found => {
    if (found === 'x') return x.name;
    return `${x.name}.shape[${found === 'n' ? first : second}]`;
  });
  return p.let(text, 'float32', x.shape, x.bound + 4) !== null;
};

const COMPARED = ['greater', 'less', 'greaterEqual', 'lessEqual', 'notEqual', 'equal'] as const;

const comparison: Maker = p => {
  const found = pair(p, p.choices.one(['float32', 'float32', 'int32']));
  if (found === null) return false;
  const [x, y, shape] = found;
  const op = p.choices.one(x.dtype === 'int32' ? COMPARED : COMPARED.slice(0, 4));
  const other = p.choices.chance(0.5) ? p.choices.one(['0.1713', '0.5171', '-0.3373']) : null;
  if (other !== null && x.dtype === 'float32') return p.let(`${x.name}.${op}(${other})`, 'bool', x.shape) !== null;
  return p.let(`${x.name}.${op}(${y.name})`, 'bool', shape) !== null;
};

const logical: Maker = p => {
  const found = pair(p, 'bool');
  if (found === null) return false;
  const [x, y, shape] = found;
  if (p.choices.chance(0.3)) return p.let(`${x.name}.logicalNot()`, 'bool', x.shape) !== null;
  return (
    p.let(`${x.name}.${p.choices.one(['logicalAnd', 'logicalOr', 'logicalXor'])}(${y.name})`, 'bool', shape) !== null
  );
};

const where: Maker = p => {
  const x = p.float();
  if (x === null) return false;
  const y = p.float(({ shape }) => sameShape(shape, x.shape));
  const c = p.any(({ dtype, shape }) => dtype === 'bool' && sameShape(shape, x.shape));
  const condition = c === null ? `${x.name}.greater(0.2137)` : c.name;
  const other = p.choices.one([y?.name ?? x.name, `tf.zerosLike(${x.name})`, `${x.name}.neg()`, 'tf.scalar(0.5)']);
  const both = p.choices.chance(0.5) ? `${x.name}, ${other}` : `${other}, ${x.name}`;
  return p.let(`tf.where(${condition}, ${both})`, 'float32', x.shape, x.bound + (y?.bound ?? 1)) !== null;
};

const casts: Maker = p => {
  const x = p.any();
  if (x === null) return false;
  if (x.dtype === 'bool') {
    return p.choices.chance(0.5)
      ? p.let(`${x.name}.toFloat()`, 'float32', x.shape) !== null
      : p.let(`${x.name}.toInt()`, 'int32', x.shape) !== null;
  }
  if (x.dtype === 'int32') {
    if (p.choices.chance(0.3)) return p.let(`${x.name}.mod(tf.scalar(2, 'int32')).toBool()`, 'bool', x.shape) !== null;
    return p.let(`tf.cast(${x.name}, 'float32')`, 'float32', x.shape, x.bound) !== null;
  }
  if (p.choices.chance(0.2)) return p.let(`${x.name}.relu().toBool()`, 'bool', x.shape) !== null;
  return p.let(`${x.name}.mul(2.7).add(0.19).toInt()`, 'int32', x.shape, 3 * x.bound + 1) !== null;
};

const integers: Maker = p => {
  const x = p.any(({ dtype }) => dtype === 'int32');
  if (x === null) return false;
  const [text, bound] = p.choices.one([
    ["x.add(tf.scalar(3, 'int32'))", x.bound + 3],
    ["x.mul(tf.scalar(2, 'int32'))", 2 * x.bound],
    ["x.mod(tf.scalar(5, 'int32'))", 4],
    ['x.abs()', x.bound],
    ['x.floorDiv(tf.scalar(3, "int32"))', x.bound],
    ['x.maximum(tf.scalar(2, "int32"))', x.bound + 2],
    ['x.square()', x.bound ** 2],
    ['x.neg()', x.bound],
    ["x.sub(tf.scalar(x.shape.length, 'int32'))", x.bound + 5],
  ] as const);
  return p.let(text.replaceAll(/\bx\b/g, x.name), 'int32', x.shape, bound) !== null;
};

export const ELEMENTWISE: readonly Maker[] = [
  unary,
  unary,
  binary,
  binary,
  binary,
  withConstant,
  withSize,
  comparison,
  logical,
  where,
  casts,
  casts,
  integers,
];

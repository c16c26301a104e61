/** Loops of JavaScript over a dimension, with state, and assignments to variables. */
import type { Maker } from './program.js';
import { sizes } from './program.js';
import type { Size } from './size.js';

/** [batch, time, width] */
const recurrent: Maker = p => {
  const x = p.float(({ shape }) => shape.length === 3 && shape[2]!.fixed !== null && shape[2]!.fixed <= 12);
  if (x === null) return false;
  const [batch, time, { fixed }] = x.shape as [Size, Size, Size];
  const width = p.choices.whole(2, 3);
  const w = p.weights([fixed!, width]);
  const u = p.weights([width, width]);
  const at = p.choices.one([
    `X.slice([0, t, 0], [-1, 1, -1]).squeeze([1])`,
    `X.slice([0, t, 0], [X.shape[0], 1, ${fixed}]).reshape([X.shape[0], ${fixed}])`,
    `X.gather(tf.scalar(t, 'int32'), 1)`,
    `NAMEx[t]`,
  ]);
  const unstack = at.includes('NAMEx') ? 'const NAMEx = tf.unstack(X, 1);\n' : '';
  const step = p.choices.one([
    `tf.tanh(NAMEi.matMul(${w}).add(NAMEh.matMul(${u})))`,
    `NAMEh.mul(0.5).add(NAMEi.matMul(${w}))`,
    `NAMEi.matMul(${w}).maximum(NAMEh)`,
    `tf.sigmoid(NAMEh.matMul(${u})).mul(NAMEi.matMul(${w}).tanh()).add(NAMEh.mul(0.3))`,
  ]);
  const every = p.choices.chance(0.5);
  const order = p.choices.one([
    'let t = 0; t < X.shape[1]; t++',
    'let t = 0; t < X.shape[1]; t++',
    'let t = X.shape[1] - 1; t >= 0; t--',
  ]);
  const start = p.choices.one([`tf.zeros([X.shape[0], ${width}])`, `tf.fill([X.shape[0], ${width}], 0.5)`]);
  const text = `${unstack}let NAMEh = ${start};
${every ? 'const NAMEo = [];\n' : ''}for (${order}) {
  const NAMEi = ${at};
  NAMEh = ${step};${every ? '\n  NAMEo.push(NAMEh);' : ''}
}
const NAME = ${every ? 'tf.stack(NAMEo, 1)' : 'NAMEh'};`;
  const written = (name: string): string => text.replaceAll('NAME', name).replaceAll(/\bX\b/g, x.name);
  const shape = every ? sizes(batch, time, width) : sizes(batch, width);
  return p.block(written, 'float32', shape, 3 * x.bound) !== null;
};

/** The first dimension, one part after another. */
const folded: Maker = p => {
  const x = p.float(({ shape }) => shape.length >= 1);
  if (x === null) return false;
  const rest = x.shape.slice(1);
  const zeros = x.shape
    .slice(1)
    .map(() => ', 0')
    .join('');
  const all = x.shape
    .slice(1)
    .map(() => ', -1')
    .join('');
  const [text, shape] = p.choices.one<readonly [string, readonly Size[]]>([
    ['const NAME = tf.unstack(X).reduce((a, b) => a.mul(0.5).add(b));', rest],
    ['const NAME = tf.stack(tf.unstack(X).map(one => one.tanh()));', x.shape],
    [
      `let NAMEs = tf.zerosLike(X.gather(tf.scalar(0, 'int32')));
for (let i = 0; i < X.shape[0]; i++) NAMEs = NAMEs.add(X.slice([i${zeros}], [1${all}]).squeeze([0]).sin()).mul(0.7);
const NAME = NAMEs;`,
      rest,
    ],
    [
      `const NAMEp = [];
for (let i = 0; i < X.shape[0]; i++) NAMEp.push(X.slice([i${zeros}], [1${all}]).mul(0.5).cos());
const NAME = tf.concat(NAMEp, 0);`,
      x.shape,
    ],
    [
      `let NAMEs = X;
for (let i = 0; i < 3; i++) NAMEs = NAMEs.mul(0.8).add(NAMEs.sin().mul(i));
const NAME = NAMEs;`,
      x.shape,
    ],
  ]);
  const written = (name: string): string => text.replaceAll('NAME', name).replaceAll(/\bX\b/g, x.name);
  return p.block(written, 'float32', shape, 4 * x.bound) !== null;
};

/** A variable gets another value, once or twice. */
const assigned: Maker = p => {
  const x = p.float();
  if (x === null) return false;
  const width = p.choices.whole(2, 3);
  const w = p.variable([width]);
  const mean = `${x.name}.mean().tanh()`;
  const text = p.choices.one([
    `${w}.assign(${w}.mul(0.9).add(${mean}));`,
    `${w}.assign(${w}.sub(${mean}.mul(0.1)));\n${w}.assign(${w}.tanh());`,
    `${w}.assign(tf.fill([${width}], 0.5).mul(${mean}));`,
  ]);
  p.statements.push({ text, assigns: true });
  return p.let(`${w}.add(${mean})`, 'float32', sizes(width), 3) !== null;
};

export const LOOPS: readonly Maker[] = [recurrent, recurrent, folded];
export const ASSIGNMENTS: readonly Maker[] = [assigned];

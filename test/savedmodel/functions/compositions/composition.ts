/** A random function, as JavaScript, from a seed: a failure can be repeated, read and made smaller. */
import * as tf from '@tensorflow/tfjs-node';
import { Choices } from '../../../layers/random-numbers.js';
import { ELEMENTWISE } from './elementwise.js';
import { LAYOUT } from './layout.js';
import { ASSIGNMENTS, LOOPS } from './loops.js';
import { NETWORKS } from './networks.js';
import { type DataType, type Outside, Program, type Statement } from './program.js';
import { Size, type Sizes } from './size.js';

export interface Input {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: (number | null)[];
}

/** What a function returns: tensors in order, or by name. */
export type Returned = { readonly names: readonly string[] | null; readonly values: readonly string[] };

export interface Composition {
  readonly seed: number;
  readonly inputs: readonly Input[];
  /** Of each input, as formulas of the null dimensions. */
  readonly shapes: readonly (readonly Size[])[];
  readonly least: Sizes;
  readonly statements: readonly Statement[];
  readonly outside: readonly Outside[];
  readonly returned: Returned;
}

/** Most dimensions are null, few are fixed; what stands twice in a signature is one dimension. */
const SHAPES: readonly (readonly (number | null)[])[] = [
  [],
  [null],
  [null],
  [4],
  [null, 4],
  [null, 4],
  [null, 6],
  [null, null],
  [2, null],
  [null, null, 3],
  [null, null, 4],
  [null, 5, 3],
  [2, null, 4],
  [null, 6, 6, 2],
  [null, null, null, 2],
  [1, null, null, 3],
  [null, 4, null, 1],
];

const MAKERS = [...ELEMENTWISE, ...ELEMENTWISE, ...LAYOUT, ...NETWORKS, ...NETWORKS];
const MOST_NULLS = 3;
const MOST = 17;

export function randomComposition(seed: number): Composition {
  const choices = new Choices(seed);
  const large = choices.chance(0.15);
  const inputs: Input[] = [];
  const shapes: Size[][] = [];
  let nulls = 0;
  for (let left = choices.whole(1, 3); left > 0; left--) {
    const given = choices.one(SHAPES).map(size => (nulls >= MOST_NULLS && size === null ? 3 : size));
    // The batch, as it were: one dimension of several inputs.
    const shared = given[0] === null && nulls > 0 && choices.chance(0.3);
    const shape: (number | null)[] = [];
    const formula: Size[] = [];
    for (const [axis, size] of given.entries()) {
      const kept = size === null && nulls >= MOST_NULLS && !(shared && axis === 0) ? 3 : size;
      shape.push(kept);
      if (kept !== null) formula.push(Size.of(kept));
      else formula.push(Size.dimension(shared && axis === 0 ? 0 : nulls++));
    }
    inputs.push({
      name: `v${inputs.length}`,
      dtype: choices.one(['float32', 'float32', 'float32', 'int32', 'bool']),
      shape,
    });
    shapes.push(formula);
  }
  const least = Array.from({ length: nulls }, () => (large ? 6 : 1));
  const program = new Program(choices, { least, most: Array.from({ length: nulls }, () => MOST) });
  for (const [i, { name, dtype }] of inputs.entries()) {
    program.made.push({ name, dtype, shape: shapes[i]!, bound: dtype === 'int32' ? 5 : 1 });
  }
  grow(program);
  const { statements, outside } = program;
  return { seed, inputs, shapes, least, statements, outside, returned: returned(program, inputs.length) };
}

function grow(program: Program): void {
  const { choices } = program;
  const makers = [...MAKERS, ...(choices.chance(0.35) ? [...LOOPS, ...LOOPS, ...LOOPS, ...LOOPS] : [])];
  if (choices.chance(0.2)) makers.push(...ASSIGNMENTS, ...ASSIGNMENTS);
  const wanted = choices.whole(3, 25);
  for (let tries = 0; tries < 400 && program.statements.length < wanted; tries++) choices.one(makers)(program);
}

function returned({ choices, made, outside }: Program, inputs: number): Returned {
  const made_ = made.slice(inputs);
  const last = made_.at(-1) ?? made[0]!;
  const values = [last.name];
  const add = (name: string): void => void values.splice(choices.whole(0, values.length), 0, name);
  for (let left = choices.whole(0, 2); left > 0 && made_.length > 0; left--) add(choices.one(made_).name);
  if (choices.chance(0.1)) add(choices.one(made).name);
  if (choices.chance(0.1)) add(`v${choices.whole(0, inputs - 1)}`);
  if (choices.chance(0.05)) add('tf.scalar(3.5)');
  if (choices.chance(0.05) && outside.length > 0) add(`k.${choices.one(outside).name}`);
  if (choices.chance(0.05)) add(values[0]!);
  const named = values.length > 1 && choices.chance(0.4);
  return { names: named ? values.map((_, i) => 'zyxwabc'[i]!) : null, values };
}

/** What a function needs besides its inputs. Made once: several functions may share it. */
export type Environment = Record<string, tf.Tensor>;

export function environmentOf({ outside }: Pick<Composition, 'outside'>, name: string): Environment {
  return Object.fromEntries(
    outside.map(({ name: key, shape, spread, variable, seed }) => {
      const values = tf.tidy(() => tf.randomUniform([...shape], -spread * 1.5, spread * 1.5, 'float32', seed));
      if (!variable) return [key, values];
      const made = tf.variable(values, true, `${name}_${key}`);
      values.dispose();
      return [key, made];
    }),
  );
}

/** The body of the function, without the statements that no output and no assignment needs. */
export function sourceOf({ statements, returned }: Pick<Composition, 'statements' | 'returned'>): string {
  const needed = new Set(returned.values.flatMap(namesIn));
  const kept: string[] = [];
  for (const { text, assigns } of [...statements].reverse()) {
    const [, defined] = /const (v\d+) = /.exec(text) ?? [];
    if (!assigns && (defined === undefined || !needed.has(defined))) continue;
    for (const name of namesIn(text)) needed.add(name);
    kept.unshift(text);
  }
  const { names, values } = returned;
  const list = values.map((value, i) => (names === null ? value : `${names[i]}: ${value}`)).join(', ');
  const result = names !== null ? `{ ${list} }` : values.length === 1 ? values[0] : `[${list}]`;
  return [...kept, `return ${result};`].join('\n');
}

function namesIn(text: string): string[] {
  return [...text.matchAll(/\bv\d+\b/g)].map(([name]) => name);
}

export type Outputs = tf.Tensor | tf.Tensor[] | Record<string, tf.Tensor>;
export type Runnable = (...inputs: tf.Tensor[]) => Outputs;

export function runnable(composition: Composition, environment: Environment): Runnable {
  const names = composition.inputs.map(({ name }) => name).join(', ');
  const text = `return (${names}) => {\n${sourceOf(composition)}\n}`;
  return new Function('tf', 'k', text)(tf, environment) as Runnable;
}

/** Values for inputs of these sizes. */
export function inputsOf(
  { inputs, shapes, seed }: Pick<Composition, 'inputs' | 'shapes' | 'seed'>,
  sizes: Sizes,
): tf.Tensor[] {
  return inputs.map(({ dtype }, i) => {
    const shape = shapes[i]!.map(size => size.at(sizes));
    const random = new Choices(seed * 31 + i + sizes.reduce((sum, size) => 13 * sum + size, 0));
    const count = shape.reduce((all, size) => all * size, 1);
    const values = Array.from({ length: count }, () =>
      dtype === 'float32'
        ? random.whole(-1000, 1000) / 1000
        : random.whole(dtype === 'bool' ? 0 : -5, dtype === 'bool' ? 1 : 5),
    );
    return tf.tensor(values, shape, dtype);
  });
}

/** Outputs as a list, by name. */
export function listed(outputs: Outputs): { readonly name: string; readonly tensor: tf.Tensor }[] {
  if (outputs instanceof tf.Tensor) return [{ name: 'output_0', tensor: outputs }];
  if (Array.isArray(outputs)) return outputs.map((tensor, i) => ({ name: `output_${i}`, tensor }));
  return Object.entries(outputs).map(([name, tensor]) => ({ name, tensor }));
}

/** For a report: what can be pasted. */
export function described(composition: Composition): string {
  const { seed, inputs, outside, least } = composition;
  const source = sourceOf(composition);
  const used = outside.filter(({ name }) => source.includes(`k.${name}`));
  const made = used.map(({ name, shape, variable }) => `k.${name}: ${variable ? 'variable' : 'constant'} [${shape}]`);
  const signature = inputs.map(({ name, dtype, shape }) => `${name}: ${dtype} [${shape.map(size => size ?? '?')}]`);
  return `seed ${seed}, sizes from ${least}\n(${signature.join(', ')}) =>\n${source}\n${made.join(', ')}`;
}

/** The smallest output that still fails, alone: the function made smaller. */
export async function smallest(
  composition: Composition,
  fails: (one: Composition) => Promise<boolean>,
): Promise<Composition> {
  for (const [i, { text }] of composition.statements.entries()) {
    const [, defined] = /const (v\d+) = /.exec(text) ?? [];
    if (defined === undefined) continue;
    const statements = composition.statements.slice(0, i + 1);
    const one = { ...composition, statements, returned: { names: null, values: [defined] } };
    if (await fails(one)) return one;
  }
  return composition;
}

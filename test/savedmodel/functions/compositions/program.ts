/** JavaScript that is being written: statements, the tensors that they make, and the shapes of these. */
import type { Choices } from '../../../layers/random-numbers.js';
import { product, Size, type Sizes } from './size.js';

export type DataType = 'float32' | 'int32' | 'bool';

/** A tensor of the program. */
export interface Made {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly Size[];
  /** No value is farther from 0. Of an int32 that is no index: its values are arbitrary up to there. */
  readonly bound: number;
}

export interface Statement {
  readonly text: string;
  /** Variables are assigned. */
  readonly assigns?: boolean;
}

/** A tensor outside of the function. */
export interface Outside {
  readonly name: string;
  readonly shape: readonly number[];
  readonly spread: number;
  readonly variable: boolean;
  readonly seed: number;
}

export interface Limits {
  /** The smallest that the null dimensions may be. */
  readonly least: Sizes;
  /** Where tensors must not be larger than `MOST_VALUES`. */
  readonly most: Sizes;
}

const MOST_VALUES = 20_000;
const MOST_RANK = 5;
const LARGEST_VALUE = 200;

export class Program {
  readonly statements: Statement[] = [];
  readonly made: Made[] = [];
  readonly outside: Outside[] = [];

  constructor(
    readonly choices: Choices,
    readonly limits: Limits,
  ) {}

  /** `size` is at least this. */
  least(size: Size): number {
    return size.at(this.limits.least);
  }

  fits(shape: readonly Size[]): boolean {
    return (
      shape.length <= MOST_RANK &&
      product(shape).at(this.limits.most) <= MOST_VALUES &&
      shape.every(size => this.least(size) >= 1)
    );
  }

  /** Null if the tensor would be too large. What is too far from 0 is drawn nearer. */
  let(expression: string, dtype: DataType, shape: readonly Size[], bound = 1): Made | null {
    if (!this.fits(shape)) return null;
    const name = `v${this.made.length}`;
    const far = bound > LARGEST_VALUE;
    const nearer = dtype === 'int32' ? ".mod(tf.scalar(11, 'int32'))" : '.div(50).tanh()';
    this.statements.push({ text: `const ${name} = ${expression}${far ? nearer : ''};` });
    const made = { name, dtype, shape, bound: far ? (dtype === 'int32' ? 10 : 1) : bound };
    this.made.push(made);
    return made;
  }

  /** Statements that end with making `name`, which `text` gets. */
  block(text: (name: string) => string, dtype: DataType, shape: readonly Size[], bound = 1): Made | null {
    if (!this.fits(shape)) return null;
    const name = `v${this.made.length}`;
    this.statements.push({ text: text(name) });
    const made = { name, dtype, shape, bound };
    this.made.push(made);
    return made;
  }

  /** A tensor that may be had, mostly one of the newest. */
  any(wanted: (made: Made) => boolean = () => true): Made | null {
    const found = this.made.filter(wanted);
    if (found.length === 0) return null;
    const newest = found.slice(-3);
    return this.choices.one(this.choices.chance(0.6) ? newest : found);
  }

  float(wanted: (made: Made) => boolean = () => true): Made | null {
    return this.any(made => made.dtype === 'float32' && wanted(made));
  }

  /** An axis of the tensor; with a fixed size, or one that moves, if that is said. */
  axis({ shape }: Made, wanted: (size: Size) => boolean = () => true): number | null {
    const found = shape.flatMap((size, i) => (wanted(size) ? [i] : []));
    return found.length === 0 ? null : this.choices.one(found);
  }

  /** An expression of a constant. One that stands already is used again at times. */
  constant(shape: readonly number[], spread = 0.5): string {
    return this.#outside(shape, spread, false);
  }

  variable(shape: readonly number[], spread = 0.5): string {
    return this.#outside(shape, spread, true);
  }

  /** A variable or a constant. */
  weights(shape: readonly number[]): string {
    const count = shape.slice(0, -1).reduce((all, size) => all * size, 1);
    const spread = 1 / Math.sqrt(count);
    return this.choices.chance(0.5) ? this.variable(shape, spread) : this.constant(shape, spread);
  }

  #outside(shape: readonly number[], spread: number, variable: boolean): string {
    const same = this.outside.filter(one => one.variable === variable && one.shape.join() === shape.join());
    if (same.length > 0 && this.choices.chance(0.5)) return `k.${this.choices.one(same).name}`;
    const name = `${variable ? 'w' : 'c'}${this.outside.length}`;
    this.outside.push({ name, shape, spread, variable, seed: this.choices.whole(1, 1e6) });
    return `k.${name}`;
  }
}

/** Writes one operation or a few. False if nothing fits. */
export type Maker = (program: Program) => boolean;

export function sizes(...counts: readonly (Size | number)[]): Size[] {
  return counts.map(count => (typeof count === 'number' ? Size.of(count) : count));
}

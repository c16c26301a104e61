/** Sizes of dimensions as formulas of those dimensions of inputs that are null, so that shapes fit by construction. */

/** What the null dimensions are, in one call. */
export type Sizes = readonly number[];

interface Atom {
  readonly name: string;
  at(sizes: Sizes): number;
}

interface Term {
  readonly factors: readonly Atom[];
  readonly count: number;
}

/** A polynomial of dimensions and of their quotients. Two with the same key are equal at all sizes. */
export class Size {
  readonly #terms: readonly Term[];
  readonly key: string;

  private constructor(terms: readonly Term[]) {
    const sums = new Map<string, Term>();
    for (const { factors, count } of terms) {
      const key = nameOf(factors);
      sums.set(key, { factors, count: count + (sums.get(key)?.count ?? 0) });
    }
    const kept = [...sums].filter(([, { count }]) => count !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
    this.#terms = kept.map(([, term]) => term);
    this.key = kept.map(([key, { count }]) => (key === '' ? `${count}` : `${count}*${key}`)).join('+') || '0';
  }

  static of(count: number): Size {
    return new Size([{ factors: [], count }]);
  }

  /** The null dimension of this number. */
  static dimension(index: number): Size {
    return new Size([{ factors: [{ name: `n${index}`, at: sizes => sizes[index]! }], count: 1 }]);
  }

  plus(other: Size | number): Size {
    return new Size([...this.#terms, ...asSize(other).#terms]);
  }

  times(other: Size | number): Size {
    const terms = this.#terms.flatMap(left =>
      asSize(other).#terms.map(right => ({
        factors: [...left.factors, ...right.factors].sort((a, b) => (a.name < b.name ? -1 : 1)),
        count: left.count * right.count,
      })),
    );
    return new Size(terms);
  }

  /** Rounded up. */
  over(divisor: number): Size {
    if (divisor === 1) return this;
    const { fixed } = this;
    if (fixed !== null) return Size.of(Math.ceil(fixed / divisor));
    const name = `ceil((${this.key})/${divisor})`;
    return new Size([{ factors: [{ name, at: sizes => Math.ceil(this.at(sizes) / divisor) }], count: 1 }]);
  }

  at(sizes: Sizes): number {
    return this.#terms.reduce(
      (sum, { factors, count }) => sum + factors.reduce((product, factor) => product * factor.at(sizes), count),
      0,
    );
  }

  /** Null if it moves. */
  get fixed(): number | null {
    return this.#terms.every(({ factors }) => factors.length === 0) ? this.at([]) : null;
  }
}

export function product(shape: readonly Size[]): Size {
  return shape.reduce((all, size) => all.times(size), Size.of(1));
}

export function sameShape(left: readonly Size[], right: readonly Size[]): boolean {
  return left.length === right.length && left.every((size, i) => size.key === right[i]!.key);
}

/** Null if they do not fit. */
export function broadcast(left: readonly Size[], right: readonly Size[]): readonly Size[] | null {
  const rank = Math.max(left.length, right.length);
  const shape: Size[] = [];
  for (let i = 1; i <= rank; i++) {
    const [a, b] = [left.at(-i) ?? Size.of(1), right.at(-i) ?? Size.of(1)];
    if (i > left.length || a.fixed === 1) shape.unshift(b);
    else if (i > right.length || b.fixed === 1 || a.key === b.key) shape.unshift(a);
    else return null;
  }
  return shape;
}

function nameOf(factors: readonly Atom[]): string {
  return factors.map(({ name }) => name).join('*');
}

function asSize(size: Size | number): Size {
  return typeof size === 'number' ? Size.of(size) : size;
}

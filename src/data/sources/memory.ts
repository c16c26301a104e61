/** Elements in memory, which are found by their index. */
import { types } from 'node:util';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { classOf, isLiteral } from '../../realms.js';
import { slice, squeeze, Tensor, tidy } from '../../tfjs-core.js';
import { cloneElement } from '../iteration/element.js';
import { type Iteration, part, type Stage, type State } from '../iteration/iteration.js';

abstract class Indexed<T> implements Stage<T> {
  abstract readonly kind: string;
  readonly inputs = [];
  abstract readonly size: number;

  /** The element at an index, with new tensors. */
  abstract at(index: number): T;

  start(): Iteration<T> {
    let next = 0;
    return {
      pull: async take => {
        if (next >= this.size) return false;
        take(this.at(next));
        next++;
        return true;
      },
      state: (): State => ({ kind: this.kind, next, inputs: [] }),
      restore: async state => {
        const stored = part(state, 'next', 'number');
        if (stored > this.size)
          throw new TensorBundleError(
            'ERR_MISMATCH',
            `the iterator was saved before element ${stored}, but the dataset has only ${this.size} elements; make ` +
              `the dataset as it was when it was saved`,
            { expected: this.size, found: stored },
          );
        next = stored;
      },
      close: () => undefined,
    };
  }
}

/** One element for each item. */
export class Items<T> extends Indexed<T> {
  readonly kind = 'array';
  readonly size: number;
  readonly #items: readonly T[];

  constructor(items: readonly T[]) {
    super();
    this.#items = items;
    this.size = items.length;
  }

  at(index: number): T {
    return cloneElement(this.#items[index] as T);
  }
}

/** One element for each index of the first axis, which is the same for all leaves. */
export class Slices<T> extends Indexed<T> {
  readonly kind = 'tensorSlices';
  readonly size: number;
  readonly #values: unknown;

  /** Throws ERR_SHAPE unless all leaves have the same length, ERR_INVALID_ARGUMENT for a leaf without a length. */
  constructor(values: unknown) {
    super();
    const lengths: number[] = [];
    mapSliced(values, leaf => lengths.push(lengthOf(leaf)));
    if (lengths.length === 0) throw unsliced(values);
    if (lengths.some(length => length !== lengths[0]))
      throw new TensorBundleError(
        'ERR_SHAPE',
        `all parts of a dataset must have the same length, not ${lengths.join(' and ')}`,
        {
          found: lengths,
        },
      );
    this.#values = values;
    this.size = lengths[0]!;
  }

  at(index: number): T {
    return tidy(() => mapSliced(this.#values, leaf => elementAt(leaf, index)) as never) as T;
  }
}

/** Arrays of numbers or texts are leaves; arrays of tensors hold leaves. */
function mapSliced(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value) && value.some(item => item instanceof Tensor))
    return value.map(item => mapSliced(item, change));
  if (!isLiteral(value)) return change(value);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapSliced(item, change)]));
}

function lengthOf(leaf: unknown): number {
  if (leaf instanceof Tensor && leaf.rank > 0) return leaf.shape[0]!;
  if (Array.isArray(leaf) || types.isTypedArray(leaf)) return (leaf as unknown[]).length;
  throw unsliced(leaf);
}

function elementAt(leaf: unknown, index: number): unknown {
  if (!(leaf instanceof Tensor)) return (leaf as unknown[])[index];
  const part = slice(leaf, [index, ...leaf.shape.slice(1).map(() => 0)], [1, ...leaf.shape.slice(1)]);
  return squeeze(part, [0]);
}

function unsliced(value: unknown): TensorBundleError {
  const what = value instanceof Tensor ? 'a scalar' : classOf(value);
  return invalidArgument(
    `fromTensorSlices takes tensors with a first axis, arrays, and arrays and object literals of tensors, not ${what}`,
    { found: what },
  );
}

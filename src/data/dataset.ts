/**
 * Datasets with the interface of tf.data (tfjs-data/src/dataset.ts), whose iterators can be saved. A dataset is only a
 * description: nothing is read before an iterator is asked for an element.
 */
import { isLiteral } from '../realms.js';
import '../disposal.js';
import type { Tensor, TensorContainer } from '@tensorflow/tfjs-core';
import { invalidArgument, requireMade } from '../errors.js';
import { type OptionList, refuseUnknown } from '../options.js';
import { DatasetIterator, type Runs } from './dataset-iterator.js';
import type { Stage } from './iteration/iteration.js';
import { Generated, type Making } from './sources/generated.js';
import { Items, Slices } from './sources/memory.js';
import { Batch } from './stages/batch.js';
import { Concatenate } from './stages/concatenate.js';
import { Skip, Take } from './stages/counted.js';
import { Filter } from './stages/filter.js';
import { Interleave } from './stages/interleave.js';
import { MapStage, type Transform } from './stages/map.js';
import { Prefetch } from './stages/prefetch.js';
import { Repeat } from './stages/repeat.js';
import { Shuffle } from './stages/shuffle.js';
import { Zip } from './stages/zip.js';

export interface GeneratorOptions {
  /**
   * Default false. True: the function is called with the number of elements to leave out, and leaves them out itself.
   */
  seekable?: boolean;
  /** Number of elements. Default: not known. */
  size?: number;
  /** Called for each element that a restored iterator passes over. Default: nothing is called. */
  onSkip?(skipped: number, total: number): void;
}

const GENERATOR_OPTIONS: OptionList<GeneratorOptions> = { seekable: 'flag', size: true, onSkip: 'function' };
const INTERLEAVE_OPTIONS: OptionList<{ cycleLength?: number; blockLength?: number }> = {
  cycleLength: true,
  blockLength: true,
};

const MAP_OPTIONS: OptionList<{ seed?: number | string }> = { seed: true };

/** An element of a batch: each leaf becomes a tensor with one more axis. */
export type Batched<T> = T extends Tensor | number | string | boolean | ArrayBufferView
  ? Tensor
  : T extends readonly (Tensor | object)[]
    ? { [K in keyof T]: Batched<T[K]> }
    : T extends readonly unknown[]
      ? Tensor
      : { [K in keyof T]: Batched<T[K]> };

export class Dataset<T> {
  readonly #stage: Stage<T>;
  /** @internal */
  readonly runs: Runs = { begun: 0 };

  /** @internal */
  constructor(stage: Stage<T>) {
    const isStage = typeof (stage as Partial<Stage<T>> | undefined)?.start === 'function';
    requireMade(
      isStage ? stage : null,
      'Dataset',
      'Dataset.fromArray(items), fromTensorSlices(tensors), fromGenerator(function)',
    );
    this.#stage = stage;
  }

  /** One element for each item. You keep the tensors in items; elements have tensors of their own. */
  static fromArray<T>(items: readonly T[]): Dataset<T> {
    if (!Array.isArray(items)) throw invalidArgument('fromArray takes an array', { found: items });
    return new Dataset(new Items(items));
  }

  /**
   * One element for each index of the first axis of tensors or arrays, also in object literals: `{ xs, ys }`. You keep
   * the tensors, and must not dispose of them while the dataset is used. Throws ERR_SHAPE unless all have the same
   * length.
   */
  static fromTensorSlices<T extends TensorContainer>(values: T): Dataset<T> {
    return new Dataset(new Slices<T>(values));
  }

  /**
   * The elements that a generator function gives, or any function that makes an iterator. Each call must begin anew and
   * give the same elements in the same order; randomness belongs in a later `map`, with its `random`. A restored
   * iterator calls the function and passes over the elements that were given already. A `seekable` function gets the
   * number of elements to leave out instead.
   *
   * @example async function* examples(start) { for (let i = start; ; i++) yield await load(i); }
   * Dataset.fromGenerator(examples, { seekable: true });
   */
  static fromGenerator<T>(
    make: (start: number) => Making<T> | Promise<Making<T>>,
    options: GeneratorOptions = {},
  ): Dataset<T> {
    if (typeof make !== 'function')
      throw invalidArgument('fromGenerator takes a function that makes an iterator', { found: make });
    refuseUnknown(options, 'fromGenerator', GENERATOR_OPTIONS);
    return new Dataset(new Generated(make, options));
  }

  /**
   * Elements of several datasets side by side, in an array or object like that of the datasets. It has as many elements
   * as the shortest dataset.
   */
  static zip<T extends readonly unknown[] | Readonly<Record<string, unknown>>>(
    datasets: {
      readonly [K in keyof T]: Dataset<T[K]>;
    },
  ): Dataset<T> {
    const isList = Array.isArray(datasets);
    const named = Object.entries(datasets as Record<string, Dataset<unknown>>);
    if ((!isList && !isLiteral(datasets)) || named.length === 0 || named.some(([, one]) => !(one instanceof Dataset)))
      throw invalidArgument('zip takes an array or object literal of datasets of this package', { found: datasets });
    const build = (parts: readonly unknown[]): unknown =>
      isList ? parts : Object.fromEntries(named.map(([name], i) => [name, parts[i]]));
    return new Dataset(
      new Zip(
        named.map(([, { stage }]) => stage),
        build,
      ),
    ) as unknown as Dataset<T>;
  }

  /**
   * Number of elements; Infinity if there is no end; null if it is not known (although TensorFlow.js's type does not
   * have null).
   */
  get size(): number {
    return this.#stage.size as number;
  }

  /** @internal */
  get stage(): Stage<T> {
    return this.#stage;
  }

  /**
   * A new run through all elements. A shuffled dataset has another order in each run; runs are counted when their first
   * element is asked for.
   */
  async iterator(): Promise<DatasetIterator<T>> {
    return new DatasetIterator(this.#stage, this.runs);
  }

  /**
   * Joins elements to batches. `smallLastBatch` (default true): the last batch may have fewer elements. False: such a
   * batch is left out.
   */
  batch(batchSize: number, smallLastBatch = true): Dataset<Batched<T>> {
    return new Dataset(
      new Batch(this.#stage, count('batchSize', batchSize, 1), flag('smallLastBatch', smallLastBatch)) as Stage<
        Batched<T>
      >,
    );
  }

  /** The elements of this dataset, then those of the other. */
  concatenate(dataset: Dataset<T>): Dataset<T> {
    if (!(dataset instanceof Dataset))
      throw invalidArgument('concatenate takes a dataset of this package', { found: dataset });
    return new Dataset(new Concatenate([this.#stage, dataset.stage]));
  }

  /** The elements for which `predicate` gives true. The others are disposed of. */
  filter(predicate: (element: T) => boolean): Dataset<T> {
    return new Dataset(new Filter(this.#stage, callable('filter', predicate)));
  }

  /** Calls `visit` with each element in turn, and disposes of it. */
  async forEachAsync(visit: (element: T) => unknown): Promise<void> {
    await using iterator = await this.iterator();
    await iterator.forEachAsync(visit);
  }

  /**
   * Makes datasets from elements, `cycleLength` (default 2) at a time. These datasets give `blockLength` elements
   * (default 1) each in turn (tf.data.Dataset.interleave). `open` must make the same dataset from the same element.
   */
  interleave<O>(
    open: (element: T) => Dataset<O>,
    options: { cycleLength?: number; blockLength?: number } = {},
  ): Dataset<O> {
    callable('interleave', open);
    refuseUnknown(options, 'interleave', INTERLEAVE_OPTIONS);
    const { cycleLength = 2, blockLength = 1 } = options;
    const stageOf = (element: T): Stage<O> => {
      const dataset = open(element);
      if (!(dataset instanceof Dataset))
        throw invalidArgument('the function of interleave must give a dataset of this package', { found: dataset });
      return dataset.stage;
    };
    return new Dataset(
      new Interleave(this.#stage, stageOf, count('cycleLength', cycleLength, 1), count('blockLength', blockLength, 1)),
    );
  }

  /**
   * Makes each element into another, synchronously. Tensors that the function makes on the way are disposed of, and so
   * are those of the element, except for what the function returns. `random` gives numbers that depend only on `seed`,
   * the number of the run and the number of the element, so they are the same after a restore, no matter how many
   * elements are prefetched. Without a `seed`, one is drawn and saved with the iterator.
   */
  map<O>(transform: Transform<T, O>, options: { seed?: number | string } = {}): Dataset<O> {
    refuseUnknown(options, 'map', MAP_OPTIONS);
    return new Dataset(new MapStage(this.#stage, callable('map', transform), false, options.seed));
  }

  /**
   * As `map`, with a function that gives a promise. The function must dispose of the tensors that it makes on the way.
   */
  mapAsync<O>(transform: Transform<T, O | Promise<O>>, options: { seed?: number | string } = {}): Dataset<O> {
    refuseUnknown(options, 'mapAsync', MAP_OPTIONS);
    return new Dataset(new MapStage<T, O>(this.#stage, callable('mapAsync', transform), true, options.seed));
  }

  /** Prepares this number of elements ahead, while others are used. */
  prefetch(bufferSize: number): Dataset<T> {
    return new Dataset(new Prefetch(this.#stage, count('bufferSize', bufferSize, 1)));
  }

  /** All elements, repeated this number of times; without end if `times` is left out or negative. */
  repeat(times?: number): Dataset<T> {
    return new Dataset(new Repeat(this.#stage, endless(times)));
  }

  /**
   * Draws elements from a buffer of this size. Each run has another order, unless `reshuffleEachIteration` (default
   * true) is false. The orders follow from `seed`; without one, a seed is drawn and saved with the iterator.
   */
  shuffle(bufferSize: number, seed?: number | string, reshuffleEachIteration = true): Dataset<T> {
    return new Dataset(
      new Shuffle(
        this.#stage,
        count('bufferSize', bufferSize, 1),
        seed,
        flag('reshuffleEachIteration', reshuffleEachIteration),
      ),
    );
  }

  /** All elements except this number of first ones; no elements if `elements` is left out or negative. */
  skip(elements?: number): Dataset<T> {
    return new Dataset(new Skip(this.#stage, endless(elements)));
  }

  /** This number of first elements; all if `elements` is left out or negative. */
  take(elements?: number): Dataset<T> {
    return new Dataset(new Take(this.#stage, endless(elements)));
  }

  /**
   * All elements, as an array. Dispose of the tensors yourself. Rejects with ERR_INVALID_ARGUMENT for a dataset without
   * an end.
   */
  async toArray(): Promise<T[]> {
    if (this.size === Infinity)
      throw invalidArgument('a dataset without an end cannot become an array; use take() first', { found: this.size });
    await using iterator = await this.iterator();
    return await iterator.toArray();
  }
}

function callable<F>(name: string, given: F): F {
  if (typeof given === 'function') return given;
  throw invalidArgument(`${name} takes a function`, { found: given });
}

function endless(times: number | undefined): number {
  return times === undefined || times < 0 ? Infinity : count('count', times, 0);
}

function count(name: string, value: number, least: number): number {
  if ((Number.isSafeInteger(value) || value === Infinity) && value >= least) return value;
  throw invalidArgument(`${name} must be a whole number, at least ${least}`, { found: value });
}

/** Throws for anything but true and false: an object of options, for example, would always count as true. */
function flag(name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidArgument(`${name} must be true or false`, { found: value });
}

/** Datasets give what tf.data gives, and go on exactly where they were saved. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkpoint, checkpointable, Dataset, type DatasetIterator, type RestoreStatus } from '../../src/tfjs.js';
import { Choices } from '../layers/random-numbers.js';
import { runPython } from '../oracle/python.js';
import { comparePipelines } from './compare-pipelines.js';
import { datasetOf, lively, type Pipeline, plain } from './pipelines.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle datasets '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const all = async (dataset: Dataset<unknown>): Promise<unknown[]> => (await dataset.toArray()).map(plain);
const rest = async (iterator: DatasetIterator<unknown>): Promise<unknown[]> => (await iterator.toArray()).map(plain);
let count = 0;
const prefix = (): string => join(directory, `it-${count++}`);

describe('the elements of tf.data', () => {
  it('of 40 pipelines (300 in pipelines.deep.test.ts)', async () => {
    expect(await comparePipelines(40, 61)).toBeGreaterThan(100);
  }, 120_000);
});

describe('an iterator that is saved and restored', () => {
  async function saved(iterator: DatasetIterator<unknown>): Promise<string> {
    return await new Checkpoint({ iterator }).write(prefix(), { durable: false });
  }

  async function restored(
    one: Pipeline,
    path: string,
  ): Promise<{ dataset: Dataset<unknown>; iterator: DatasetIterator<unknown> }> {
    const dataset = datasetOf(one);
    const iterator = await dataset.iterator();
    const status: RestoreStatus = await new Checkpoint({ iterator }).read(path);
    status.assertConsumed();
    return { dataset, iterator };
  }

  it('gives what is left, and then the runs that come after: 250 pipelines, at any element', async () => {
    const random = new Choices(62);
    for (let i = 0; i < 250; i++) {
      const one = lively(random);
      const before = tf.memory().numTensors;
      const whole = datasetOf(one);
      const [first, second] = [await all(whole), await all(whole)];
      const at = random.whole(0, first.length);
      const iterator = await datasetOf(one).iterator();
      for (let n = 0; n < at; n++) expect([one, plain((await iterator.next()).value)]).toEqual([one, first[n]]);
      const path = await saved(iterator);
      await iterator.return();
      const again = await restored(one, path);
      expect([one, at, await rest(again.iterator)]).toEqual([one, at, first.slice(at)]);
      expect([one, at, await all(again.dataset)]).toEqual([one, at, second]);
      // What was being made when it was closed.
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      expect([one, tf.memory().numTensors]).toEqual([one, before]);
    }
  }, 180_000);

  it('also when it was saved while elements were being made: 150 pipelines', async () => {
    const random = new Choices(63);
    let midway = 0;
    for (let i = 0; i < 150; i++) {
      const base = lively(random);
      const one = {
        range: base.range + 10,
        steps: [...base.steps.filter(([name]) => name !== 'batch'), ['later', i], ['prefetch', 3]],
      } as Pipeline;
      const whole = await all(datasetOf(one));
      const iterator = await datasetOf(one).iterator();
      let given = 0;
      const turns = random.whole(0, 40);
      const reading = (async () => {
        for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
          given++;
          plain(next.value);
        }
      })();
      for (let turn = 0; turn < turns; turn++)
        await (random.chance(0.5) ? Promise.resolve() : new Promise(setImmediate));
      const known = given;
      const path = await saved(iterator);
      await reading;
      const left = await rest((await restored(one, path)).iterator);
      const from = whole.length - left.length;
      expect([one, left]).toEqual([one, whole.slice(from)]);
      // An element may be on its way to who reads.
      expect([known, known + 1]).toContain(from);
      if (known > 0 && known < whole.length) midway++;
    }
    expect(midway).toBeGreaterThan(40);
  }, 180_000);

  it('a seed that was drawn is saved too', async () => {
    const make = () => Dataset.fromArray([...Array(50).keys()]).shuffle(50);
    const one = make();
    const first = await one.iterator();
    const begun = [await first.next(), await first.next()].map(({ value }) => value);
    const path = await saved(first as DatasetIterator<unknown>);
    const other = make();
    const second = await other.iterator();
    await new Checkpoint({ iterator: second }).read(path);
    const left = await second.toArray();
    expect([...begun, ...left].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect(left).toEqual(await first.toArray());
    expect(await other.toArray()).toEqual(await one.toArray());
    expect(await make().toArray()).not.toEqual(await make().toArray());
  });

  it('every kind of element in a buffer comes back as it was', async () => {
    const elements = [
      {
        a: Uint8Array.of(1, 2),
        b: new Float32Array([1.5, NaN]),
        c: 'ä\0',
        d: [null, undefined, true],
        e: -0,
        f: Infinity,
      },
      { a: tf.tensor([[true, false]]), b: tf.tensor(['x', 'ÿ']), c: tf.scalar(7, 'int32'), d: 12n ** 30n, $tensor: 3 },
    ];
    const make = () => Dataset.fromArray<unknown>(elements).prefetch(2);
    const iterator = await Dataset.fromArray<unknown>(['first']).concatenate(make()).shuffle(3, 1).iterator();
    const given = (await iterator.next()).value;
    const path = await saved(iterator);
    const again = await Dataset.fromArray<unknown>(['first']).concatenate(make()).shuffle(3, 1).iterator();
    await new Checkpoint({ again }).read(path);
    await new Checkpoint({ iterator: again }).read(path);
    const left = await again.toArray();
    const shown = (value: unknown): unknown =>
      JSON.stringify(value, (_, one: unknown) =>
        one instanceof tf.Tensor
          ? [one.dtype, one.shape, [...one.dataSync()]]
          : ArrayBuffer.isView(one)
            ? [one.constructor.name, ...Array.from(one as Float32Array, String)]
            : typeof one === 'number' || typeof one === 'bigint' || one === undefined
              ? `${typeof one} ${Object.is(one, -0) ? '-0' : one}`
              : one,
      );
    expect([given, ...left].map(shown).sort()).toEqual(['first', ...elements].map(shown).sort());
  });

  it('of another dataset is refused, and nothing is changed', async () => {
    const iterator = await Dataset.fromArray([1, 2, 3]).shuffle(2).iterator();
    await iterator.next();
    const variable = tf.variable(tf.scalar(1));
    const path = await new Checkpoint({ iterator, variable }).write(prefix());
    variable.assign(tf.scalar(2));
    const other = await Dataset.fromArray([1, 2, 3]).repeat(2).iterator();
    const failure = new Checkpoint({ iterator: other, variable }).read(path);
    await expect(failure).rejects.toMatchObject({ code: 'ERR_MISMATCH' });
    await expect(failure).rejects.toThrow(
      /iterator expects repeat\(array\); the checkpoint has shuffle\(array\) at \.TENSORBUNDLE\/iterator\/state/,
    );
    expect(variable.dataSync()[0]).toBe(2);
    const status = await new Checkpoint({ iterator: other, variable }).read(path, { skipMismatch: true });
    expect(status.mismatched).toHaveLength(1);
    expect(variable.dataSync()[0]).toBe(1);
    expect(await other.toArray()).toEqual([1, 2, 3, 1, 2, 3]);
    const shorter = await Dataset.fromArray([1]).shuffle(2).iterator();
    await new Checkpoint({ iterator: shorter }).read(path);
    await expect(shorter.next()).rejects.toMatchObject({ code: 'ERR_MISMATCH', expected: 1, found: 2 });
  });

  it('Python restores such a checkpoint untroubled', async () => {
    const iterator = await Dataset.fromArray([1, 2, 3]).shuffle(2).iterator();
    await iterator.next();
    const path = await new Checkpoint({ iterator, step: tf.variable(tf.scalar(5)) }).write(prefix());
    const program = [
      'import sys, tensorflow as tf',
      'step = tf.Variable(0.0); it = iter(tf.data.Dataset.range(9)); next(it)',
      'tf.train.Checkpoint(step=step).read(sys.argv[1]).assert_consumed()',
      'tf.train.Checkpoint(step=step, iterator=it).read(sys.argv[1]).expect_partial()',
      'print(step.numpy(), next(it).numpy())',
    ].join('\n');
    const answer = await runPython({ code: program }, [path]);
    expect(answer.trim()).toBe('5.0 1');
  });
});

describe('checkpointable', () => {
  const make = {
    'a dataset of this package': () =>
      Dataset.fromArray([...Array(20).keys()])
        .shuffle(5, 3)
        .map((x, random) => x + random.uniform([]).dataSync()[0]!, { seed: 4 }),
    "tf.data's": () =>
      tf.data
        .array([...Array(20).keys()])
        .shuffle(5, 'seed')
        .map(x => (x as number) * 2),
  };
  for (const [name, dataset] of Object.entries(make)) {
    it(`${name}: goes on in the run, and with the next one`, async () => {
      const runOf = async (one: ReturnType<typeof checkpointable<unknown>>, elements = 100): Promise<unknown[]> => {
        const iterator = await one.iterator();
        const found: unknown[] = [];
        for (let next = await iterator.next(); !next.done && found.push(next.value) < elements; )
          next = await iterator.next();
        return found;
      };
      const whole = checkpointable<unknown>(dataset() as never);
      const runs = [await runOf(whole), await runOf(whole), await runOf(whole)];
      expect(runs[0]).not.toEqual(runs[1]);
      for (const at of [1, 7, 19, 100]) {
        const one = checkpointable<unknown>(dataset() as never);
        await one.iterator();
        expect(await runOf(one)).toEqual(runs[0]);
        await one.iterator();
        expect(await runOf(one, at)).toEqual(runs[1]!.slice(0, at));
        const path = await new Checkpoint({ one }).write(prefix());
        const skips: [number, number][] = [];
        const again = checkpointable<unknown>(dataset() as never, { onSkip: (...skip) => void skips.push(skip) });
        const status = await new Checkpoint({ one: again }).read(path);
        status.assertConsumed();
        await again.iterator();
        if (at < 100) expect(await runOf(again)).toEqual(runs[1]!.slice(at));
        expect(await runOf(again)).toEqual(runs[2]);
        if (name === "tf.data's" && at < 100) expect(skips.at(-1)).toEqual([at, at]);
      }
    });
  }

  it('passing over can be ended, and a shorter dataset is noticed', async () => {
    const one = checkpointable<unknown>(tf.data.array([1, 2, 3, 4]));
    const iterator = await one.iterator();
    for (let i = 0; i < 3; i++) await iterator.next();
    const path = await new Checkpoint({ one }).write(prefix());
    const controller = new AbortController();
    controller.abort();
    const stopped = checkpointable<unknown>(tf.data.array([1, 2, 3, 4]), { signal: controller.signal });
    await new Checkpoint({ one: stopped }).read(path);
    await expect((await stopped.iterator()).next()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    const shorter = checkpointable<unknown>(tf.data.array([1, 2]));
    await new Checkpoint({ one: shorter }).read(path);
    await expect((await shorter.iterator()).next()).rejects.toMatchObject({
      code: 'ERR_MISMATCH',
      expected: 3,
      found: 2,
    });
    expect(() => checkpointable(7 as never)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });
});

it('slices of tensors, arrays and typed arrays, in arrays and objects', async () => {
  const dataset = Dataset.fromTensorSlices({
    a: tf.tensor2d([
      [1, 2],
      [3, 4],
    ]),
    b: ['x', 'y'],
    c: new Float32Array([5, 6]) as never,
    d: [tf.tensor1d([7, 8], 'int32'), tf.tensor1d([9, 10])],
    e: [[1], [2]],
  });
  const shown = (await dataset.toArray()).map(element =>
    JSON.stringify(element, (_, one: unknown) => (one instanceof tf.Tensor ? one.arraySync() : one)),
  );
  expect(shown).toEqual([
    '{"a":[1,2],"b":"x","c":5,"d":[7,9],"e":[1]}',
    '{"a":[3,4],"b":"y","c":6,"d":[8,10],"e":[2]}',
  ]);
});

it('an iterator may be left while elements are being made: it ends, and holds nothing', async () => {
  const before = tf.memory().numTensors;
  for (let turns = 0; turns < 30; turns++) {
    const later = async (x: number): Promise<{ x: tf.Tensor }> => {
      await new Promise(setImmediate);
      return { x: tf.scalar(x) };
    };
    const numbers = Dataset.fromArray([...Array(50).keys()]).mapAsync(later);
    const iterator = await numbers.prefetch(2).shuffle(5).batch(2).prefetch(2).prefetch(3).iterator();
    tf.dispose((await iterator.next()).value as tf.TensorContainer);
    const asked = [iterator.next(), iterator.next()];
    for (let i = 0; i < turns; i++) await (i % 3 === 0 ? new Promise(setImmediate) : Promise.resolve());
    await iterator.return();
    for (const { value } of await Promise.all(asked)) tf.dispose(value as tf.TensorContainer);
    expect((await iterator.next()).done).toBe(true);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  }
  expect(tf.memory().numTensors).toBe(before);
});

describe('mistakes', () => {
  const one = Dataset.fromArray([1, 2, 3]);
  const wrong: Record<string, () => unknown> = {
    'a generator that is none': () => Dataset.fromGenerator(5 as never),
    'no array': () => Dataset.fromArray('abc' as never),
    'a zip of nothing': () => Dataset.zip([]),
    'a zip of something else': () => Dataset.zip([1] as never),
    'a batch of 0': () => one.batch(0),
    'a shuffle without a buffer': () => one.shuffle(undefined as never),
    'a seed that is no whole number': () => one.shuffle(2, 1.5),
    'a part of an element': () => one.take(1.5),
    'NaN times': () => one.repeat(NaN),
    'no function for map': () => one.map(3 as never),
    'no function for mapAsync': () => one.mapAsync({} as never),
    'no function for filter': () => one.filter(undefined as never),
    'no function for interleave': () => one.interleave([] as never),
    'another dataset for concatenate': () => one.concatenate(tf.data.array([1]) as never),
    'slices of a scalar': () => Dataset.fromTensorSlices(tf.scalar(1)),
  };
  it.each(Object.entries(wrong))('%s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  });

  const late: Record<string, [() => Promise<unknown>, string]> = {
    'no end': [() => one.repeat().toArray(), 'ERR_INVALID_ARGUMENT'],
    'slices of different lengths': [
      async () => Dataset.fromTensorSlices({ a: tf.zeros([2]), b: [1, 2, 3] }),
      'ERR_SHAPE',
    ],
    'a promise in map': [() => one.map(async x => x).toArray(), 'ERR_INVALID_ARGUMENT'],
    'null in a batch': [() => Dataset.fromArray([null]).batch(1).toArray(), 'ERR_INVALID_ARGUMENT'],
    'rows of different lengths': [
      () =>
        Dataset.fromArray([[1], [1, 2]])
          .batch(2)
          .toArray(),
      'ERR_SHAPE',
    ],
    'no dataset in interleave': [() => one.interleave(() => 3 as never).toArray(), 'ERR_INVALID_ARGUMENT'],
    'no iterator of a generator': [() => Dataset.fromGenerator(() => 5 as never).toArray(), 'ERR_INVALID_ARGUMENT'],
  };
  it.each(Object.entries(late))('%s', async (_, [make, code]) => {
    await expect(make()).rejects.toMatchObject({ code });
  });

  it('an error in a function loses no element, and no tensor', async () => {
    const before = tf.memory().numTensors;
    const failing = new Set([2, 5, 7]);
    const once = (x: number): number => {
      if (failing.delete(x)) throw new Error(`not ${x}`);
      return x;
    };
    const numbers = Dataset.fromArray([...Array(9).keys()]);
    for (const dataset of [
      numbers.map(once),
      numbers.mapAsync(async x => once(x)),
      numbers.filter(x => once(x) >= 0),
      numbers
        .map(x => tf.scalar(x))
        .map(x => once(x.dataSync()[0]!))
        .prefetch(3),
      numbers
        .map(once)
        .shuffle(1)
        .batch(1)
        .map(x => x.dataSync()[0]!),
    ]) {
      for (const x of [2, 5, 7]) failing.add(x);
      const iterator = await (dataset as Dataset<number>).iterator();
      const found: unknown[] = [];
      for (let i = 0; i < 12; i++)
        found.push(
          await iterator.next().then(
            ({ value }) => value,
            error => (error as Error).message,
          ),
        );
      expect(found).toEqual([0, 1, 'not 2', 2, 3, 4, 'not 5', 5, 6, 'not 7', 7, 8]);
      expect((await iterator.next()).done).toBe(true);
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it('nothing can be saved of an object of a class', async () => {
    const iterator = await Dataset.fromArray([new Date(), new Date()]).shuffle(2).iterator();
    await iterator.next();
    await expect(new Checkpoint({ iterator }).write(prefix())).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      found: 'Date',
    });
  });
});

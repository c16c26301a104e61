/** Every form of `tf.train.Checkpoint`: the bytes that TensorFlow writes, both directions. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latestCheckpoint, listVariables } from '../../src/index.js';
import { Checkpoint, Counter, checkpointable, Dataset, Generator, type TrackableValue } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';

let directory: string;

async function python(action: 'write' | 'read'): Promise<void> {
  await runPython('test/training/checkpoint.py', [directory, action]);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle checkpoint '));
  await mkdir(join(directory, 'python'));
  await mkdir(join(directory, 'node'));
  await python('write');
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

class State {
  constructor(public text: string) {}
  serialize(): string {
    return this.text;
  }
  deserialize(text: string): void {
    this.text = text;
  }
}

function dense(fill: number): tf.LayersModel {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
  model.setWeights([tf.tensor([0, 1, 2, 3, 4, 5], [3, 2]).add(fill), tf.fill([2], 7 + fill)]);
  return model;
}

/** As `forms` in checkpoint.py; and what is in them, to look at. */
function forms(fill: number): Record<string, { checkpoint: Checkpoint; values(): unknown }> {
  const v = tf.tidy(() => tf.variable(tf.tensor([1, 2]).add(fill), true));
  v.name = 'vv';
  const w = tf.tidy(() => tf.variable(tf.scalar(3).add(fill)));
  const net = dense(fill);
  const state = new State(`text é ${fill}`);
  const tracked = { trackedChildren: (): Record<string, TrackableValue> => ({ b: w, a: v }) };
  const form = (children: ConstructorParameters<typeof Checkpoint>): { checkpoint: Checkpoint; values(): unknown } => ({
    checkpoint: new Checkpoint(...(children as [Record<string, TrackableValue>])),
    values: () => [v, w, ...net.getWeights()].map(value => [...value.dataSync()]).concat([[state.text.length]]),
  });
  return {
    variables: form([{ w, v, again: v }]),
    collections: form([
      {
        z: new Map<string, TrackableValue>([
          ['b', v],
          ['a', [w, v]],
        ]),
        lst: [w, { deep: v }],
        Upper: w,
        é: w,
      },
    ]),
    model: form([{ v, model: net }]),
    root: form([net]),
    'root and more': form([net, { v }]),
    state: form([{ state }]),
    module: form([tracked]),
  } as Record<string, { checkpoint: Checkpoint; values(): unknown }>;
}

const NAMES = ['variables', 'collections', 'model', 'root', 'root and more', 'state', 'module'];

describe('the forms', () => {
  it.each(NAMES)('%s: index and data are those of TensorFlow, at the first save and the second', async name => {
    const { checkpoint } = forms(0)[name]!;
    for (const number of [1, 2]) {
      const path = await checkpoint.save(join(directory, 'node', name));
      expect(path).toBe(join(directory, 'node', `${name}-${number}`));
      for (const ending of ['.index', '.data-00000-of-00001']) {
        const ours = await readFile(`${path}${ending}`);
        const theirs = await readFile(join(directory, 'python', `${name}-${number}${ending}`));
        expect(ours.equals(theirs), ending).toBe(true);
      }
      expect(await latestCheckpoint(join(directory, 'node'))).toBe(path);
    }
  });

  it.each(NAMES)('%s: what TensorFlow wrote is restored', async name => {
    const form = forms(100)[name]!;
    const status = await form.checkpoint.restore(join(directory, 'python', `${name}-2`));
    status.assertConsumed();
    expect(form.checkpoint.saveCounter).toBe(2);
    expect(status.loaded).toContain('save_counter/.ATTRIBUTES/VARIABLE_VALUE');
  });

  it('the variables of a SavedModel are restored', async () => {
    const model = dense(100);
    const status = await new Checkpoint(model).read(join(directory, 'python', 'saved model'));
    status.assertExistingObjectsMatched();
    expect(model.getWeights().map(weight => [...weight.dataSync()])).toEqual([
      [0, 1, 2, 3, 4, 5],
      [7, 7],
    ]);
  });

  it('TensorFlow restores what was written here', async () => {
    await steps.writeAll();
    for (const name of NAMES) await forms(0)[name]!.checkpoint.save(join(directory, 'node', name));
    await python('read');
    const answer = JSON.parse(await readFile(join(directory, 'answer.json'), 'utf8')) as Record<
      string,
      { restored: unknown; expected: unknown; counter: number }
    >;
    const found = JSON.parse(await readFile(join(directory, 'steps.json'), 'utf8')) as unknown;
    expect(found).toEqual({ steps: [8, 7], counter: [3_000_000_001], narrow: [8, 7] });
    expect(Object.keys(answer)).toEqual(NAMES);
    for (const { restored, expected, counter } of Object.values(answer)) {
      expect(restored).toEqual(expected);
      expect(counter).toBe(1);
    }
  }, 120_000);
});

/** Programs that go on with what Python began. */
const steps = {
  path: (name: string): string => join(directory, 'python', name),
  async restored(
    name: string,
    step: tf.Variable | Counter,
  ): Promise<{ step: tf.Variable | Counter; checkpoint: Checkpoint }> {
    const many = tf.tidy(() => tf.variable(tf.zeros([20_000], 'int32')));
    const checkpoint = new Checkpoint({ step, many });
    (await checkpoint.restore(steps.path(`${name}-1`))).assertConsumed();
    return { step, checkpoint };
  },
  async writeAll(): Promise<void> {
    for (const name of ['steps', 'narrow']) {
      const step = int32(0);
      const { checkpoint } = await steps.restored(name, step);
      step.assign(step.add(tf.scalar(1, 'int32')));
      checkpoint.incrementSaveCounter();
      await checkpoint.write(join(directory, 'node', `${name}-1`));
    }
    const counter = new Counter(3_000_000_000);
    const checkpoint = new Checkpoint({ step: counter });
    counter.assignAdd();
    await checkpoint.save(join(directory, 'node', 'counter'));
  },
};

const int32 = (value: number): tf.Variable => tf.tidy(() => tf.variable(tf.scalar(value, 'int32')));
const dtypesOf = async (path: string): Promise<string[]> =>
  (await listVariables(path)).filter(({ name }) => /^(step|many|v)\//.test(name)).map(({ dtype }) => dtype);

describe('whole numbers of 64 bits', () => {
  it('int64 is written back as int64, by every later save, and int32 as int32', async () => {
    const path = join(directory, 'node', 'widths');
    for (const [name, dtype] of [
      ['steps', 'int64'],
      ['narrow', 'int32'],
    ] as const) {
      const { checkpoint, step } = await steps.restored(name, int32(0));
      expect(step.dataSync()[0]).toBe(7);
      const saves = [await checkpoint.save(path), await checkpoint.save(path)];
      const { path: background, durable } = checkpoint.save(path, { background: true });
      await durable;
      for (const saved of [...saves, background]) expect(await dtypesOf(saved)).toEqual([dtype, dtype]);
      // The same variable, restored from the other kind, is of the other kind.
      const other = name === 'steps' ? 'narrow' : 'steps';
      await checkpoint.restore(steps.path(`${other}-1`));
      expect(await dtypesOf(await checkpoint.save(path))).toEqual(
        other === 'steps' ? ['int64', 'int64'] : ['int32', 'int32'],
      );
    }
  });

  it('too large for int32: named, and nothing changes; a Counter takes it', async () => {
    const [step, other] = [int32(5), tf.variable(tf.scalar(1))];
    const large = steps.path('large');
    const restore = new Checkpoint({ step, other }).read(large);
    await expect(restore).rejects.toMatchObject({
      code: 'ERR_MISMATCH',
      message: /step .*int32.*3000000000.*Counter/s,
    });
    expect(step.dataSync()[0]).toBe(5);
    expect((await new Checkpoint({ step }).read(large, { skipMismatch: true })).mismatched).toHaveLength(1);
    expect(step.dataSync()[0]).toBe(5);
    const counter = new Counter();
    (await new Checkpoint({ step: counter }).read(large)).assertConsumed();
    expect([counter.value, counter.bigint, counter.dataSync()[0], String(counter)]).toEqual([
      3e9,
      3_000_000_000n,
      3e9,
      '3000000000',
    ]);
    const { step: narrow, checkpoint } = await steps.restored('narrow', new Counter());
    expect((narrow as Counter).value).toBe(7);
    expect(await dtypesOf(await checkpoint.save(join(directory, 'node', 'counted')))).toEqual(['int32', 'int64']);
  });

  it.each([
    'int8',
    'int16',
    'uint8',
    'uint16',
    'uint32',
    'uint64',
    'float16',
    'bfloat16',
    'float64',
    'bool',
    'complex64',
  ])('%s is no int32 and no float32: TensorFlow refuses that too', async dtype => {
    const path = steps.path(dtype);
    for (const v of [int32(3), tf.tidy(() => tf.variable(tf.scalar(3)))]) {
      await expect(new Checkpoint({ v }).read(path)).rejects.toMatchObject({ code: 'ERR_MISMATCH' });
      expect(v.dataSync()[0]).toBe(3);
    }
  });

  it('a variable that is made later takes int64 as well', async () => {
    class Counting extends tf.layers.Layer {
      static className = 'CountingLater';
      step: tf.LayerVariable | undefined;
      override build(): void {
        this.step = this.addWeight('step', [], 'int32', tf.initializers.zeros(), undefined, false);
        this.built = true;
      }
      override call(x: tf.Tensor): tf.Tensor {
        return x;
      }
    }
    const later = new Counting({});
    const status = await new Checkpoint(later as unknown as TrackableValue).read(steps.path('large'), {
      skipMismatch: true,
    });
    expect(status.missing).toEqual([]);
    const small = await new Checkpoint({ step: new Counter(41) }).write(join(directory, 'node', 'later'));
    await new Checkpoint(later as unknown as TrackableValue).read(small);
    later.apply(tf.zeros([1, 1]));
    expect(later.step!.read().dataSync()[0]).toBe(41);
  });
});

describe('what is no variable', () => {
  const VALUES: Record<string, string[]> = {
    it: ['it/.ATTRIBUTES/ITERATOR_STATE'],
    table: ['table/.ATTRIBUTES/table-keys', 'table/.ATTRIBUTES/table-values'],
    nested: ['nested/dense/.ATTRIBUTES/table-keys', 'nested/dense/.ATTRIBUTES/table-values'],
    state: ['state/.ATTRIBUTES/py_state'],
    generator: ['generator/_state_var/.ATTRIBUTES/VARIABLE_VALUE'],
  };
  const verdicts = async (): Promise<Record<string, { leftOut: boolean; added: boolean }>> =>
    JSON.parse(await readFile(join(directory, 'others.json'), 'utf8'));

  it('of Python, and was not taken, is unused', async () => {
    const step = int32(0);
    const status = await new Checkpoint({ step }).read(join(directory, 'python', 'others'));
    expect([...status.unused].sort()).toEqual(Object.values(VALUES).flat().sort());
    for (const { leftOut } of Object.values(await verdicts())) expect(leftOut).toBe(false);
    expect(() => status.assertConsumed()).toThrow(expect.objectContaining({ code: 'ERR_NOT_CONSUMED' }));
    // Something else in its place takes nothing of it.
    const other = await new Checkpoint({ step, it: { trackedChildren: () => ({}) } }).read(
      join(directory, 'python', 'others'),
    );
    expect(other.unused).toEqual(status.unused);
    const taken = { step, state: new State(''), generator: Generator.fromSeed(2) };
    const rest = await new Checkpoint(taken).read(join(directory, 'python', 'others'));
    expect([...rest.unused].sort()).toEqual([...VALUES.it!, ...VALUES.nested!, ...VALUES.table!].sort());
  });

  it('lives here, and is not in the checkpoint, is missing', async () => {
    const iterator = async (): Promise<TrackableValue> => Dataset.fromArray([0, 1, 2]).iterator();
    const live: Record<string, () => Promise<TrackableValue>> = {
      it: iterator,
      state: async () => new State(''),
      generator: async () => Generator.fromSeed(2),
    };
    const tensorFlow = await verdicts();
    for (const [name, make] of Object.entries({
      ...live,
      dataset: async () => checkpointable(Dataset.fromArray([1])),
    })) {
      const step = int32(0);
      const status = await new Checkpoint({ step, [name]: await make() }).read(join(directory, 'python', 'old'));
      expect(status.missing).toHaveLength(1);
      expect(status.missing[0]).toContain(name);
      expect(tensorFlow[name]?.added ?? false).toBe(false);
      expect(() => status.assertExistingObjectsMatched()).toThrow(expect.objectContaining({ code: 'ERR_UNMATCHED' }));
      expect(step.dataSync()[0]).toBe(2);
    }
    // Python's iterator is in the place of ours: its state is none that ours could take.
    const status = await new Checkpoint({ it: await iterator() }).read(join(directory, 'python', 'others'));
    expect(status.missing).toEqual(['.TENSORBUNDLE/it/state']);
    expect(status.unused).toContain('it/.ATTRIBUTES/ITERATOR_STATE');
  });

  it('was saved here, and has no taker, is unused; with one it is loaded', async () => {
    const it = await Dataset.fromArray([0, 1, 2]).iterator();
    const path = await new Checkpoint({ it, deep: [it, await Dataset.fromArray([5]).iterator()] }).write(
      join(directory, 'node', 'places'),
    );
    const nothing = await new Checkpoint({ step: int32(0) }).read(path);
    expect([...nothing.unused].sort()).toEqual(['.TENSORBUNDLE/deep/1/state', '.TENSORBUNDLE/it/state']);
    const fresh = await Dataset.fromArray([0, 1, 2]).iterator();
    const one = await new Checkpoint({ it: fresh }).read(path);
    one.assertExistingObjectsMatched().assertNontrivialMatch();
    expect([one.loaded, one.unused]).toEqual([['.TENSORBUNDLE/it/state'], ['.TENSORBUNDLE/deep/1/state']]);
  });
});

it.each([null, undefined, 3, 'model', () => 1])('is not made of %s', what => {
  expect(() => new Checkpoint(what as unknown as TrackableValue)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
  );
});

/** Objects with functions and variables, saved by saveModel and run by TensorFlow in Python and in tfjs-node. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OBJECT_GRAPH_KEY } from '../../../src/graph/key.js';
import { decodeObjectGraph } from '../../../src/graph/stored/decode.js';
import { CheckpointReader } from '../../../src/index.js';
import { Adam } from '../../../src/optimizers.js';
import { func, loadFunctions, loadModel, saveModel } from '../../../src/savedmodel.js';
import { Checkpoint, Counter, Dataset } from '../../../src/tfjs.js';
import { describeSavedModel } from '../../../src/training/savedmodel/shown/describe.js';
import { readStoredModel } from '../../../src/training/savedmodel/stored/stored-model.js';
import { runPython } from '../../oracle/python.js';

type Nested = number | string | readonly Nested[];

interface Answer {
  module: Record<string, Nested> & {
    both: { z: Nested; a: Nested };
    served: { z: Nested; a: Nested };
    signatures: Record<string, Nested>;
  };
  checkpoint: Nested[];
  session: Record<string, Nested>;
  alone: Nested[];
  aloneInSession: Record<string, Nested>;
  model: Record<string, Nested>;
  mixed: Nested[];
  fingerprints: [string, string][];
}

const ROWS = [
  [1, 2, 3],
  [4, 5, 6],
  [0.5, 0, 0],
];

let directory: string;
let answer: Answer;
let expected: Record<string, Nested>;

const at = (name: string): string => join(directory, name);

/** With a table above the size of constants that each function has for itself. */
function makeModule() {
  const w = tf.variable(
    tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    true,
    'w',
  );
  const b = tf.variable(tf.tensor1d([0.5, -0.5]), false, 'b');
  const n = tf.variable(tf.scalar(0), false, 'n');
  const table = tf.tensor2d(
    Array.from({ length: 400 }, (_, i) => Math.sin(i)),
    [200, 2],
  );
  const rows = { shape: [null, 3], dtype: 'float32' } as const;
  const affine = func((x: tf.Tensor2D) => x.matMul(w as tf.Tensor2D).add(b), [rows]);
  const both = func((x, scale) => ({ z: affine(x).mul(scale), a: x.sum() }), [rows, { shape: [], dtype: 'float32' }]);
  const list = func(ids => [table.gather(ids as tf.Tensor1D), ids], [{ shape: [null], dtype: 'int32', name: 'ids' }]);
  const many = func(x => Array.from({ length: 11 }, (_, i) => x.sum().add(i)), [rows]);
  const count = func(
    by => {
      n.assign(n.add(by));
      return n.clone();
    },
    [{ shape: [], dtype: 'float32' }],
  );
  const texts = func(words => words.reshape([-1, 1]), [{ shape: [null], dtype: 'string' }]);
  const more = [tf.variable(tf.scalar(7), true, 'more')];
  const step = new Counter(5);
  return { w, b, n, affine, both, inner: { list, more }, many, count, texts, step };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle objects '));
  const module = makeModule();
  const x = tf.tensor2d(ROWS);
  const gradient = tf.variableGrads(() => module.affine(x).square().sum(), [module.w]).grads.w!;
  expected = {
    affine: module.affine(x).arraySync() as number[][],
    both: module.both(x, tf.scalar(2)).z.arraySync() as number[][],
    list: module.inner.list(tf.tensor1d([1, 199, 0], 'int32'))[0]!.arraySync() as number[][],
    gradient: gradient.arraySync() as number[][],
    w: module.w.arraySync() as number[][],
  };
  const zeros = tf.zerosLike(module.w);
  const tensors = tf.memory().numTensors;
  const saving = saveModel(module, at('module'));
  // The values are those of the moment of the call.
  module.w.assign(zeros);
  await saving;
  expect(tf.memory().numTensors).toBe(tensors);
  await saveModel({ square: func(v => v.square(), [{ shape: [null], dtype: 'float32' }]) }, at('alone'));
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'head' })] });
  const served = func(x => model.apply(x) as tf.Tensor, [{ shape: [null, 3], dtype: 'float32' }]);
  const half = func(x => ({ half: served(x).mul(0.5) }), [{ shape: [null, 3], dtype: 'float32' }]);
  const twice = func(x => served(x).mul(2), [{ shape: [null, 3], dtype: 'float32' }]);
  await saveModel(model, at('model'), { signatures: { serving_default: served, half }, extra: { twice } });
  const row = tf.tensor2d([[1, 2, 3]]);
  expected.model = served(row).arraySync() as number[][];
  model.layers[0]!.trainable = false;
  const optimizer = new Adam({ learningRate: 0.1 });
  optimizer.minimize(() => module.w.square().sum() as tf.Scalar, false, [module.w]);
  const iterator = await Dataset.fromTensorSlices(tf.range(0, 9)).batch(2).iterator();
  await iterator.next();
  const state = { serialize: () => 'text', deserialize: () => undefined };
  const parts = { model, bias: module.b, optimizer, w: module.w, iterator, state };
  const predict = { predict: served, 'my fn é': half };
  await saveModel({ ...parts, ...predict }, at('mixed'), { signatures: served });
  const job = Object.fromEntries(['module', 'alone', 'model', 'mixed'].map(name => [name, at(name)]));
  const printed = await runPython('test/savedmodel/functions/objects.py', [], { input: JSON.stringify(job) });
  answer = JSON.parse(printed) as Answer;
}, 120_000);

afterAll(async () => {
  tf.disposeVariables();
  await rm(directory, { recursive: true, force: true });
});

function expectNear(found: unknown, wanted: unknown): void {
  const [a, b] = [found, wanted].map(one => tf.tensor(one as number[]));
  expect(a!.shape).toEqual(b!.shape);
  expect(a!.sub(b!).abs().max().dataSync()[0]).toBeLessThan(1e-5);
}

describe('an object with functions, in Python', () => {
  it('runs them at any size, by position and by name', () => {
    const { module } = answer;
    for (const name of ['affine', 'list']) {
      const found = name === 'list' ? (module[name] as Nested[])[0] : module[name];
      expectNear(found, expected[name]);
    }
    expect(module.named).toEqual(module.affine);
    expect(module.refused).toBe(true);
  });

  it('returns what they return: a tensor, a list, a dictionary, texts', () => {
    const { module } = answer;
    expectNear(module.both.z, expected.both);
    expect(module.both.a).toBe(21.5);
    expect((module.list as Nested[])[1]).toEqual([1, 199, 0]);
    expect(module.texts).toEqual([['a'], ['b'], ['c']]);
    expect(module.many).toBe(11);
  });

  it('has its variables, which functions read and assign', () => {
    const { module } = answer;
    expect(module.count).toEqual([2, 5, 5]);
    expect(module.step).toBe(5);
    expect(module.variables).toEqual(['w:0', 'b:0', 'n:0', 'Variable:0', 'more:0']);
    expect(module.trainable).toEqual(['w:0', 'more:0']);
  });

  it('can be trained', () => {
    expectNear(answer.module.gradient, expected.gradient);
    expect(answer.module.trained).toBe(true);
  });

  it('has signatures: each function of its own; inputs and outputs are named', () => {
    expect(answer.module.signatures).toEqual({
      affine: [['x'], ['output_0']],
      both: [
        ['scale', 'x'],
        ['a', 'z'],
      ],
      many: [['x'], Array.from({ length: 11 }, (_, i) => `output_${i}`).sort()],
      count: [['by'], ['output_0']],
      texts: [['words'], ['output_0']],
    });
    expectNear(answer.module.served.z, expected.both);
    expect(answer.module['of many']).toBe(31.5);
  });

  it('can be saved again', () => {
    expect(answer.module.again).toEqual([
      6,
      [[[expect.closeTo(Math.sin(4)), expect.closeTo(Math.sin(5))]], [2]],
      ['list', 'served'],
    ]);
    expect(answer.module.same).toBe(true);
  });

  it('is restored by tf.train.Checkpoint, into an object and into itself', () => {
    const [w, step, again, keys] = answer.checkpoint;
    expect([w, step, again]).toEqual([expected.w, 5, expected.w]);
    expect(keys).toEqual([
      '_CHECKPOINTABLE_OBJECT_GRAPH',
      ...['b', 'inner/more/0', 'n', 'step', 'w'].map(path => `${path}/.ATTRIBUTES/VARIABLE_VALUE`),
    ]);
  });

  it('is served without Python objects: a lone function is the default signature', () => {
    expect(answer.alone).toEqual([[1, 4, 9], [], ['serving_default']]);
    expect(answer.aloneInSession).toEqual({ output_0: [9] });
  });

  it('may hold whatever a checkpoint holds, under any names', () => {
    const [predicted, variables, trainable, named] = answer.mixed;
    expect(named).toEqual((predicted as number[][]).map(row => row.map(one => one / 2)));
    expectNear(predicted, expected.model);
    // The layer is frozen, and so is the bias. Variables without names are those of the iterator.
    const own = (variables as string[]).filter(name => !name.startsWith('Variable'));
    expect([own, trainable]).toEqual([['b:0', 'w:0', 'head/kernel:0', 'head/bias:0'], ['w:0']]);
  });
});

describe('a model with signatures, in Python', () => {
  it('is a model of Keras, and can be served', () => {
    const { model } = answer;
    expectNear(model.served, expected.model);
    expectNear(model.keras, expected.model);
    expectNear(
      model.half,
      (expected.model as number[][]).map(row => row.map(one => one / 2)),
    );
    expect(model.weights).toBe(2);
  });

  it('has functions in what is saved beside it', () => {
    expectNear(
      answer.model.extra,
      (expected.model as number[][]).map(row => row.map(one => one * 2)),
    );
  });
});

describe('the files', () => {
  it('have the fingerprint that TensorFlow would give them', () => {
    expect(answer.fingerprints.map(([written]) => written)).toEqual(answer.fingerprints.map(([, wanted]) => wanted));
  });

  it('are those of a tf.Module', async () => {
    const found = await readdir(at('module'), { recursive: true });
    expect(found.sort()).toEqual([
      ...['assets', 'fingerprint.pb', 'saved_model.pb', 'variables'],
      ...['variables/variables.data-00000-of-00001', 'variables/variables.index'],
    ]);
  });

  it('have the nodes of the checkpoint with their numbers, and functions after them', async () => {
    await using reader = await CheckpointReader.open(join(at('module'), 'variables', 'variables'));
    const { data } = await reader.read(OBJECT_GRAPH_KEY);
    const graph = decodeObjectGraph((data as Uint8Array[])[0]!, at('module'));
    const { nodes } = await readStoredModel(at('module'));
    for (const [number, { children }] of graph.entries()) {
      const edges = nodes[number]!.children.map(({ localName, nodeId }) => ({ name: localName, node: nodeId }));
      expect(edges).toEqual(expect.arrayContaining([...children]));
    }
    const kinds = nodes.slice(graph.length).map(({ kind }) => kind.case);
    expect(kinds).toContain('constant');
    expect(new Set(kinds)).toEqual(new Set(['constant', 'bareConcreteFunction', 'userObject']));
  });

  it('hold a large constant once', async () => {
    expect((await readFile(join(at('module'), 'saved_model.pb'))).length).toBeLessThan(60_000);
  });

  it('are shown', async () => {
    const shown = await describeSavedModel(at('module'));
    expect(shown.writtenBy.tensorbundle).toBe(true);
    expect(shown.signatures.map(({ name }) => name)).toEqual(['affine', 'both', 'count', 'many', 'texts']);
    const paths = shown.functions.flatMap(({ path, isBare }) => (isBare ? [] : [path]));
    expect(paths).toEqual(['affine', 'both', 'many', 'count', 'texts', 'inner/list']);
  });
});

describe('in Node', () => {
  it('loadFunctions runs the signatures', async () => {
    using functions = await loadFunctions(at('module'));
    expect(Object.keys(functions)).toEqual(['affine', 'both', 'count', 'many', 'texts']);
    expectNear(((await functions.affine!(tf.tensor2d(ROWS))) as tf.Tensor).arraySync(), expected.affine);
    const counted = [await functions.count!(tf.scalar(1)), await functions.count!(tf.scalar(1))] as tf.Tensor[];
    expect(counted.map(one => one.arraySync())).toEqual([1, 2]);
  });

  it('loadModel says what it is', async () => {
    await expect(loadModel(at('module'))).rejects.toThrow(/saveModel for an object that is not a model; loadFunctions/);
    expect((await loadModel(at('model'))).layers).toHaveLength(1);
  });

  it('Checkpoint restores the variables, also into the object with its functions', async () => {
    tf.disposeVariables();
    const module = makeModule();
    module.w.assign(tf.zerosLike(module.w));
    const status = await new Checkpoint(module).read(join(at('module'), 'variables', 'variables'));
    status.assertExistingObjectsMatched();
    expect(module.w.arraySync()).toEqual(expected.w);
    const path = await new Checkpoint(module).save(at('checkpoint'));
    expect((await CheckpointReader.open(path)).names()).toContain('w/.ATTRIBUTES/VARIABLE_VALUE');
  });

  it('functions change with the next save', async () => {
    const v = tf.variable(tf.scalar(1), true, 'v');
    const scalar = [{ shape: [], dtype: 'float32' }] as const;
    for (const [name, by] of [
      ['one', 1],
      ['two', 2],
      ['two', 3],
    ] as const) {
      v.assign(tf.scalar(by));
      await saveModel({ v, f: func(x => x.add(by).add(v), scalar) }, at('changing'), {
        signatures: { [name]: func(x => x.mul(v).mul(by), scalar) },
      });
      using functions = await loadFunctions(at('changing'));
      expect(Object.keys(functions)).toEqual([name]);
      expect(((await functions[name]!(tf.scalar(10))) as tf.Tensor).arraySync()).toBe(10 * by * by);
    }
    await writeFile(at('changing/mine.txt'), 'x');
    await expect(saveModel({ v }, at('changing'))).rejects.toMatchObject({ code: 'ERR_EXISTS' });
  });
});

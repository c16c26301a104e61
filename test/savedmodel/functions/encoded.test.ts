/** Graphs as functions, signatures and a serving graph: what TensorFlow computes from them, loaded in every way. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DTYPES, dtypeInfo } from '../../../src/format/dtypes.js';
import { CheckpointWriter, type DType, type TensorData, type TensorSource } from '../../../src/index.js';
import { encodeGraphs, type StoredVariable } from '../../../src/training/savedmodel/encoded/encode-graphs.js';
import type { Graph, Value } from '../../../src/training/savedmodel/graphs/graph.js';
import { runPython } from '../../oracle/python.js';
import { GraphMaker, type Typed } from './graph-maker.js';
import { saveGraphs, writeSavedModel } from './saved-graphs.js';

type Inputs = Record<string, readonly [dtype: string, values: unknown]>;

interface Job {
  readonly dir: string;
  readonly calls: readonly { readonly signature: string; readonly inputs: Inputs }[];
  readonly gradients?: readonly [call: number, output: string];
  /** Whether there are no objects in the checkpoint. */
  readonly flat?: boolean;
}

interface Answer {
  readonly eager: readonly Record<string, { readonly shape: readonly number[]; readonly values: readonly unknown[] }>[];
  readonly session: readonly Record<string, readonly unknown[]>[];
  /** After the calls. */
  readonly variables: Readonly<Record<string, readonly unknown[]>>;
  readonly stored: Readonly<Record<string, readonly unknown[]>>;
  readonly gradients: Readonly<Record<string, readonly number[] | null>>;
  readonly shapes: Readonly<Record<string, readonly (readonly (number | null)[])[]>>;
  readonly nodes: Readonly<Record<string, readonly (readonly [op: string, name: string])[]>>;
  readonly graph: readonly (readonly [op: string, name: string])[];
}

let directory: string;
const answers = new Map<string, Answer>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle encoded '));
  const jobs: Job[] = [];
  for (const make of [dense, counting, kinds, looping, scanning, normalizing, bare, types]) {
    const dir = join(directory, make.name);
    jobs.push({ dir, ...(await make(dir)) });
  }
  const file = join(directory, 'jobs.json');
  await writeFile(file, JSON.stringify(jobs));
  await runPython('test/savedmodel/functions/graphs.py', [file]);
  const found = JSON.parse(await readFile(`${file}.answer`, 'utf8')) as Answer[];
  for (const [i, { dir }] of jobs.entries()) answers.set(dir.split('/').at(-1)!, found[i]!);
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

function answerOf(make: { name: string }): Answer {
  return answers.get(make.name)!;
}

/** In all programs. */
function expectOutputs({ eager, session }: Answer, call: number, wanted: Record<string, readonly unknown[]>): void {
  expect(session[call]).toEqual(wanted);
  expect(Object.fromEntries(Object.entries(eager[call]!).map(([name, { values }]) => [name, values]))).toEqual(wanted);
}

const BIG = Array.from({ length: 300 }, (_, i) => i);

/** Two functions that share a large constant; an output that is an argument, and one value twice. */
async function dense(dir: string): Promise<Omit<Job, 'dir'>> {
  const w = tf.variable(tf.tensor2d([1, 2, 3, 4], [2, 2]), true, 'dense/kernel');
  const unused = tf.variable(tf.tensor1d([7, 8], 'int32'), false, 'dense/kernel_1');
  const make = (offset: number): Graph => {
    const maker = new GraphMaker();
    const x = maker.argument('x', 'float32', [null, 2]);
    const big = maker.constant('float32', [150, 2], BIG);
    const [product] = maker.run('MatMul', [x, maker.read(w)], [['float32', [null, 2]]]);
    const begin = maker.constant('int32', [2], [offset, 0]);
    const size = maker.constant('int32', [2], [1, 2]);
    const [row] = maker.run('Slice', [big, begin, size], [['float32', [1, 2]]]);
    const [sum] = maker.run('AddV2', [product!, row!], [['float32', [null, 2]]]);
    return maker.graph(sum!, x, sum!);
  };
  const names = { inputNames: ['x'], outputNames: ['sum', 'Input', 'again'] };
  const encoded = await saveGraphs(
    dir,
    { w, unused },
    {
      functions: [
        { name: 'call', graph: make(10), ...names },
        { name: 'other', graph: make(20), ...names },
      ],
      signatures: [
        { name: 'serving_default', function: 0 },
        { name: 'other', function: 1 },
      ],
    },
  );
  expect(encoded.constants).toEqual([{ nodeName: 'Const', dtype: 1, shape: [150, 2] }]);
  expect(encoded.functions.map(({ boundInputs }) => boundInputs)).toEqual(
    [0, 0].map(() => [
      { kind: 'variable', index: 0 },
      { kind: 'constant', index: 0 },
    ]),
  );
  const inputs: Inputs = { x: ['float32', [[1, 1]]] };
  return {
    calls: [
      { signature: 'serving_default', inputs },
      {
        signature: 'other',
        inputs: {
          x: [
            'float32',
            [
              [1, 1],
              [2, 0],
            ],
          ],
        },
      },
    ],
    gradients: [0, 'sum'],
  };
}

/** A call changes variables. */
async function counting(dir: string): Promise<Omit<Job, 'dir'>> {
  const step = tf.variable(tf.scalar(3, 'int32'), false, 'step');
  const mean = tf.variable(tf.tensor1d([1, 2]), true, 'mean');
  const maker = new GraphMaker();
  const x = maker.argument('x', 'float32', [2]);
  const before = maker.read(step);
  const [after] = maker.run('AddV2', [before, maker.constant('int32', [], [1])], [['int32', []]]);
  maker.assign(step, after!);
  const old = maker.read(mean);
  maker.assign(mean, x);
  const graph = maker.graph(before, maker.read(step), old);
  await saveGraphs(
    dir,
    { step, mean },
    {
      functions: [{ name: 'train step!', graph, inputNames: ['x'], outputNames: ['before', 'still', 'mean'] }],
      signatures: [{ name: 'train', function: 0 }],
    },
  );
  const call = (values: number[]) => ({ signature: 'train', inputs: { x: ['float32', values] as const } });
  return { calls: [call([5, 6]), call([7, 8])] };
}

/** Types and attributes of all kinds. */
async function kinds(dir: string): Promise<Omit<Job, 'dir'>> {
  const maker = new GraphMaker();
  const numbers = maker.argument('Numbers', 'int32', [null]);
  const flags = maker.argument('flags', 'bool', [null]);
  const texts = maker.argument('texts', 'string', [2]);
  const [sum] = maker.run('Sum', [numbers, maker.constant('int32', [1], [0])], [['int32', []]], {
    keep_dims: { kind: 'bool', value: false },
    _own: { kind: 'int', value: 1 },
    T: { kind: 'type', value: 1 },
    unknown: { kind: 'float', value: 1 },
  });
  const [not] = maker.run('LogicalNot', [flags], [['bool', [null]]]);
  const [joined] = maker.run(
    'ConcatV2',
    [texts, maker.constant('string', [1], ['é']), maker.constant('int32', [], [0])],
    [['string', [3]]],
  );
  // TensorFlow.js says that an integer is one of 32 bits.
  const [where] = maker.run('Where', [flags], [['int32', [null, 1]]]);
  const [float] = maker.run('Cast', [numbers], [['float32', [null]]]);
  const [scaled] = maker.run('LeakyRelu', [float!], [['float32', [null]]], { alpha: { kind: 'int', value: 0 } });
  const parts = maker.run(
    'Unpack',
    [texts],
    [
      ['string', []],
      ['string', []],
    ],
    { axis: { kind: 'int', value: 0 } },
  );
  const shape = maker.constant('int32', [1], [4]);
  const [random] = maker.run('RandomUniform', [shape], [['float32', [4]]]);
  const [same] = maker.run('Sub', [random!, random!], [['float32', [4]]]);
  const outputs = { sum, not, joined, where, scaled, last: parts[1], zero: same };
  const graph = maker.graph(...(Object.values(outputs) as Value[]));
  await saveGraphs(
    dir,
    {},
    {
      functions: [
        { name: 'kinds', graph, inputNames: ['Numbers', 'flags', 'texts'], outputNames: Object.keys(outputs) },
      ],
      signatures: [{ name: 'serving_default', function: 0 }],
    },
  );
  const inputs: Inputs = {
    Numbers: ['int32', [1, -2, 3]],
    flags: ['bool', [true, false, true]],
    texts: ['string', ['a', 'ü']],
  };
  return { calls: [{ signature: 'serving_default', inputs }] };
}

/** Adds x to what there is as often as x has rows; a large constant is used in the loop. */
async function looping(dir: string): Promise<Omit<Job, 'dir'>> {
  const w = tf.variable(tf.tensor1d([1, 2]), true, 'w');
  const condition = new GraphMaker();
  const types: [name: string, ...Typed][] = [
    ['loop_counter', 'int32', []],
    ['maximum_iterations', 'int32', []],
    ['n', 'int32', []],
    ['y', 'float32', [2]],
    ['w', 'float32', [2]],
  ];
  const [i, , n] = types.map(type => condition.argument(...type));
  const [less] = condition.run('Less', [i!, n!], [['bool', []]]);
  const body = new GraphMaker();
  const [at, most, all, y, factor] = types.map(type => body.argument(...type));
  const [next] = body.run('AddV2', [at!, body.constant('int32', [], [1])], [['int32', []]]);
  const big = body.constant('float32', [150, 2], BIG);
  const [row] = body.run('GatherV2', [big, at!, body.constant('int32', [], [0])], [['float32', [2]]]);
  const [product] = body.run('Mul', [row!, factor!], [['float32', [2]]]);
  const [sum] = body.run('AddV2', [y!, product!], [['float32', [2]]]);
  const maker = new GraphMaker();
  const x = maker.argument('x', 'float32', [null]);
  const [size] = maker.run('Size', [x], [['int32', []]]);
  const start = [0, -1].map(number => maker.constant('int32', [], [number]));
  const zeros = maker.constant('float32', [2], [0, 0]);
  const bodyGraph = body.graph(next!, most!, all!, sum!, factor!);
  const loop = maker.loop(condition.graph(less!), bodyGraph, [...start, size!, zeros, maker.read(w)]);
  const result = loop[3];
  await saveGraphs(
    dir,
    { w },
    {
      functions: [{ name: 'loop', graph: maker.graph(result!), inputNames: ['x'], outputNames: ['y'] }],
      signatures: [{ name: 'serving_default', function: 0 }],
    },
  );
  const call = (values: number[]) => ({ signature: 'serving_default', inputs: { x: ['float32', values] as const } });
  return { calls: [call([0, 0, 0]), call([])], gradients: [0, 'y'] };
}

/** y = w y + x for each row of x; all y. Rows go in and out by lists of tensors. */
async function scanning(dir: string): Promise<Omit<Job, 'dir'>> {
  const w = tf.variable(tf.tensor1d([2, 3]), true, 'factor');
  const row: Typed = ['float32', [2]];
  const scalar: Typed = ['int32', []];
  const list: Typed = ['variant', []];
  const element = { element_dtype: { kind: 'type', value: 1 } } as const;
  const types: [name: string, ...Typed][] = [
    ['loop_counter', ...scalar],
    ['maximum_iterations', ...scalar],
    ['y', ...row],
    ['ys', ...list],
    ['xs', ...list],
    ['w', ...row],
    ['n', ...scalar],
  ];
  const condition = new GraphMaker();
  const tested = types.map(type => condition.argument(...type));
  const less = condition.run('Less', [tested[0]!, tested[6]!], [['bool', []]])[0]!;
  const body = new GraphMaker();
  const [i, most, y, ys, xs, factor, n] = types.map(type => body.argument(...type));
  const [next] = body.run('AddV2', [i!, body.constant('int32', [], [1])], [scalar]);
  const [x] = body.run('TensorListGetItem', [xs!, i!, body.constant('int32', [1], [2])], [row], element);
  const [product] = body.run('Mul', [y!, factor!], [row]);
  const [sum] = body.run('AddV2', [product!, x!], [row]);
  const [kept] = body.run('TensorListSetItem', [ys!, i!, sum!], [list]);
  const maker = new GraphMaker();
  const rows = maker.argument('x', 'float32', [null, 2]);
  const read = maker.read(w);
  const shape = maker.constant('int32', [1], [2]);
  const [listed] = maker.run('TensorListFromTensor', [rows, shape], [list]);
  const [length] = maker.run('TensorListLength', [listed!], [scalar]);
  const [empty] = maker.run('TensorListReserve', [shape, length!], [list], element);
  const start = [0, -1].map(number => maker.constant('int32', [], [number]));
  const zeros = maker.constant('float32', [2], [0, 0]);
  const outputs = [next!, most!, sum!, kept!, xs!, factor!, n!];
  const inputs = [...start, zeros, empty!, listed!, read, length!];
  const loop = maker.loop(condition.graph(less), body.graph(...outputs), inputs);
  const [all] = maker.run('TensorListStack', [loop[3]!, shape], [['float32', [null, 2]]], element);
  await saveGraphs(
    dir,
    { w },
    {
      functions: [
        { name: 'scan', graph: maker.graph(all!, loop[2]!), inputNames: ['x'], outputNames: ['all', 'last'] },
      ],
      signatures: [{ name: 'serving_default', function: 0 }],
    },
  );
  const inputsOf = (x: number[][]) => ({ signature: 'serving_default', inputs: { x: ['float32', x] as const } });
  return {
    calls: [
      inputsOf([
        [1, 1],
        [0, 1],
        [1, 0],
      ]),
      inputsOf([[1, 2]]),
    ],
    gradients: [0, 'all'],
  };
}

/** By a variable's mean, and by the batch's own. */
async function normalizing(dir: string): Promise<Omit<Job, 'dir'>> {
  const w = tf.variable(tf.tensor1d([2]), true, 'scale');
  const maker = new GraphMaker();
  const x = maker.argument('x', 'float32', [null, 1, 1, 1]);
  const one = maker.constant('float32', [1], [1]);
  const scaled = maker.run('Mul', [x, maker.read(w)], [['float32', [null, 1, 1, 1]]])[0]!;
  const axes = maker.constant('int32', [3], [0, 1, 2]);
  const mean = maker.run('Mean', [scaled, axes], [['float32', [1]]])[0]!;
  const run = (average: Value) =>
    maker.run(
      'FusedBatchNorm',
      [scaled, one, one, average, one],
      [['float32', [null, 1, 1, 1]], ...[1, 2, 3, 4].map(() => ['float32', [1]] as const)],
      { epsilon: { kind: 'float', value: 0 }, is_training: { kind: 'bool', value: false } },
    )[0]!;
  await saveGraphs(
    dir,
    { w },
    {
      functions: [
        { name: 'given', graph: maker.graph(run(one)), inputNames: ['x'], outputNames: ['y'] },
        { name: 'own', graph: maker.graph(run(mean)), inputNames: ['x'], outputNames: ['y'] },
      ],
      signatures: [
        { name: 'given', function: 0 },
        { name: 'own', function: 1 },
      ],
    },
  );
  const inputs: Inputs = { x: ['float32', [[[[1]]], [[[3]]]]] };
  return {
    calls: [
      { signature: 'given', inputs },
      { signature: 'own', inputs },
    ],
    gradients: [1, 'y'],
  };
}

const TEXTS = Array.from({ length: 300 }, (_, i) => `text ${i}`);

/** No variables, no inputs. A large constant of texts. */
async function bare(dir: string): Promise<Omit<Job, 'dir'>> {
  const maker = new GraphMaker();
  const graph = maker.graph(maker.constant('int32', [2], [1, 2]), maker.constant('string', [300], TEXTS));
  await saveGraphs(
    dir,
    {},
    {
      functions: [{ name: 'bare', graph, inputNames: [], outputNames: ['output_0', 'texts'] }],
      signatures: [{ name: 'serving_default', function: 0 }],
    },
  );
  return { calls: [{ signature: 'serving_default', inputs: {} }] };
}

/** Variables of many types, one of them stored as another type than the function has. */
async function types(dir: string): Promise<Omit<Job, 'dir'>> {
  const half = tf.variable(tf.tensor1d([1, 2]), true, 'half');
  const maker = new GraphMaker();
  const before = maker.read(half);
  maker.assign(half, maker.run('AddV2', [before, maker.constant('float32', [], [1])], [['float32', [2]]])[0]!);
  const source = {
    functions: [{ name: 'half', graph: maker.graph(before), inputNames: [], outputNames: ['half'] }],
    signatures: [{ name: 'half', function: 0 }],
  };
  const writer = new CheckpointWriter(join(dir, 'variables', 'variables'), { durable: false });
  const add = (
    name: string,
    dtype: DType,
    shape: number[],
    data: TensorData,
    variable?: tf.Variable,
  ): StoredVariable => {
    const key = `${name}/.ATTRIBUTES/VARIABLE_VALUE`;
    writer.add(key, { dtype, shape, data } as TensorSource);
    return { key, fullName: name, dtype: dtypeInfo(dtype).number, shape, variable };
  };
  const variables = DTYPES.filter(dtype => dtype !== 'variant').map(dtype => {
    const bytes = new Uint8Array(dtypeInfo(dtype).bytes).fill(1);
    return add(dtype, dtype, [], dtype === 'string' ? [bytes] : new (dtypeInfo(dtype).array)(bytes.buffer));
  });
  variables.push(add('half', 'bfloat16', [2], new Uint16Array([0x3f80, 0x4000]), half));
  await writeSavedModel(dir, source, variables, encodeGraphs({ ...source, variables }));
  await writer.finish();
  return { calls: [{ signature: 'half', inputs: {} }], flat: true };
}

describe('a function with variables and a large constant', () => {
  it('computes what the graph says', () => {
    expectOutputs(answerOf(dense), 0, { sum: [24, 27], Input: [1, 1], again: [24, 27] });
    expectOutputs(answerOf(dense), 1, { sum: [44, 47, 42, 45], Input: [1, 1, 2, 0], again: [44, 47, 42, 45] });
  });
  it('has gradients', () => {
    expect(Object.values(answerOf(dense).gradients)[0]).toEqual([1, 1, 1, 1]);
  });
  it('tells static shapes', () => {
    const { shapes } = answerOf(dense);
    expect(shapes.__inference_call_0).toEqual([
      [null, 2],
      [null, 2],
      [null, 2],
    ]);
    expect(Object.keys(shapes)).toHaveLength(4);
  });
  it('and all variables are saved and restored', () => {
    expect(answerOf(dense).stored).toEqual({
      'w/.ATTRIBUTES/VARIABLE_VALUE': [1, 2, 3, 4],
      'unused/.ATTRIBUTES/VARIABLE_VALUE': [7, 8],
    });
    const handles = answerOf(dense).graph.filter(([op]) => op === 'VarHandleOp');
    expect(handles.map(([, name]) => name)).toEqual(['dense/kernel', 'dense/kernel_1']);
  });
});

it('a call reads variables before it changes them', () => {
  const answer = answerOf(counting);
  expectOutputs(answer, 0, { before: [3], still: [3], mean: [1, 2] });
  expectOutputs(answer, 1, { before: [4], still: [4], mean: [5, 6] });
  expect(answer.variables).toEqual({ step: [5], mean: [7, 8] });
  expect(answer.stored).toMatchObject({ 'step/.ATTRIBUTES/VARIABLE_VALUE': [5] });
});

it('has types and attributes as TensorFlow wants them', () => {
  expectOutputs(answerOf(kinds), 0, {
    sum: [2],
    not: [false, true, false],
    joined: ['a', 'ü', 'é'],
    where: [0, 2],
    scaled: [1, -0, 3],
    last: ['ü'],
    zero: [0, 0, 0, 0],
  });
});

it('has loops, through which gradients flow', () => {
  const answer = answerOf(looping);
  expectOutputs(answer, 0, { y: [6, 18] });
  expectOutputs(answer, 1, { y: [0, 0] });
  expect(Object.values(answer.gradients)).toEqual([[6, 9]]);
});

it('has lists of tensors in loops', () => {
  const answer = answerOf(scanning);
  expectOutputs(answer, 0, { all: [1, 1, 2, 4, 5, 12], last: [5, 12] });
  expectOutputs(answer, 1, { all: [1, 2], last: [1, 2] });
  // The sum of all is x0 (1 + w + w²) + x1 (1 + w) + x2.
  expect(Object.values(answer.gradients)).toEqual([[5, 8]]);
});

it('has no operation that TensorFlow keeps for itself or for old graphs', () => {
  const answer = answerOf(normalizing);
  expectOutputs(answer, 0, { y: [2, 6] });
  expectOutputs(answer, 1, { y: [-1, 3] });
  expect(Object.values(answer.gradients)).toEqual([[0]]);
  const ops = Object.values(answer.nodes).map(nodes => nodes.map(([op]) => op));
  expect(ops.flat().filter(op => op.includes('Fused'))).toEqual(['FusedBatchNormV3', 'FusedBatchNormV3']);
});

it('needs neither inputs nor variables', () => {
  expectOutputs(answerOf(bare), 0, { output_0: [1, 2], texts: TEXTS });
});

it('runs in TensorFlow.js', async () => {
  const loaded = await tf.node.loadSavedModel(join(directory, 'looping'), ['serve'], 'serving_default');
  const { y } = loaded.predict({ x: tf.tensor1d([0, 0]) }) as Record<string, tf.Tensor>;
  expect([...(await y!.data())]).toEqual([2, 8]);
  loaded.dispose();
});

it('a graph has the variables of all types that TensorFlow runs', () => {
  const { session, stored: written } = answerOf(types);
  expect(session).toEqual([{ half: [1, 2] }]);
  expect(written['half/.ATTRIBUTES/VARIABLE_VALUE']).toEqual([2, 3]);
  expect(written['int64/.ATTRIBUTES/VARIABLE_VALUE']).toEqual(['72340172838076673']);
  const lacking = DTYPES.filter(dtype => !(`${dtype}/.ATTRIBUTES/VARIABLE_VALUE` in written));
  expect(lacking).toEqual(
    DTYPES.filter(dtype => /variant|int16$|int[24]$|float[48]/.test(dtype) && !/^u?int16/.test(dtype)),
  );
});

it('the table of operations is that of TensorFlow', async () => {
  await runPython('tools/operations.py', ['--check']);
});

describe('refuses', () => {
  const encode = (graph: Graph) =>
    encodeGraphs({
      functions: [{ name: 'f', graph, inputNames: ['x'], outputNames: ['y'] }],
      signatures: [],
      variables: [],
    });
  const float: Typed = ['float32', []];

  it.each([
    ['NoSuchOp', [float], /NoSuchOp \(of NoSuchOp, at model \(program.js:1:1\)\).* none of those/],
    ['AddV2', [float], /AddV2 .* cannot have 1 inputs/],
    ['Cast', [['int32', []]] as Typed[], undefined],
    ['Einsum', [float], /Einsum .* lacks its attribute equation/],
  ])('%s', (op, outputs, message) => {
    const maker = new GraphMaker();
    const x = maker.argument('x', 'float32', []);
    const graph = maker.graph(maker.run(op, [x], outputs)[0]!);
    if (message === undefined) encode(graph);
    else
      expect(() => encode(graph)).toThrow(
        expect.objectContaining({ code: 'ERR_NOT_SUPPORTED', message: expect.stringMatching(message) }),
      );
  });

  it('more constants than a message holds', () => {
    const maker = new GraphMaker();
    maker.argument('x', 'float32', []);
    // Memory that nobody touches.
    const graph = maker.graph(maker.constantOf('uint8', [2 ** 31], new Uint8Array(2 ** 31)));
    expect(() => encode(graph)).toThrow(expect.objectContaining({ code: 'ERR_NOT_SUPPORTED', found: 2 ** 31 }));
  });

  it('variables that are not saved', () => {
    const maker = new GraphMaker();
    maker.argument('x', 'float32', []);
    const graph = maker.graph(maker.read(tf.variable(tf.scalar(1), true, 'lost')));
    expect(() => encode(graph)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', tensor: 'lost' }));
  });
});

/**
 * Whose slot is whose, between real Keras and Node, where it takes more than counting: a model within a model, a layer
 * that is not trained, variables without names, two models whose layers have the same names.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadVariable } from '../../../src/index.js';
import { Checkpoint } from '../../../src/tfjs.js';
import { runPython } from '../../oracle/python.js';
import { nested, OPTIMIZERS, start, type Training, train, variablesOf } from './training.js';

const STEPS = 5;
const WITHIN = 1e-6;
const FORMS = ['nested', 'frozen', 'raw', 'two'] as const;
type Form = (typeof FORMS)[number];

const CASES = FORMS.flatMap(form =>
  ['momentum', 'exact Adam', 'exact RMSprop'].flatMap(name =>
    (form === 'raw' ? ['new', 'legacy'] : ['new', 'legacy', 'keras3']).map(
      generation => [form, name, generation] as const,
    ),
  ),
);
const WRITTEN = CASES.filter(([, , generation]) => generation !== 'keras3');

let directory: string;
let wanted: Record<string, number[][]>;
let fromNode: Record<string, number[][]>;

interface Trainings {
  readonly parts: readonly Training[];
  readonly checkpoint: Checkpoint;
}

function begin(form: Form, name: string): Trainings {
  const make = OPTIMIZERS[name]!;
  if (form === 'raw') {
    const [w, b, u] = [[2], [3], [2]].map(([size], i) => tf.tidy(() => tf.variable(tf.linspace(-1, 1 + i, size!)))) as [
      tf.Variable,
      tf.Variable,
      tf.Variable,
    ];
    const optimizer = make();
    return { parts: [{ optimizer, variables: [w, b, u] }], checkpoint: new Checkpoint({ w, b, u, optimizer }) };
  }
  if (form === 'two') {
    const model = (): tf.LayersModel => {
      const [a, b] = ['a', 'b'].map(layer => tf.layers.dense({ units: 3, inputShape: [3], name: layer }));
      return start(tf.sequential({ layers: [a!, b!] }));
    };
    const [first, second, o1, o2] = [model(), model(), make(), make()];
    const parts = [
      { optimizer: o1, variables: variablesOf(first) },
      { optimizer: o2, variables: variablesOf(second) },
    ];
    return { parts, checkpoint: new Checkpoint({ first, second, o1, o2 }) };
  }
  const model = nested();
  if (form === 'frozen') model.layers[0]!.trainable = false;
  const optimizer = make();
  return { parts: [{ optimizer, variables: variablesOf(model) }], checkpoint: new Checkpoint({ model, optimizer }) };
}

function trainAll({ parts }: Trainings, first: number, last: number): void {
  for (const part of parts) train(part, first, last);
}

function difference(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): number {
  expect(found.map(values => values.length)).toEqual(expected.map(values => values.length));
  const [a, b] = [found.flat(), expected.flat()];
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / Math.max(...b.map(Math.abs));
}

function valuesOf({ parts }: Trainings): number[][] {
  return parts.flatMap(({ variables }) => variables.map(variable => [...variable.dataSync()]));
}

async function python(action: 'write' | 'read'): Promise<Record<string, number[][]>> {
  await runPython('test/layers/optimizers/ownership.py', [directory, action]);
  return JSON.parse(readFileSync(join(directory, `${action}.json`), 'utf8')) as Record<string, number[][]>;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-optimizers-'));
  for (const side of ['python', 'node']) mkdirSync(join(directory, side));
  wanted = await python('write');
  for (const [form, name, keys] of WRITTEN) {
    const training = begin(form, name);
    trainAll(training, 0, STEPS);
    const optimizerKeys = keys as 'new' | 'legacy';
    await training.checkpoint.save(join(directory, 'node', `${form} ${name} ${keys}`), { optimizerKeys });
  }
  fromNode = await python('read');
}, 300_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('written here', () => {
  it.each(WRITTEN)("%s, %s, %s: the object graph is Keras's", async (form, name, generation) => {
    const [node, keras] = await Promise.all(
      ['node', 'python'].map(async side => {
        const path = join(directory, side, `${form} ${name} ${generation}-1`);
        return Buffer.from((await loadVariable(path, '_CHECKPOINTABLE_OBJECT_GRAPH')).data[0] as Uint8Array);
      }),
    );
    expect(node!.toString('latin1')).toBe(keras!.toString('latin1'));
  });

  it.each(WRITTEN)('%s, %s, %s: Keras goes on', (form, name, generation) => {
    const title = `${form} ${name} ${generation}`;
    expect(difference(fromNode[title]!, wanted[title]!)).toBeLessThan(WITHIN);
  });
});

describe('written by Keras', () => {
  it.each(CASES)('%s, %s, %s: a fresh optimizer goes on', async (form, name, generation) => {
    const training = begin(form, name);
    const title = `${form} ${name} ${generation}`;
    const status = await training.checkpoint.restore(join(directory, 'python', `${title}-1`));
    status.assertExistingObjectsMatched();
    expect(status.unused).toEqual([]);
    trainAll(training, STEPS, 2 * STEPS);
    expect(difference(valuesOf(training), wanted[title]!)).toBeLessThan(WITHIN);
  });

  it.each(CASES)('%s, %s, %s: an optimizer that has trained goes on', async (form, name, generation) => {
    const training = begin(form, name);
    trainAll(training, 0, 3);
    const title = `${form} ${name} ${generation}`;
    const status = await training.checkpoint.restore(join(directory, 'python', `${title}-1`));
    status.assertExistingObjectsMatched();
    expect(status.unused).toEqual([]);
    trainAll(training, STEPS, 2 * STEPS);
    expect(difference(valuesOf(training), wanted[title]!)).toBeLessThan(WITHIN);
  });

  it.each([
    ['momentum', 'new', 1],
    ['exact Adam', 'legacy', 3],
    ['exact RMSprop', 'keras3', 3],
  ] as const)('%s, %s: the slots of a layer that is gone are unused', async (name, generation, kinds) => {
    const model = tf.sequential({ layers: nested().layers.slice(0, 2) });
    const optimizer = OPTIMIZERS[name]!();
    const path = join(directory, 'python', `nested ${name} ${generation}-1`);
    const status = await new Checkpoint({ model, optimizer }).restore(path);
    status.assertExistingObjectsMatched();
    // The kernel and the bias, and their slots.
    expect(status.unused).toHaveLength(2 + 2 * kinds);
    train({ optimizer, variables: variablesOf(model) }, 0, 2);
    expect(variablesOf(model).every(variable => variable.dataSync().every(Number.isFinite))).toBe(true);
  });

  it('another class takes what fits', async () => {
    const model = nested();
    const optimizer = tf.train.adagrad(0.5);
    const path = join(directory, 'python', 'nested exact Adam new-1');
    const status = await new Checkpoint({ model, optimizer }).restore(path);
    status.assertExistingObjectsMatched();
    expect(optimizer.iterations).toBe(STEPS);
    expect((optimizer as unknown as { learningRate: number }).learningRate).toBeCloseTo(0.01, 8);
    // First and second moments and the largest of these, for eight variables.
    expect(status.unused).toHaveLength(24);
    train({ optimizer, variables: variablesOf(model) }, 0, 2);
  });

  it('a schedule: the rate of the last step, where Keras keeps it', async () => {
    for (const [generation, rate] of [
      ['new', 0.125],
      ['legacy', 0.3],
    ] as const) {
      const optimizer = tf.train.adam(0.3);
      const path = join(directory, 'python', `schedule ${generation}-1`);
      const status = await new Checkpoint({ model: nested(), optimizer }).restore(path);
      expect((optimizer as unknown as { learningRate: number }).learningRate).toBe(rate);
      expect(status.missing).toHaveLength(generation === 'new' ? 0 : 1);
    }
  });
});

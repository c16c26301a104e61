/** Each operation that tfjs-node executes, recorded, written and run by TensorFlow. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { record } from '../../../src/training/savedmodel/traced/recorder.js';
import { runPython } from '../../oracle/python.js';
import { type Case, cases } from './operations.js';
import { saveGraphs } from './saved-graphs.js';

const KERNELS = 'node_modules/@tensorflow/tfjs-node/dist/kernels';

let directory: string;
let all: Case[];
let found: { shape: number[]; values: unknown[] }[][];
const failures = new Map<string, unknown>();
const recorded = new Set<string>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle operations '));
  all = [];
  const functions = [];
  for (const one of cases()) {
    const names = one.inputs.map((_, i) => `input_${i}`);
    try {
      const inputs = one.inputs.map(({ dtype, shape }, i) => ({ name: names[i]!, dtype, shape }));
      const { graph } = record((...xs) => one.fn(...xs), inputs);
      for (const node of graph.nodes) if (node.kind === 'operation') recorded.add(node.op);
      functions.push({
        name: one.name,
        graph,
        inputNames: names,
        outputNames: graph.outputs.map((_, i) => `output_${String(i).padStart(3, '0')}`),
      });
      all.push(one);
    } catch (error) {
      failures.set(one.name, error);
    }
  }
  const dir = join(directory, 'model');
  const signatures = functions.map((_, i) => ({ name: `case_${i}`, function: i }));
  await saveGraphs(dir, {}, { functions, signatures });
  const calls = await Promise.all(
    all.map(async ({ inputs }, i) => ({
      signature: `case_${i}`,
      inputs: Object.fromEntries(
        await Promise.all(inputs.map(async (x, k) => [`input_${k}`, [x.dtype, await x.array()]] as const)),
      ),
    })),
  );
  const file = join(directory, 'jobs.json');
  await writeFile(file, JSON.stringify([{ dir, calls }]));
  await runPython('test/savedmodel/functions/graphs.py', [file]);
  const [answer] = JSON.parse(await readFile(`${file}.answer`, 'utf8')) as [{ eager: (typeof found)[number][] }];
  found = answer.eager.map(outputs =>
    Object.keys(outputs)
      .sort()
      .map(key => outputs[key as never]!),
  );
}, 300_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

it('all can be recorded', () => {
  expect([...failures]).toEqual([]);
});

it('all give what TensorFlow.js gives', async () => {
  const wrong: unknown[] = [];
  for (const [i, { name, inputs, fn, random }] of all.entries()) {
    const outputs = tf.tidy(() => [fn(...inputs)].flat());
    for (const [k, output] of outputs.entries()) {
      const { shape, values } = found[i]![k]!;
      const wanted = [...(await output.data<'float32'>())].map(Number);
      const isText = output.dtype === 'string';
      const far = isText || random ? 0 : Math.max(0, ...wanted.map((v, j) => distance(v, Number(values[j]))));
      if (!tf.util.arraysEqual(shape, output.shape) || !(far < 1e-5)) wrong.push({ name, k, shape, wanted, values });
    }
  }
  expect(wrong).toEqual([]);
});

function distance(a: number, b: number): number {
  if (Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  return Math.abs(a - b) / Math.max(1, Math.abs(a));
}

it('none is left out', async () => {
  const names = new Set<string>();
  for (const file of (await readdir(KERNELS)).filter(name => name.endsWith('.js'))) {
    const text = await readFile(join(KERNELS, file), 'utf8');
    const call = /\bexecute(?:SingleInput|SingleOutput|MultipleOutputs)\((?:tfjs_1\.|')(\w+)/g;
    for (const [, name] of text.matchAll(call)) names.add(name!);
  }
  expect([...names].filter(name => !recorded.has(name)).sort()).toEqual([]);
});

/** Those who run SavedModels in Node: for proveFunctions of prove.ts. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import type { Call, Finding, Proof } from './proof.js';

type Tensors = Record<string, tf.Tensor>;

/** TensorFlow's C API, through TensorFlow.js. */
export async function inNode({ dir, calls }: Proof): Promise<Finding> {
  return await attempt(async () => {
    let worst = 0;
    for (const [signature, some] of bySignature(calls)) {
      const model = await tf.node.loadSavedModel(dir, ['serve'], signature);
      for (const call of some) {
        const outputs = model.predict({ ...call.inputs }) as Tensors;
        worst = Math.max(worst, distances(outputs, call));
        tf.dispose(outputs);
      }
      model.dispose();
    }
    return { difference: worst };
  });
}

/** TensorFlow.js, which runs what tensorflowjs_converter wrote. */
export async function inConverted({ calls }: Proof, scratch: string): Promise<Finding> {
  return await attempt(async () => {
    let worst = 0;
    for (const [number, [, some]] of [...bySignature(calls)].entries()) {
      const folder = join(scratch, `js ${number}`);
      if (!(await readdir(folder)).includes('model.json')) throw new Error('there is no model.json');
      const model = await tf.loadGraphModel(tf.io.fileSystem(join(folder, 'model.json')) as never);
      const { inputs, outputs } = (model as unknown as { signature: Signature }).signature;
      for (const call of some) {
        // Tensors of equal shapes the converter calls by their names in the graph.
        const feed = Object.fromEntries(
          Object.entries(call.inputs).map(([name, t]) => [inputs[name]?.name ?? `${name}:0`, t]),
        );
        const names = Object.keys(call.outputs).sort();
        const wanted = names.map((name, i) => outputs[name]?.name ?? (i === 0 ? 'Identity:0' : `Identity_${i}:0`));
        const found = await execute(model, feed, wanted);
        worst = Math.max(worst, distances(Object.fromEntries(names.map((name, i) => [name, found[i]!])), call));
        tf.dispose(found);
      }
      model.dispose();
    }
    return { difference: worst };
  });
}

/** Loops, and outputs whose shapes depend on values, need `executeAsync`, which warns where there are none. */
async function execute(model: tf.GraphModel, feed: Tensors, names: string[]): Promise<tf.Tensor[]> {
  try {
    return [model.execute(feed, names)].flat();
  } catch (error) {
    if (!/dynamic|control flow/i.test((error as Error).message)) throw error;
    return [await model.executeAsync(feed, names)].flat();
  }
}

interface Signature {
  readonly inputs: Record<string, { readonly name: string }>;
  readonly outputs: Record<string, { readonly name: string }>;
}

async function attempt(action: () => Promise<Finding>): Promise<Finding> {
  try {
    return await action();
  } catch (error) {
    return { error: String((error as Error).stack) };
  }
}

function bySignature(calls: readonly Call[]): Map<string, Call[]> {
  const found = new Map<string, Call[]>();
  for (const call of calls) {
    if (call.signature === undefined) continue;
    found.set(call.signature, [...(found.get(call.signature) ?? []), call]);
  }
  return found;
}

/** As `differences` of prove.py. */
function distances(found: Tensors, { outputs }: Call): number {
  const names = Object.keys(outputs).sort();
  if (Object.keys(found).sort().join() !== names.join())
    throw new Error(`the outputs are ${Object.keys(found)} instead of ${names}`);
  return Math.max(0, ...names.map(name => distance(found[name]!, outputs[name]!, name)));
}

function distance(found: tf.Tensor, expected: tf.Tensor, name: string): number {
  if (found.shape.join() !== expected.shape.join() || found.dtype !== expected.dtype)
    throw new Error(`${name} is ${found.dtype} [${found.shape}] instead of ${expected.dtype} [${expected.shape}]`);
  const wanted = [...expected.dataSync()] as (number | string)[];
  return ([...found.dataSync()] as (number | string)[]).reduce((worst: number, value: number | string, i: number) => {
    const other = wanted[i]!;
    if (Object.is(value, other) || value === other) return worst;
    const far = Math.abs(Number(value) - Number(other)) / Math.max(1, Math.abs(Number(other)));
    return Math.max(worst, Number.isFinite(far) ? far : 1e9);
  }, 0);
}

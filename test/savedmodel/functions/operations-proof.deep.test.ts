/** Every operation of TensorFlow.js that becomes a graph: TensorFlow computes the same, at sizes never traced. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { func, saveModel, type TracedFunction } from '../../../src/savedmodel.js';
import type { Call, Proof } from './proof.js';
import { expectProven, type Findings, proveFunctions } from './prove.js';
import { OPERATIONS, type OperationCase, type OperationInput } from './traced-operations.js';

/** By axis; tracing takes smaller ones. */
const SIZES = [11, 13, 17, 19];

const PROVEN = OPERATIONS.filter(({ isRandom, isStep }) => !isRandom && !isStep);

let directory: string;
let findings: Findings;
const failures = new Map<OperationCase, unknown>();
const proofs = new Map<OperationCase, Proof>();

function nameOf(one: OperationCase): string {
  return [one.name, one.about].filter(Boolean).join(', ');
}

function tensorOf({ dtype, shape, range }: OperationInput, seed: number): tf.Tensor {
  const sizes = shape.map((size, axis) => size ?? SIZES[axis]!);
  if (dtype === 'string') return tf.fill(sizes, 'banana');
  if (dtype === 'bool') return tf.randomUniform(sizes, 0, 1, 'float32', seed).greater(0.5);
  const [low, high] = range ?? (dtype === 'int32' ? [0, 1] : [0.1, 0.9]);
  return tf.randomUniform(sizes, low, dtype === 'int32' ? high + 1 : high, dtype as 'int32', seed);
}

function named(outputs: ReturnType<OperationCase['fn']>): Record<string, tf.Tensor> {
  if (outputs instanceof tf.Tensor) return { output_0: outputs };
  return Array.isArray(outputs) ? Object.fromEntries(outputs.map((one, i) => [`output_${i}`, one])) : outputs;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle operations '));
  for (const [i, one] of PROVEN.entries()) {
    try {
      const inputs = one.inputs.map(({ shape, dtype }, k) => ({ shape, dtype: dtype as 'float32', name: `x${k}` }));
      const fn = func(one.fn, inputs) as unknown as TracedFunction;
      const dir = join(directory, String(i));
      await saveModel({ run: fn }, dir, { signatures: fn });
      const tensors = inputs.map((_, k) => tensorOf(one.inputs[k]!, i + k + 1));
      const call: Call = {
        method: 'run',
        inputs: Object.fromEntries(tensors.map((tensor, k) => [`x${k}`, tensor])),
        outputs: named(one.fn(...tensors)),
      };
      proofs.set(one, { name: `${i}`, dir, calls: [call], consumers: ['load'] });
    } catch (error) {
      failures.set(one, error);
    }
  }
  findings = await proveFunctions([...proofs.values()]);
}, 600_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('in TensorFlow', () => {
  test.each(PROVEN.map(one => [nameOf(one), one] as const))('%s', (_, one) => {
    if (failures.has(one)) throw failures.get(one);
    expectProven(findings, proofs.get(one)!);
    expect(proofs.get(one)!.calls).toHaveLength(1);
  });
});

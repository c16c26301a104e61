/**
 * Functions of SavedModels, proven: everything that runs SavedModels, in Python and in Node, computes what is expected.
 * All SavedModels of a call go to one Python process (prove.py).
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { expect } from 'vitest';
import { runPython } from '../../oracle/python.js';
import { inConverted, inNode } from './consumers.js';
import { type Call, CONSUMERS, type Consumer, type Finding, type Proof } from './proof.js';
import { type Sent, sent } from './sent-tensors.js';

/** By the name of the proof. */
export type Findings = Record<string, Partial<Record<Consumer, Finding>>>;

interface SentCall extends Pick<Call, 'signature' | 'method' | 'packed' | 'training'> {
  readonly inputs: Record<string, Sent>;
  readonly outputs: Record<string, Sent>;
  readonly gradients?: Record<string, Sent>;
  readonly after?: Record<string, Sent>;
}

/** A number whose gradients tell all outputs, and all their elements, apart. prove.py has the same. */
export function lossOf(outputs: readonly tf.Tensor[]): tf.Scalar {
  return tf.tidy(() => {
    const parts = outputs
      .filter(({ dtype }) => dtype === 'float32')
      .map(output =>
        output
          .flatten()
          .mul(tf.cos(tf.range(0, output.size, 1, 'float32')))
          .sum(),
      );
    return tf.addN(parts) as tf.Scalar;
  });
}

const SCRIPT = 'test/savedmodel/functions/prove.py';

interface Proving {
  /** What runs prove.py. */
  readonly script?: string;
  /** Beside the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs all calls of all SavedModels. Never rejects because of what a consumer says. */
export async function proveFunctions(
  proofs: readonly Proof[],
  { script = SCRIPT, env = {} }: Proving = {},
): Promise<Findings> {
  const directory = await mkdtemp(join(tmpdir(), 'tensorbundle proof '));
  try {
    const scratch = (index: number): string => join(directory, String(index));
    const models = proofs.map(({ name, dir, calls, consumers }, index) => ({
      name,
      dir,
      scratch: scratch(index),
      consumers: consumers.filter(consumer => consumer !== 'node'),
      calls: calls.map(sentCall),
    }));
    for (const { scratch: folder } of models) await mkdir(folder);
    const path = join(directory, 'job.json');
    await writeFile(path, JSON.stringify({ models }));
    await runPython(script, [path], { env });
    const answer = JSON.parse(await readFile(`${path}.answer`, 'utf8')) as { models: Findings };
    const findings = answer.models;
    for (const [index, proof] of proofs.entries()) {
      const found = findings[proof.name]!;
      if (proof.consumers.includes('node')) found.node = await inNode(proof);
      if (
        found.converter?.error === undefined &&
        found.converter?.note === undefined &&
        proof.consumers.includes('converter')
      )
        found.converter = await inConverted(proof, scratch(index));
    }
    return findings;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Fails unless every consumer of the proof found what was expected. */
export function expectProven(findings: Findings, { name, consumers }: Proof, tolerance = 1e-5): void {
  const found = findings[name] ?? {};
  for (const consumer of consumers) {
    const { error, difference } = found[consumer] ?? { error: 'not asked' };
    expect(error, `${name} in ${CONSUMERS[consumer]}`).toBeUndefined();
    // Keras does not run the functions but its own layers, which add up in another order, above all in training.
    const most = consumer === 'keras' ? 5 * tolerance : tolerance;
    expect(difference, `${name} in ${CONSUMERS[consumer]}`).toBeLessThanOrEqual(most);
  }
}

function sentCall({ inputs, outputs, gradients, after, ...rest }: Call): SentCall {
  return {
    ...rest,
    inputs: sentAll(inputs),
    outputs: sentAll(outputs),
    ...(gradients && { gradients: sentAll(gradients) }),
    ...(after && { after: sentAll(after) }),
  };
}

function sentAll(tensors: Readonly<Record<string, tf.Tensor>>): Record<string, Sent> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, sent(tensor)]));
}

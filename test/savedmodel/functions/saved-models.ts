/** Models that are saved, and then proven, all together. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { saveModel } from '../../../src/savedmodel.js';
import { randomizeVariables } from '../../layers/keras.js';
import { type ModelSubject, modelProof } from './model-proof.js';
import type { Proof } from './proof.js';
import { expectProven, type Findings, proveFunctions } from './prove.js';

/** One test for each model. `make` may load it, with its weights. */
export type Loading = Omit<ModelSubject, 'make'> & { make(): tf.LayersModel | Promise<tf.LayersModel> };

/** All consumers compute what the model computes. Nothing is left behind in memory. */
export function describeFunctions(
  subjects: Readonly<Record<string, Loading>>,
  { tolerance = 1e-5, random = true, withoutOneDnn = false } = {},
): void {
  // It writes beyond its memory in the gradient of convolutions with a filter of 1 and strides of 2 (TensorFlow 2.21).
  // The second variable gives the script a Python of its own: TensorFlow looks at the first only once.
  const env: Record<string, string> = withoutOneDnn ? { TF_ENABLE_ONEDNN_OPTS: '0', TF_USE_LEGACY_KERAS: '0' } : {};
  const proofs = new Map<string, Proof | Error>();
  let findings: Findings = {};
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle model functions '));
    for (const [index, [name, subject]] of Object.entries(subjects).entries())
      proofs.set(name, await prepared(name, subject, index).catch((error: Error) => error));
    const made = [...proofs.values()].flatMap(proof => (proof instanceof Error ? [] : [proof]));
    findings = await proveFunctions(made, { env });
  }, 900_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  async function prepared(name: string, subject: Loading, index: number): Promise<Proof> {
    const model = await subject.make();
    if (random) randomizeVariables(model, index + 1);
    const dir = join(directory, String(index));
    const before = tf.memory().numTensors;
    await saveModel(model, dir, { durable: false, ...(subject.isUntrainable ? {} : { saveTraces: true }) });
    expect(tf.memory().numTensors).toBe(before);
    return await modelProof(name, dir, model, { ...subject, make: () => model });
  }

  it.each(Object.entries(subjects))('%s', (name, { notTraced }) => {
    const proof = proofs.get(name)!;
    if (notTraced) {
      expect(proof).toMatchObject({ code: 'ERR_NOT_SUPPORTED', message: expect.stringMatching(notTraced) });
      return;
    }
    if (proof instanceof Error) throw proof;
    expectProven(findings, proof, tolerance);
  });
}

/** Models with two branches, and what moved positions do to them: for misplaced.test.ts and misplaced.deep.test.ts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { loadWeights, MisplacedWeightsError } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';

const l = tf.layers;

export type Answer = Record<string, number[]> & { 'later names': string[] };

/** Checkpoints of these kinds of layers, and what Keras computes from them. */
export async function runKeras(directory: string, kinds: readonly Kind[]): Promise<Answer> {
  await runPython('test/layers/misplaced.py', [directory, ...kinds]);
  return JSON.parse(await readFile(join(directory, 'answer.json'), 'utf8'));
}

export type Kind = 'dense' | 'lstm' | 'bidirectional' | 'distributed' | 'nested';
export type Names = readonly [string | undefined, string | undefined];

function layerOf(kind: Kind, name: string | undefined): tf.layers.Layer | tf.Sequential {
  const named = name === undefined ? {} : { name };
  const lstm = { recurrentActivation: 'sigmoid' as const };
  if (kind === 'lstm') return l.lstm({ units: 4, ...lstm, ...named });
  if (kind === 'bidirectional')
    return l.bidirectional({ layer: l.lstm({ units: 2, ...lstm }) as tf.RNN, mergeMode: 'concat', ...named });
  if (kind === 'distributed') return l.timeDistributed({ layer: l.dense({ units: 4, name: `in_${name}` }), ...named });
  const dense = { units: 4, activation: 'tanh' as const };
  if (kind === 'nested')
    return tf.sequential({ layers: [l.dense({ ...dense, inputShape: [4, 3], name: 'same' })], ...named });
  return l.dense({ ...dense, ...named });
}

/** As in misplaced.py. */
export function branches(kind: Kind, names: Names = ['a', 'b'], dropout = false): tf.LayersModel {
  const inputs = tf.input({ shape: [4, 3] });
  const [a, b] = names.map(name => layerOf(kind, name).apply(inputs) as tf.SymbolicTensor);
  const second = dropout ? (l.dropout({ rate: 0.5 }).apply(b!) as tf.SymbolicTensor) : b!;
  return tf.model({ inputs, outputs: l.concatenate().apply([a!, second]) as tf.SymbolicTensor });
}

export const X = tf.linspace(-1, 1, 24).reshape([2, 4, 3]);
export const predict = (model: tf.LayersModel): number[] =>
  tf.tidy(() => [...(model.predict(X) as tf.Tensor).dataSync()]);
export const distance = (found: readonly number[], wanted: readonly number[]): number =>
  Math.max(...found.map((value, i) => Math.abs(value - wanted[i]!)));
export const valuesOf = (model: tf.LayersModel): string => model.weights.map(w => String(w.read().dataSync())).join();

export async function refusal(model: tf.LayersModel, work: () => unknown): Promise<MisplacedWeightsError> {
  const before = valuesOf(model);
  const tensors = tf.memory().numTensors;
  const error = await (async () => work())().then(
    () => expect.fail('nothing was refused'),
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(MisplacedWeightsError);
  expect(error).toMatchObject({ code: 'ERR_MISMATCH' });
  expect(valuesOf(model)).toBe(before);
  expect(tf.memory().numTensors).toBe(tensors);
  return error as MisplacedWeightsError;
}

/** The map that the error says would help. */
export const mapIn = ({ message }: Error): Record<string, string> =>
  JSON.parse(/\{ map: (\{.*\}) \}/.exec(message)?.[1] ?? 'null');

/** A checkpoint of the same layers in the same order is loaded; a Dropout in the second branch is refused. */
export function itRefusesWhatMoved(kinds: readonly Kind[], directory: () => string, answer: () => Answer): void {
  it.each(kinds)('%s: tf_keras swaps, here it is refused, and `map` loads it', async kind => {
    // Real tf_keras: everything is consumed, and the values are others.
    expect(distance(answer()[`tf_keras/${kind} moved`]!, answer()[`tf_keras/${kind}`]!)).toBeGreaterThan(0.01);
    for (const library of ['tf_keras', 'keras3']) {
      const path = join(directory(), library, kind, 'w');
      const same = branches(kind);
      (await loadWeights(same, path)).assertExistingObjectsMatched();
      expect(distance(predict(same), answer()[`${library}/${kind}`]!), library).toBeLessThan(1e-5);
      const moved = branches(kind, ['a', 'b'], true);
      const error = await refusal(moved, () => loadWeights(moved, path));
      expect(error.message).toMatch(/'a'.*'b'|'b'.*'a'/);
      expect(error.misplaced.map(({ layer, weightsOf }) => `${layer} ${weightsOf}`).sort()).toEqual(['a b', 'b a']);
      (await loadWeights(moved, path, { map: mapIn(error) })).assertExistingObjectsMatched();
      expect(distance(predict(moved), answer()[`${library}/${kind}`]!), library).toBeLessThan(1e-5);
    }
  });
}

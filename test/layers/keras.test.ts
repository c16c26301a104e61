/**
 * Weights exchanged with real tf_keras: what Node saves, Keras consumes completely, predicts the same from, and would
 * have saved with the same bytes; what Keras saves, in any of the ways it has, Node loads and predicts the same from.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadWeights, saveWeights } from '../../src/tfjs.js';
import { describeExchange, runJob } from './keras.js';
import { digits, MODELS } from './models.js';

describe('save_weights and load_weights', () => {
  describeExchange(Object.fromEntries(Object.entries(MODELS).map(([name, make]) => [name, { make }])));
});

describe('the digits', () => {
  let directory: string;
  let weights: number[][];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle keras '));
    for (const name of ['automatic', 'below', 'names', 'compiled']) await mkdir(join(directory, name));
    ({ weights } = (await runJob('batch_extras.py', directory, { directory })) as { weights: number[][] });
  }, 300_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('have the bytes of a fresh Keras session, automatic names included', async () => {
    const model = digits();
    const theirs = join(directory, 'automatic', 'names');
    (await loadWeights(model, theirs)).assertConsumed();
    const ours = join(directory, 'ours', 'names');
    await saveWeights(model, ours);
    for (const end of ['.index', '.data-00000-of-00001']) {
      expect((await readFile(ours + end)).equals(await readFile(theirs + end)), end).toBe(true);
    }
  });

  it.each([
    ['a checkpoint of tf.train.Checkpoint(model=…), by directory', 'below', []],
    ['a SavedModel directory', 'saved_model', []],
    ['a name-based checkpoint (tf.compat.v1.train.Saver)', 'names/saver', []],
    ['save_weights of a compiled and trained model', 'compiled/trained', ['optimizer/_learning_rate/']],
  ])('load from %s', async (_what, path, unused) => {
    const model = digits();
    const status = await loadWeights(model, join(directory, path));
    expect(status.missing).toEqual([]);
    expect(status.loaded).toHaveLength(10);
    for (const start of unused) expect(status.unused.some(key => key.startsWith(start))).toBe(true);
    if (unused.length === 0) expect(status.unused).toEqual([]);
    else expect(() => status.assertConsumed()).toThrowError(expect.objectContaining({ code: 'ERR_NOT_CONSUMED' }));
    status.assertExistingObjectsMatched();
    const order = (values: number[][]) => [...values].map(list => list.map(Math.fround).join()).sort();
    expect(order(model.getWeights().map(weight => [...weight.dataSync()]))).toEqual(order(weights));
  });
});

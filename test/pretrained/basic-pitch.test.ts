/**
 * A SavedModel just as it is published: Node loads its `variables/` (written by TensorFlow 2.4.1 after training, with
 * an optimizer and metrics in it) and hears the notes that were played; and the SavedModel in Python takes what Node
 * saves.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadWeights, type RestoreStatus, saveWeights } from '../../src/tfjs.js';
import { basicPitch } from './basic-pitch.js';
import { change, expectClose, predict } from './prediction.js';
import { PACKAGES, type Plain, runJob } from './python.js';

const SAVED_MODEL = join(PACKAGES, 'basic_pitch', 'saved_models', 'icassp_2022', 'nmp');
/** Frames a second; a note is a bin from A0 (27.5 Hz) in half tones. */
const FRAMES_PER_SECOND = 22050 / 256;
const A4 = 48;
const C_SHARP_5 = 52;

let directory: string;
let given: { input: Plain; output: Plain[]; variables: number };
let taken: { before: Plain[]; after: Plain[] };
let model: tf.LayersModel;
let status: RestoreStatus;
let predicted: Plain[];
let changed: Plain[];

const build = (): tf.LayersModel => basicPitch(given.input.shape[2]!);

/** The likeliest note at a time in seconds, and its probability. */
function heard({ shape, data }: Plain, seconds: number): { note: number; probability: number } {
  const frame = Math.round(seconds * FRAMES_PER_SECOND);
  const notes = data.slice(frame * shape[2]!, (frame + 1) * shape[2]!);
  const probability = Math.max(...notes);
  return { note: notes.indexOf(probability), probability };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle pitch '));
  given = await runJob('basic_pitch.py', 'give', directory, { saved_model: SAVED_MODEL });
  model = build();
  status = await loadWeights(model, SAVED_MODEL);
  predicted = predict(model, given.input);
  change(model, 1);
  changed = predict(model, given.input);
  const from = join(directory, 'node');
  await saveWeights(model, from);
  taken = await runJob('basic_pitch.py', 'take', directory, {
    saved_model: SAVED_MODEL,
    from,
    changed: join(directory, 'changed'),
  });
}, 300_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the SavedModel of basic-pitch', () => {
  it('gives every weight; what is left belongs to its training', () => {
    expect(given.variables).toBe(24);
    expect(status.missing).toEqual([]);
    expect(status.loaded).toHaveLength(given.variables);
    status.assertExistingObjectsMatched().assertNontrivialMatch();
    const training = /^optimizer\/|^keras_api\/metrics\/|\/\.OPTIMIZER_SLOT\/optimizer\//;
    expect(status.unused.filter(key => !training.test(key))).toEqual([]);
    // 5 of Adam itself, two slots for each of 18 trained variables, 4 metrics with a total and a count.
    expect(status.unused).toHaveLength(5 + 2 * 18 + 2 * 4);
  });

  it('predicts in Node what it predicts in Python', () => expectClose(predicted, given.output));

  it('hears the notes that were played', () => {
    const [, notes] = predicted;
    expect(heard(notes!, 0.5)).toEqual({ note: A4, probability: expect.toSatisfy(p => p > 0.5) });
    expect(heard(notes!, 1.4)).toEqual({ note: C_SHARP_5, probability: expect.toSatisfy(p => p > 0.5) });
    expect(heard(notes!, 0.05).probability).toBeLessThan(0.3);
  });

  it('takes other weights from Node, and predicts what Node does', () => {
    expectClose(changed, taken.before);
    expect(taken.before).not.toEqual(given.output);
  });

  it('gives back what Python changed', async () => {
    const other = build();
    const back = await loadWeights(other, join(directory, 'changed'));
    expect(back.missing).toEqual([]);
    expectClose(predict(other, given.input), taken.after);
  });
});

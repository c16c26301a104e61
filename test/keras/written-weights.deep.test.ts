/**
 * Weights of layers that hold others in Keras's own files, as Keras 3 and tf_keras load them, and save them again:
 * dataset by dataset. layers.deep.test.ts has every layer, and asks what it predicts.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveModel } from '../../src/tfjs.js';
import { freezeTopology } from '../../src/training/models/frozen.js';
import { randomizeVariables } from '../layers/keras.js';
import { kerasTopology } from '../layers/keras-topology.js';
import { bothNamings } from '../layers/matrix-model.js';
import { NESTING } from '../layers/matrix-nesting.js';
import { RECURRENT } from '../layers/matrix-recurrent.js';
import { WRAPPERS } from '../layers/matrix-wrappers.js';
import { runPython } from '../oracle/python.js';
import { writeWeights } from './written-file.js';

const NAMED = bothNamings({ ...RECURRENT, ...WRAPPERS });
const ROWS = {
  ...Object.fromEntries(Object.entries(NAMED).filter(([name]) => name.endsWith('given'))),
  // Here the names count, because layers are numbered across models.
  ...bothNamings(NESTING),
};

describe('the matrix', () => {
  let folder: string;
  let answer: Record<string, string[]>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tensorbundle-written-'));
    const cases = [];
    for (const [i, [name, row]] of Object.entries(ROWS).entries()) {
      if (row.python !== undefined) continue;
      const model = row.make();
      randomizeVariables(model, i);
      const at = join(folder, String(i));
      await mkdir(at);
      await writeWeights(model, join(at, 'node.weights.h5'), 'keras3');
      await saveModel(model, join(at, 'node.keras'), { durable: false });
      await writeWeights(model, join(at, 'node.h5'), 'legacy-weights');
      const topology = JSON.parse(kerasTopology(model)) as object;
      freezeTopology(topology, model);
      cases.push({ name, json: JSON.stringify(topology), folder: at, isNamed: name.endsWith('given') });
      model.dispose();
    }
    const job = join(folder, 'job.json');
    await writeFile(job, JSON.stringify({ cases }));
    await runPython('test/keras/written_weights.py', [job]);
    answer = JSON.parse(await readFile(`${job}.answer`, 'utf8')) as Record<string, string[]>;
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true }));

  it.each(Object.keys(ROWS))('%s', name => {
    const wrong = answer[name] ?? ['was not tried'];
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    expect(wrong).toEqual([]);
  });
});

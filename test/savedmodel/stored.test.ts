/**
 * SavedModels of every kind that real TensorFlow writes, looked at and called: tf_keras with and without traces, Keras
 * 3's export, a tf.Module, a subclassed model, TensorFlow 1. One Python makes all of them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { runPython } from '../oracle/python.js';
import { type Answers, functionSuite } from './functions-suite.js';
import { type Facts, showSuite } from './show-suite.js';
import { withoutTensorFlowSuite } from './without-tensorflow.js';

const folder = mkdtempSync(join(tmpdir(), 'tensorbundle-stored-'));
let made: { answers: Answers; facts: Record<string, Facts> };

beforeAll(async () => {
  made = JSON.parse(await runPython('test/savedmodel/models.py', [folder])) as typeof made;
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('saved-model show', () => showSuite(folder, () => made.facts));
describe('loadFunctions', () => functionSuite(folder, () => made.answers));
describe('loadFunctions without TensorFlow', () => withoutTensorFlowSuite(folder));

/** SavedModels by older versions of TensorFlow (test/fixtures/README.md). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { type Expected, expectSame, type KerasAnswer } from './reading.js';

const FOLDER = fileURLToPath(new URL('../fixtures/savedmodel', import.meta.url));

const SUBJECTS: readonly (readonly [version: string, name: string, expected: Expected])[] = [
  ['tf-2.12', 'text', { optimizer: 'KerasAdam' }],
  ['tf-2.15', 'image', { optimizer: 'KerasSGD' }],
];

describe('SavedModels by', () => {
  it.each(SUBJECTS)('%s: %s', async (version, name, expected) => {
    const folder = join(FOLDER, version);
    const answers = JSON.parse(await readFile(join(folder, 'answer.json'), 'utf8')) as Record<string, KerasAnswer>;
    const answer = answers[name]!;
    await expectSame({ ...answer, dir: join(folder, answer.dir) }, name, expected);
  });
});

/** More kinds of layers whose positions moved; see misplaced.test.ts. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Answer, itRefusesWhatMoved, type Kind, runKeras } from './misplaced.js';

const KINDS: readonly Kind[] = ['lstm', 'bidirectional'];
let directory: string;
let answer: Answer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle misplaced '));
  answer = await runKeras(directory, KINDS);
}, 180_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('recurrent layers in branches', () => {
  itRefusesWhatMoved(
    KINDS,
    () => directory,
    () => answer,
  );
});

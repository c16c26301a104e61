/** Random functions, proven: in Node against their graphs, in Python and by TensorFlow's C API as SavedModels. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Consumer } from '../proof.js';
import { expectProven, type Findings, proveFunctions } from '../prove.js';
import { type Composition, described, randomComposition, smallest } from './composition.js';
import { assigns, type Saved, saved } from './saved.js';
import { verdictOn } from './traced.js';

/** A session keeps what a call assigned, and the next call would begin with it. */
const WITH_ASSIGNMENTS: readonly Consumer[] = ['load'];

/** Each graph computes what its function computes, at sizes at which it was not traced. */
export function describeInNode(seeds: readonly number[]): void {
  it(`graphs of the seeds ${seeds[0]} to ${seeds.at(-1)} compute what the functions compute`, async () => {
    const before = tf.memory().numTensors;
    const problems: string[] = [];
    for (const seed of seeds) {
      const composition = randomComposition(seed);
      const { kind, text } = await verdictOn(composition);
      if (kind === 'right') continue;
      const small = await smallest(composition, async one => (await verdictOn(one)).kind === kind);
      problems.push(`${kind}: ${text}\n${described(small)}`);
    }
    expect(problems.join('\n\n')).toBe('');
    expect(tf.memory().numTensors).toBe(before);
  });
}

export interface SavedOptions {
  /** Functions in a SavedModel. */
  readonly together: number;
  /** For SavedModels in turn: who runs them. */
  readonly consumers: readonly (readonly Consumer[])[];
}

/** SavedModels of several functions each. One Python process runs them all. */
export function describeSavedCompositions(seeds: readonly number[], { together, consumers }: SavedOptions): void {
  describe(`seeds ${seeds[0]} to ${seeds.at(-1)} as SavedModels`, () => {
    const all = seeds.map(randomComposition);
    const groups = new Map<string, Composition[]>();
    for (const part of [all.filter(one => !assigns(one)), all.filter(assigns)]) {
      for (let i = 0; i < part.length; i += together) {
        const some = part.slice(i, i + together);
        groups.set(`seeds ${some.map(({ seed }) => seed).join(' ')}`, some);
      }
    }
    const made = new Map<string, Saved | Error>();
    let findings: Findings = {};
    let directory: string;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'tensorbundle compositions '));
      for (const [i, [name, some]] of [...groups].entries()) {
        const asked = some.some(assigns) ? WITH_ASSIGNMENTS : consumers[i % consumers.length]!;
        made.set(name, await saved(some, directory, name, asked).catch((error: Error) => error));
      }
      findings = await proveFunctions([...made.values()].flatMap(one => (one instanceof Error ? [] : [one.proof])));
    }, 900_000);

    afterAll(async () => {
      for (const one of made.values()) if (!(one instanceof Error)) one.dispose();
      await rm(directory, { recursive: true, force: true });
    });

    it.each([...groups.keys()])('%s', name => {
      const one = made.get(name)!;
      if (one instanceof Error) throw one;
      expectProven(findings, one.proof);
    });
  });
}

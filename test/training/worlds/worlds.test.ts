/** A few random worlds of several networks and optimizers; worlds.deep.test.ts has many. */
import { expect, it } from 'vitest';
import { difference, runWorlds } from './worlds.js';

it('restored in a new process, they go on bit for bit', async () => {
  const worlds = await runWorlds(0, 8);
  expect(worlds.flatMap(world => difference(world) ?? [])).toEqual([]);
  expect(worlds.flatMap(({ whole }) => whole.trainers ?? []).length).toBeGreaterThan(8);
}, 120_000);

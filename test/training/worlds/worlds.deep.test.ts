/** Two hundred random worlds of several networks and optimizers, and that they are what they are meant to be. */
import { beforeAll, expect, it } from 'vitest';
import { difference, runWorlds, type World } from './worlds.js';

const [FIRST, COUNT, AT_ONCE] = [100, 200, 50];
const worlds: World[] = [];

beforeAll(async () => {
  for (let first = FIRST; first < FIRST + COUNT; first += AT_ONCE) {
    worlds.push(...(await runWorlds(first, first + AT_ONCE)));
  }
}, 1_800_000);

it('restored in a new process, they go on bit for bit', () => {
  expect(worlds).toHaveLength(COUNT);
  expect(worlds.flatMap(world => difference(world) ?? [])).toEqual([]);
});

it('they have every optimizer, loss-scaled ones among them, and every way to train', () => {
  const trainers = worlds.flatMap(({ whole }) => whole.trainers ?? []);
  for (const name of [
    'sgd',
    'momentum',
    'adagrad',
    'adadelta',
    'adam',
    'adamax',
    'rmsprop',
    'exact Adam',
    'exact Nadam',
  ]) {
    expect(
      trainers.filter(trainer => trainer.includes(` ${name}:`)),
      name,
    ).not.toEqual([]);
  }
  for (const kind of ['compiled', 'loop', 'joint', 'scaled']) {
    expect(trainers.filter(trainer => trainer.includes(kind)).length, kind).toBeGreaterThan(3);
  }
});

it('they trained: numbers, and other ones in each world', () => {
  const weights = worlds.map(({ whole }) => whole.weights!);
  expect(new Set(weights.map(String)).size).toBe(COUNT);
  const numbers = weights.flat().flatMap(hex => [...new Float32Array(Uint8Array.from(Buffer.from(hex, 'hex')).buffer)]);
  expect(numbers.every(Number.isFinite)).toBe(true);
});

/** Options of the benchmark. */
import { expect, test } from 'vitest';
import { readOptions, USAGE } from '../../bench/harness/options.mjs';

const cases = [
  { name: 'save', what: 'saves', quick: true },
  { name: 'load', what: 'loads', quick: true },
  { name: 'huge', what: 'takes long' },
];
const peers = ['raw', 'tensorflow'];
const read = (...args: string[]) => readOptions(args, cases, peers);

test('the defaults: every case, every peer, 1 GiB, 9 pairs', () => {
  expect(read()).toMatchObject({ only: ['save', 'load', 'huge'], peers, size: 1024, pairs: 9, minutes: 56 });
  expect(read().json).toMatch(/bench\/results\/[\dTZ.-]+\.json$/);
  expect(read('--json=/x/a.json')).toMatchObject({ plots: '/x/a-plots', markdown: '/x/a.md' });
  expect(read('--json=/x/a.json', '--plots=/y', '--markdown=/z.md')).toMatchObject({ plots: '/y', markdown: '/z.md' });
});

test('--quick: fewer and smaller; what is given counts more', () => {
  expect(read('--quick')).toMatchObject({ only: ['save', 'load'], size: 64, pairs: 3 });
  expect(read('--quick').minutes).toBeLessThan(3);
  expect(read('--quick', '--only=huge', '--size=8', '--pairs=5')).toMatchObject({ only: ['huge'], size: 8, pairs: 5 });
});

test.each([
  ['--only=save,nothing', 'unknown case: nothing; there are save, load, huge'],
  ['--peer=jax', 'unknown peer: jax; there are raw, tensorflow'],
  ['--size=0', "--size must be a whole number from 1, not '0'"],
  ['--pairs=1.5', "--pairs must be a whole number from 1, not '1.5'"],
  ['--minutes=-1', "--minutes must be a number above 0, not '-1'"],
  ['--fast', "Unknown option '--fast'"],
])('%s is refused', (option, message) => {
  expect(() => read(option)).toThrow(message);
});

test('the usage names every option, case and peer', () => {
  const usage = USAGE(cases, peers);
  for (const word of ['--quick', '--only', '--peer', '--size', '--pairs', '--dir', '--json', '--resume', '--help'])
    expect(usage).toContain(word);
  expect(usage).toContain('raw, tensorflow');
  expect(usage).toMatch(/huge +takes long \(not with --quick\)/);
});

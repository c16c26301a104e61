/**
 * `tensorbundle/register` and the other entries beside each flavour of TensorFlow.js, and beside none: programs as a
 * user would write them.
 */
import { expect, it } from 'vitest';
import { LIFE, OURS, PLAIN, run } from './flavours.js';

it.each([
  [
    'plain tfjs',
    PLAIN,
    ["import * as tf from '@tensorflow/tfjs';", "import 'tensorbundle/register';", 'const layers = tf;'],
    OURS,
  ],
] as const)('%s', async (_, flavours, head, expected) => {
  expect(JSON.parse(await run(flavours, [...head, LIFE].join('\n')))).toMatchObject(expected);
});

it.each(['module', 'commonjs'] as const)(
  'no TensorFlow.js, %s: the entries that need it say what to install',
  async type => {
    const load = type === 'module' ? 'await import(name)' : 'require(name)';
    const program = `
    (async () => {
      const found = {};
      for (const entry of ['', '/tfjs', '/optimizers', '/register']) {
        const name = 'tensorbundle' + entry;
        try {
          ${load};
          found[entry] = 'loads';
        } catch ({ name, code, message }) {
          found[entry] = [name, code, message];
        }
      }
      console.log(JSON.stringify(found));
    })();
  `;
    const said = ['TensorBundleError', 'ERR_NOT_SUPPORTED', expect.stringContaining('npm install @tensorflow/tfjs')];
    expect(JSON.parse(await run([], program, type))).toEqual({
      '': 'loads',
      '/tfjs': said,
      '/optimizers': said,
      '/register': said,
    });
  },
);

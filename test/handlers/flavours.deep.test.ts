/**
 * `tensorbundle/register` and the other entries beside each flavour of TensorFlow.js, and beside none: programs as a
 * user would write them.
 */
import { expect, it } from 'vitest';
import { LIFE, OURS, PLAIN, run } from './flavours.js';

const THEIRS = { same: [true, true], handlers: 1 };

it.each([
  [
    'plain tfjs',
    PLAIN,
    ["import * as tf from '@tensorflow/tfjs';", "import 'tensorbundle/register';", 'const layers = tf;'],
    OURS,
  ],
  [
    'tfjs-core and tfjs-layers',
    ['tfjs-core', 'tfjs-layers', 'tfjs-backend-cpu'],
    [
      "import 'tensorbundle/register';",
      "import * as tf from '@tensorflow/tfjs-core';",
      "import * as layers from '@tensorflow/tfjs-layers';",
      "import '@tensorflow/tfjs-backend-cpu';",
    ],
    OURS,
  ],
  [
    'tfjs-backend-wasm',
    [...PLAIN, 'tfjs-backend-wasm'],
    [
      "import 'tensorbundle/register';",
      "import * as tf from '@tensorflow/tfjs';",
      "import '@tensorflow/tfjs-backend-wasm';",
      "const layers = tf; await tf.setBackend('wasm');",
    ],
    OURS,
  ],
  [
    'tfjs-node, loaded later',
    [...PLAIN, 'tfjs-node'],
    ["import 'tensorbundle/register';", "import * as tf from '@tensorflow/tfjs-node';", 'const layers = tf;'],
    THEIRS,
  ],
  [
    'tfjs-node, loaded after file:// was used',
    [...PLAIN, 'tfjs-node'],
    [
      "import 'tensorbundle/register';",
      "import * as layers from '@tensorflow/tfjs';",
      "await layers.sequential({ layers: [layers.layers.dense({ units: 1, inputShape: [1] })] }).save('file://early');",
      "const { default: tf } = await import('@tensorflow/tfjs-node');",
    ],
    THEIRS,
  ],
] as const)('%s', async (_, flavours, head, expected) => {
  expect(JSON.parse(await run(flavours, [...head, LIFE].join('\n')))).toMatchObject(expected);
});

it('tfjs-core alone: what needs layers says so, the rest works', async () => {
  const program = `
    import * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-backend-cpu';
    import 'tensorbundle/register';
    import { Checkpoint, loadModel } from 'tensorbundle/tfjs';
    import { SGD } from 'tensorbundle/optimizers';
    const v = tf.variable(tf.tensor1d([1, 2]));
    const path = await new Checkpoint({ v, optimizer: new SGD() }).save('run/ckpt');
    const error = await loadModel(path).catch(one => one.code);
    console.log(JSON.stringify({ path: typeof path, error }));
  `;
  expect(JSON.parse(await run(['tfjs-core', 'tfjs-backend-cpu'], program))).toEqual({
    path: 'string',
    error: 'ERR_NOT_FOUND',
  });
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

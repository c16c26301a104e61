/**
 * How long programs take to start, beyond the start of Node alone: the whole time of processes that import this library
 * and do nothing, and of `tensorbundle ls` of a small checkpoint.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command, ours } from '../harness/program.mjs';
import { figure } from '../harness/rows.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const evaluating = source => command(process.execPath, '--input-type=module', '-e', source);
const beyondNode = (of, goal) =>
  figure(
    of === 'ls' ? '`tensorbundle ls` beyond the start of Node' : `import of ${of} beyond the start of Node`,
    of,
    ['node'],
    'ms',
    turn => (turn[of].seconds - turn.node.seconds) * 1000,
    { goal },
  );

export const startUp = {
  name: 'start-up',
  what: 'import, and the command line, beyond the start of Node',
  folder: 'start',
  quick: true,
  turns: 21,
  seconds: 60,
  turn: 0.7,
  quickTurn: 1.05,
  prepare: ({ run, directory }) =>
    run(ours({ run: 'save', directory, layout: { count: 20, bytes: 20 * 64 }, durable: false })),
  contestants: ({ directory }) => ({
    node: evaluating(''),
    tensorbundle: evaluating(`import ${JSON.stringify(join(ROOT, 'dist', 'index.js'))}`),
    'tensorbundle/tfjs': evaluating(
      `import '@tensorflow/tfjs-core'; import ${JSON.stringify(join(ROOT, 'dist', 'tfjs.js'))}`,
    ),
    'tfjs-core': evaluating("import '@tensorflow/tfjs-core'"),
    ls: command(process.execPath, join(ROOT, 'dist', 'cli', 'main.js'), 'ls', join(directory, 'model')),
  }),
  rows: [
    beyondNode('tensorbundle', 40),
    beyondNode('ls', 100),
    figure(
      'import of tensorbundle/tfjs beyond that of tfjs-core',
      'tensorbundle/tfjs',
      ['tfjs-core'],
      'ms',
      turn => (turn['tensorbundle/tfjs'].seconds - turn['tfjs-core'].seconds) * 1000,
    ),
  ],
};

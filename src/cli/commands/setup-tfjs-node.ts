/** `tensorbundle setup-tfjs-node`: makes an installed @tensorflow/tfjs-node work with the TensorFlow of pip. */

import { TensorBundleError } from '../../errors.js';
import { isError } from '../../realms.js';
import { EXIT, UsageError } from '../terminal/failure.js';
import type { Output } from '../terminal/output.js';
import { visible, visibleLines } from '../terminal/printable.js';
import { findTfjsNode, type TfjsNode } from '../tfjs-node/place.js';
import { carryOut, planSetup, undoSetup } from '../tfjs-node/setup.js';
import { findTensorFlow } from '../tfjs-node/tensorflow.js';
import type { Arguments, Command } from './command.js';

export const setupTfjsNode: Command = {
  name: 'setup-tfjs-node',
  synopsis: '[--python PATH] [--dry-run | --undo] [--json]',
  summary: 'make tfjs-node work with the TensorFlow of pip',
  description: `The install script of @tensorflow/tfjs-node 4.22 downloads an old TensorFlow library, but the server
refuses (tfjs#8742). Its code also calls functions that Node 23 removed (tfjs#8425). This command uses the libraries
of the TensorFlow that pip has installed, and compiles the binding against them, once for all versions of Node, in
about a minute. It changes nothing outside of node_modules/@tensorflow/tfjs-node: it links TensorFlow's libraries into
deps/, compiles into lib/, and replaces the removed calls in two files. The old files are kept, and --undo brings them
back. Run it again after the package is installed anew, or after that Python environment has moved. If everything is
in order, it does nothing.

First, in the folder of your project:
  npm install --ignore-scripts @tensorflow/tfjs-node
  pip install tensorflow

Linux only, x64 and arm64. The command needs make, a C++ compiler and node-gyp (npm brings it). Plain @tensorflow/tfjs
works with this package without any of this, only slower.`,
  options: {
    python: {
      type: 'string',
      value: 'PATH',
      help: 'the Python that has TensorFlow (default: the environment in use, .venv, python3)',
    },
    'dry-run': { type: 'boolean', help: 'only say what would be done' },
    undo: { type: 'boolean', help: 'bring the old files back' },
  },
  examples: [
    ['setup-tfjs-node', 'with the Python environment that is in use'],
    ['setup-tfjs-node --python ~/tf/bin/python --dry-run', 'what it would do with another one'],
    ['setup-tfjs-node --undo', 'bring the old files back'],
  ],
  positionals: [0, 0],
  async run(args: Arguments, output: Output): Promise<number> {
    if (args.flag('undo') && (args.flag('dry-run') || args.text('python') !== undefined))
      throw new UsageError('--undo takes no other option', 'setup-tfjs-node');
    requirePlatform(process.platform);
    const folder = process.cwd();
    const tfjs = findTfjsNode(folder);
    if (args.flag('undo')) return undo(tfjs, args, output);

    const note = (text: string): void => {
      if (!args.json) output.error(`${visible(text)}\n`);
    };
    note(`tfjs-node ${tfjs.version} in ${tfjs.home}`);
    const tensorflow = await findTensorFlow(args.text('python') ?? null, folder);
    note(`TensorFlow ${tensorflow.version} of ${tensorflow.python}`);
    const plan = await planSetup(tfjs, tensorflow);
    const isDry = args.flag('dry-run');
    try {
      if (isDry) for (const step of plan.steps) note(`would ${step}`);
      else await carryOut(tfjs, tensorflow, plan.need, note);
    } catch (error) {
      if (error instanceof TensorBundleError && isError(error.cause) && !args.json)
        output.error(`${visibleLines(error.cause.message)}\n`);
      throw error;
    }
    const done = plan.need === 'ready' ? 'nothing' : isDry ? 'planned' : plan.need === 'build' ? 'built' : 'mended';
    if (args.json) output.json({ done, steps: plan.steps, tfjsNode: tfjs, tensorflow, node: process.version });
    else output.write(`${SENTENCES[done]}\n`);
    return EXIT.ok;
  },
};

const SENTENCES = {
  nothing: 'nothing to do: tfjs-node works here',
  planned: 'nothing was changed',
  built: 'tfjs-node works; keep that Python environment, since tfjs-node uses its libraries',
  mended: 'tfjs-node now works in this version of Node too',
} as const;

function undo(tfjs: TfjsNode, args: Arguments, output: Output): number {
  const restored = undoSetup(tfjs);
  if (args.json) output.json({ done: restored.length > 0 ? 'undone' : 'nothing', restored, tfjsNode: tfjs });
  else if (restored.length > 0) output.write(`undone in ${visible(tfjs.home)}: ${visible(restored.join(', '))}\n`);
  else output.write('nothing to undo: it was not set up by this command\n');
  return EXIT.ok;
}

/**
 * @throws TensorBundleError ERR_NOT_SUPPORTED on platforms where pip's TensorFlow has no libraries that can be linked.
 */
function requirePlatform(platform: NodeJS.Platform): void {
  if (platform === 'linux') return;
  const why = platform === 'win32' ? 'on Windows work in WSL' : 'it has been tried on Linux only';
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `setup-tfjs-node is for Linux, and this is ${platform}: ${why}, or use plain @tensorflow/tfjs, which works ` +
      `with this package`,
    { found: platform },
  );
}

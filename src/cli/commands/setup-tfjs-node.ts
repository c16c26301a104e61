/** `tensorbundle setup-tfjs-node`: makes an installed @tensorflow/tfjs-node work, against the user's pip TensorFlow. */

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
  summary: 'make @tensorflow/tfjs-node work, with the TensorFlow of pip',
  description: `The install script of @tensorflow/tfjs-node 4.22 downloads an old TensorFlow library, and the server refuses
(tfjs#8742); its code calls functions that Node 23 removed (tfjs#8425). This command takes the libraries of the
TensorFlow that pip has installed, and compiles the binding against them (once for all versions of Node; about a
minute). It changes nothing outside of node_modules/@tensorflow/tfjs-node: there it links TensorFlow's libraries into
deps/, compiles into lib/, and replaces the removed calls in two files. What was there before is kept, and --undo
brings it back. Run it again after a new install of the package, or when that Python environment has moved; if all is
well it does nothing.

First, in the folder of your project:
  npm install --ignore-scripts @tensorflow/tfjs-node
  pip install tensorflow

Linux, x64 and arm64. It needs make, a C++ compiler and node-gyp (npm brings it). Without it plain
@tensorflow/tfjs works with this package as well, only slower.`,
  options: {
    python: {
      type: 'string',
      value: 'PATH',
      help: 'the Python that has TensorFlow (default: the environment in use, .venv, python3)',
    },
    'dry-run': { type: 'boolean', help: 'only say what would be done' },
    undo: { type: 'boolean', help: 'bring back what was there before' },
  },
  examples: [
    ['setup-tfjs-node', 'with the Python environment that is in use'],
    ['setup-tfjs-node --python ~/tf/bin/python --dry-run', 'what it would do with that one'],
    ['setup-tfjs-node --undo', 'as if it had never been run'],
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
  built: 'tfjs-node works; it goes on using the libraries of that Python environment, so keep it',
  mended: 'tfjs-node works in this version of Node too',
} as const;

function undo(tfjs: TfjsNode, args: Arguments, output: Output): number {
  const restored = undoSetup(tfjs);
  if (args.json) output.json({ done: restored.length > 0 ? 'undone' : 'nothing', restored, tfjsNode: tfjs });
  else if (restored.length > 0) output.write(`undone in ${visible(tfjs.home)}: ${visible(restored.join(', '))}\n`);
  else output.write('nothing to undo: it was not set up by this command\n');
  return EXIT.ok;
}

/** @throws TensorBundleError ERR_NOT_SUPPORTED where pip's TensorFlow has no libraries that can be linked. */
function requirePlatform(platform: NodeJS.Platform): void {
  if (platform === 'linux') return;
  const why = platform === 'win32' ? 'on Windows work in WSL' : 'it has been tried on Linux only';
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `setup-tfjs-node is for Linux, and this is ${platform}: ${why}, or use plain @tensorflow/tfjs, which works with this package`,
    { found: platform },
  );
}

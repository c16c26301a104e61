/** Finds the project's @tensorflow/tfjs-node, and says whether it works in this version of Node. */
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { TensorBundleError } from '../../errors.js';
import { runProgram } from './program.js';

export interface TfjsNode {
  /** Its real folder: with pnpm, node_modules has only a symbolic link to it. */
  home: string;
  version: string;
}

const PACKAGE = '@tensorflow/tfjs-node';

/** @throws TensorBundleError ERR_NOT_FOUND if a program in `folder` could not import it. */
export function findTfjsNode(folder: string): TfjsNode {
  let card: string;
  try {
    card = createRequire(join(folder, 'package.json')).resolve(`${PACKAGE}/package.json`);
  } catch (cause) {
    throw new TensorBundleError(
      'ERR_NOT_FOUND',
      `${PACKAGE} is not installed for programs in ${folder}. Install it without its own download, which fails: ` +
        `npm install --ignore-scripts ${PACKAGE} (pnpm and yarn: the same with their names)`,
      { path: folder, cause },
    );
  }
  const { version } = JSON.parse(readFileSync(card, 'utf8')) as { version: string };
  return { home: dirname(realpathSync(card)), version };
}

/**
 * Defines what Node 23 removed and tfjs-node 4.22 calls. A trial with these definitions says whether anything else is
 * missing.
 */
const REMOVED = `const util = require('util');
util.isNullOrUndefined ??= value => value === null || value === undefined;
util.isArray ??= Array.isArray;`;

/** Each operation runs another of the places that call what Node removed. */
const TRIAL = `const tf = require(process.argv[1]);
const { values } = tf.topk(tf.tensor([1, 3, 2]).square(), 1);
if (values.dataSync()[0] !== 9 || tf.getBackend() !== 'tensorflow') process.exit(1);`;

/**
 * Null if tfjs-node can compute in this version of Node, otherwise the reason. `withRemoved`: as if Node still had the
 * removed functions.
 */
export async function trialOf({ home }: TfjsNode, withRemoved = false): Promise<string | null> {
  const code = withRemoved ? `${REMOVED}\n${TRIAL}` : TRIAL;
  const env = { TF_CPP_MIN_LOG_LEVEL: '2', CUDA_VISIBLE_DEVICES: process.env.CUDA_VISIBLE_DEVICES ?? '-1' };
  const { status, output } = await runProgram(process.execPath, ['-e', code, home], { env });
  if (status === 0) return null;
  return /^\w*Error:? .*$/m.exec(output)?.[0] ?? (output.trim().split('\n').at(-1) || `exit code ${status}`);
}

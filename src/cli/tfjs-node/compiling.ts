/** Compiles tfjs-node's binding with its own build tool and the node-gyp of this machine. */
import { createRequire } from 'node:module';
import { pathToFileURL, URL } from 'node:url';
import { TensorBundleError } from '../../errors.js';
import type { TfjsNode } from './place.js';
import { runProgram } from './program.js';
import type { TensorFlow } from './tensorflow.js';

/** The exports of native/node-gyp.mjs, with which this package's own addon is compiled. */
interface NodeGyp {
  COMPILER_ADVICE: string;
  nodeGypScript(): string | undefined;
  nodeHeaders(): string[];
}

/** Found from the package's own card: in dist/ this code lies in another folder than in src/. */
async function load(): Promise<NodeGyp> {
  const card = createRequire(import.meta.url).resolve('tensorbundle/package.json');
  return (await import(new URL('native/node-gyp.mjs', pathToFileURL(card)).href)) as NodeGyp;
}

/** @throws TensorBundleError ERR_NOT_SUPPORTED if there is no make or no C++ compiler. */
export async function requireCompiler(): Promise<void> {
  const { COMPILER_ADVICE } = await load();
  for (const program of ['make', process.env.CXX?.split(' ')[0] || 'g++']) {
    if ((await runProgram(program, ['--version'])).status === 0) continue;
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `there is no \`${program}\` here, and the binding of tfjs-node has to be compiled. ${COMPILER_ADVICE}`,
      { found: program },
    );
  }
}

/** @throws TensorBundleError ERR_NATIVE_ADDON; its cause has the end of the compiler's output. */
export async function compileBinding(tfjs: TfjsNode, { python }: TensorFlow, preGyp: string): Promise<void> {
  const { COMPILER_ADVICE, nodeGypScript, nodeHeaders } = await load();
  const script = nodeGypScript();
  const env: Record<string, string> = { PYTHON: process.env.PYTHON ?? python };
  // Otherwise the build tool looks for node-gyp on the PATH.
  if (script) env.npm_config_node_gyp = script;
  const args = [preGyp, 'install', '--build-from-source', ...nodeHeaders()];
  const { status, output } = await runProgram(process.execPath, args, { cwd: tfjs.home, env });
  if (status === 0) return;
  throw new TensorBundleError(
    'ERR_NATIVE_ADDON',
    `the binding of tfjs-node could not be compiled; nothing was changed. ${COMPILER_ADVICE} It also needs ` +
      `node-gyp, which npm brings`,
    { path: tfjs.home, cause: new Error(output.trim().split('\n').slice(-40).join('\n')) },
  );
}

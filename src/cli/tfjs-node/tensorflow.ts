/** Finds the TensorFlow that pip installed: its headers and its libraries. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TensorBundleError } from '../../errors.js';
import { runProgram } from './program.js';

export interface TensorFlow {
  python: string;
  version: string;
  /** Folder of the libraries. */
  lib: string;
  /** Folder of the headers. */
  include: string;
}

/** The libraries of the wheel for Linux, with the names under which tfjs-node links and loads them. */
export const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  'libtensorflow_cc.so.2': ['libtensorflow_cc.so.2', 'libtensorflow.so'],
  'libtensorflow_framework.so.2': ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
};

const HAS = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("tensorflow") is None)';
const DESCRIBE = `import json, tensorflow as tf
print(json.dumps([tf.__version__, tf.sysconfig.get_lib(), tf.sysconfig.get_include()]))`;

/** The active environment, one in the project's folder, then the system's Python. */
function candidates(folder: string): string[] {
  const { VIRTUAL_ENV, CONDA_PREFIX } = process.env;
  const environments = [VIRTUAL_ENV, CONDA_PREFIX, join(folder, '.venv'), join(folder, 'venv')];
  const inEnvironments = environments.filter(path => !!path).map(path => join(path!, 'bin', 'python'));
  return [...inEnvironments.filter(path => existsSync(path)), 'python3', 'python'];
}

async function findPython(folder: string): Promise<string> {
  const tried = candidates(folder);
  for (const python of tried) {
    if ((await runProgram(python, ['-c', HAS])).status === 0) return python;
  }
  throw new TensorBundleError(
    'ERR_NOT_FOUND',
    `no Python with TensorFlow was found (tried ${tried.join(', ')}). Run \`pip install tensorflow\`, ` +
      'or name another Python: --python PATH',
    { found: tried },
  );
}

/**
 * `given` is the value of --python. If null, environments are searched, among them those in `folder`.
 * @throws TensorBundleError ERR_NOT_FOUND without TensorFlow, ERR_NOT_SUPPORTED for one without the libraries.
 */
export async function findTensorFlow(given: string | null, folder: string): Promise<TensorFlow> {
  const python = given ?? (await findPython(folder));
  const { status, stdout, output } = await runProgram(python, ['-c', DESCRIBE], { env: { TF_CPP_MIN_LOG_LEVEL: '3' } });
  if (status !== 0) {
    const reason = output.trim().split('\n').at(-1);
    throw new TensorBundleError(
      'ERR_NOT_FOUND',
      `${python} cannot import TensorFlow (${reason}): run \`${python} -m pip install tensorflow\`, or name ` +
        `another: --python PATH`,
      { path: python },
    );
  }
  const [version, lib, include] = JSON.parse(stdout.trim().split('\n').at(-1)!) as [string, string, string];
  const missing = Object.keys(LIBRARIES).filter(name => !existsSync(join(lib, name)));
  if (missing.length > 0 || !existsSync(join(include, 'tensorflow', 'c', 'c_api.h'))) {
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `TensorFlow ${version} of ${python} has no ${missing[0] ?? 'tensorflow/c/c_api.h'}; take another version ` +
        `(tried: 2.21)`,
      { path: lib },
    );
  }
  return { python, version, lib, include };
}

/** Compiles the raw reader and writer (peers/raw.cc), which measures what the machine can do without a format. */
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'peers', 'raw.cc');

export async function compileRaw(workspace) {
  const compiler = process.env.CXX ?? 'g++';
  try {
    await promisify(execFile)(compiler, ['-O2', '-std=c++17', '-pthread', '-Wall', '-o', workspace.raw, SOURCE]);
  } catch (cause) {
    throw new Error(`${compiler} could not compile ${SOURCE}; install a C++17 compiler or set CXX`, { cause });
  }
}

/** The cross compiler: PyPI's `ziglang`, pinned, in its own virtual environment under .tools/zig. */
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../setup/command.mjs';
import { SetupFailure } from '../setup/failure.mjs';
import { hasStamp, writeStamp } from '../setup/stamp.mjs';

export const ZIG_VERSION = '0.17.1';

/** @param {string} root */
function home(root) {
  return join(root, '.tools', 'zig');
}

/**
 * How to call the compiler. Its caches are inside the checkout.
 * @param {string} root
 */
export function zigCompiler(root) {
  const cache = join(root, '.tools', 'zig-cache');
  return {
    file: join(home(root), 'bin', 'python'),
    args: ['-m', 'ziglang', 'c++'],
    env: { ZIG_LOCAL_CACHE_DIR: cache, ZIG_GLOBAL_CACHE_DIR: cache },
  };
}

/**
 * @param {string} name
 */
function runs(name) {
  try {
    execFileSync(name, ['-c', 'import venv, ensurepip'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A Python 3 that can make virtual environments. */
export function interpreter() {
  const found = ['python3', 'python3.11', 'python3.12', 'python3.13'].find(runs);
  if (found !== undefined) return found;
  throw new SetupFailure(
    'no Python 3 with its venv module was found',
    'Install one (Debian: `apt-get install python3 python3-venv`).',
  );
}

/**
 * Installs the compiler if it is not there yet.
 * @param {{ root: string, note(text: string): void }} context
 */
export async function installZig(context) {
  const { root } = context;
  const stamp = join(home(root), 'setup.stamp');
  if (hasStamp(stamp, ZIG_VERSION) && existsSync(join(home(root), 'bin', 'python'))) return;
  const python = interpreter();
  context.note(`zig ${ZIG_VERSION} into .tools/zig`);
  rmSync(home(root), { recursive: true, force: true });
  await command(context, 'zig', python, ['-m', 'venv', home(root)], {
    advice: "Python's venv module must work (Debian: `apt-get install python3-venv`).",
  });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  await command(context, 'zig', join(home(root), 'bin', 'python'), [...pip, `ziglang==${ZIG_VERSION}`], {
    advice: 'Check that the network reaches PyPI or the index that pip is configured for.',
  });
  writeStamp(stamp, ZIG_VERSION);
}

/** Step `javascript`: src/ compiled into dist/, and joined into few files. */
import { chmodSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bundle, entriesOf } from './bundle.mjs';
import { command } from './command.mjs';
import { digest, filesBelow, hasStamp, writeStamp } from './stamp.mjs';

/** @param {string} root */
function state(root) {
  const versions = ['typescript', 'rolldown'].map(
    name => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version,
  );
  return digest(root, ['src', 'tsconfig.json', 'package.json', 'tools/setup/bundle.mjs'], versions);
}

/** @param {string} root */
function stampFile(root) {
  // Not in dist/, since everything there goes into the package.
  return join(root, '.tools', 'javascript.stamp');
}

/** @type {import('./step.mjs').Step} */
export const javascript = {
  name: 'javascript',
  what: 'TypeScript into dist/',

  isDone({ root }) {
    const needed = ['typescript', 'rolldown'].map(name => join(root, 'node_modules', name));
    if (!needed.every(folder => existsSync(folder)) || !hasStamp(stampFile(root), state(root))) return false;
    const compiled = filesBelow(join(root, 'src'))
      .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map(file => relative(join(root, 'src'), file).replace(/\.ts$/, '.d.ts'));
    return [...compiled, ...entriesOf(join(root, 'src'), '.ts')].every(file => existsSync(join(root, 'dist', file)));
  },

  async run(context) {
    const { root } = context;
    const fresh = join(root, '.tools', 'dist-new');
    const stale = join(root, '.tools', 'dist-old');
    for (const folder of [fresh, stale]) rmSync(folder, { recursive: true, force: true });
    const before = state(root);
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [
      '-p',
      'tsconfig.json',
      '--outDir',
      fresh,
      '--incremental',
      'false',
      '--tsBuildInfoFile',
      'null',
      '--pretty',
      'false',
    ];
    await command(context, 'javascript', process.execPath, [compiler, ...args], {
      advice: 'Correct the errors above; `npm run typecheck` shows them again.',
    });
    await bundle(fresh);
    // For an installed package npm makes the command executable, but not for a checkout.
    const main = join(fresh, 'cli', 'main.js');
    if (existsSync(main)) chmodSync(main, 0o755);
    // The whole folder is replaced, so that the output of removed sources is removed, too.
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), stale);
    renameSync(fresh, join(root, 'dist'));
    rmSync(stale, { recursive: true, force: true });
    writeStamp(stampFile(root), before);
  },
};

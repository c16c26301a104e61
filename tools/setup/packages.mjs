/** Step `packages`: npm's packages, exactly those of package-lock.json. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';

/** @param {string} file */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/** @type {import('./step.mjs').Step} */
export const packages = {
  name: 'packages',
  what: 'npm packages of package-lock.json',

  // npm writes node_modules/.package-lock.json last, so that file is the stamp. Packages for other platforms are in
  // package-lock.json but are never installed; all of them are optional.
  isDone({ root }) {
    const installed = join(root, 'node_modules', '.package-lock.json');
    if (!existsSync(installed)) return false;
    const found = packagesOf(installed);
    const wanted = packagesOf(join(root, 'package-lock.json'));
    for (const [path, entry] of Object.entries(wanted)) {
      if (path === '') continue;
      if (!(path in found)) {
        if (entry.optional) continue;
        return false;
      }
      if (found[path].version !== entry.version || found[path].integrity !== entry.integrity) return false;
      if (!existsSync(join(root, path, 'package.json'))) return false;
    }
    return Object.keys(found).every(path => path in wanted);
  },

  async run(context) {
    const advice =
      'Check that the network reaches the npm registry (`npm ping`), ' +
      'or that package.json and package-lock.json agree (`npm install`).';
    await command(context, 'packages', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { advice });
  },
};

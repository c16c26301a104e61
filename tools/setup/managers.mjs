/**
 * Step `managers`, for `npm run test:deep`: the package managers and bundlers that users have, and a registry to
 * publish to, in the git-ignored folder .tools/managers. Their versions are pinned here; npm chooses the versions of
 * what they depend on.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';

const CARD = JSON.stringify({
  private: true,
  dependencies: {
    '@rollup/plugin-commonjs': '29.0.0',
    '@rollup/plugin-node-resolve': '16.0.3',
    berry: 'npm:@yarnpkg/cli-dist@4.18.1',
    esbuild: '0.28.2',
    npm: '12.2.1',
    pnpm: '12.21.0',
    rollup: '4.68.8',
    verdaccio: '6.10.4',
    webpack: '5.112.2',
    yarn: '1.22.22',
  },
  // verdaccio asks for a tag of node-fetch that not every registry has.
  overrides: { 'node-fetch': '2.7.0' },
});

/** @param {string} root */
export function managersHome(root) {
  return join(root, '.tools', 'managers');
}

/** @type {import('./step.mjs').Step} */
export const managers = {
  name: 'managers',
  what: 'package managers, bundlers and a registry into .tools/managers',
  deep: true,

  isDone({ root }) {
    const card = join(managersHome(root), 'package.json');
    return existsSync(card) && readFileSync(card, 'utf8') === CARD;
  },

  async run(context) {
    const home = managersHome(context.root);
    const fresh = `${home}-new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    writeFileSync(join(fresh, 'package.json'), CARD);
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
    await command(context, 'managers', 'npm', args, {
      cwd: fresh,
      advice: 'Check that the network reaches the npm registry (`npm ping`).',
    });
    // The whole folder is renamed, so that an interrupted run leaves nothing that looks complete.
    rmSync(home, { recursive: true, force: true });
    renameSync(fresh, home);
  },
};

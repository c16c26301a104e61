/**
 * Versions of Node to try a prebuilt addon with: npm's `node-linux-*` packages (those that the package `node`
 * installs), in .tools/nodes. They are for glibc; foreign.mjs has those for musl.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../setup/command.mjs';

/** Node 20 is the oldest that package.json allows. */
export const NODE_VERSIONS = ['20.19.0', '22.23.3', '24.21.0'];

/**
 * @param {string} root
 * @param {string} arch
 */
export function nodesOf(root, arch) {
  const home = join(root, '.tools', 'nodes', arch);
  const wanted = JSON.stringify({
    private: true,
    dependencies: Object.fromEntries(
      NODE_VERSIONS.map(version => [`node${version}`, `npm:node-linux-${arch}@${version}`]),
    ),
  });
  const nodes = NODE_VERSIONS.map(version => ({
    version,
    file: join(home, 'node_modules', `node${version}`, 'bin', 'node'),
  }));
  const card = join(home, 'package.json');
  const complete =
    nodes.every(({ file }) => existsSync(file)) && existsSync(card) && readFileSync(card, 'utf8') === wanted;
  return { home, wanted, card, nodes, complete };
}

/**
 * Installs them if they are not there yet.
 * @param {{ root: string, note(text: string): void }} context
 * @param {string} arch
 */
export async function installNodes(context, arch) {
  const { home, wanted, card, nodes, complete } = nodesOf(context.root, arch);
  if (complete) return nodes;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  context.note(`Node ${NODE_VERSIONS.join(', ')} for ${arch} into .tools/nodes`);
  writeFileSync(card, wanted);
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--force', '--no-package-lock'];
  await command(context, 'nodes', 'npm', args, { cwd: home, advice: 'Check that the network reaches npm’s registry.' });
  return nodes;
}

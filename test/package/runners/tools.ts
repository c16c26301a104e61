/** Jest and what goes with it, as npm has them, pinned. Kept under .tools, since nobody but these tests needs them. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT, run } from '../pack.js';

const DEPENDENCIES = { jest: '30.5.2', esbuild: '0.28.2' };

/** The folder whose node_modules has them; installed if they are not there. */
export function runnerTools(): string {
  const folder = join(CHECKOUT, '.tools', 'test-runners');
  const card = JSON.stringify({ private: true, dependencies: DEPENDENCIES });
  const done = join(folder, 'done.json');
  if (existsSync(done) && readFileSync(done, 'utf8') === card) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), card);
  run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'], { cwd: folder });
  writeFileSync(done, card);
  return folder;
}

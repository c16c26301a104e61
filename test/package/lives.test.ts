/**
 * The life of a process with the published addon, installed from the packed tarball: workers, exits, exceptions,
 * children. The end of each is checked, code and signal. lives.deep.test.ts repeats all of it on every version of Node.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installPackage } from './install.js';
import { expectedLives } from './lives/expected.js';
import { installLives, live, start } from './lives/live.js';
import { hostNodes } from './lives/nodes.js';
import { hostPrebuild } from './pack.js';

const REPEAT = 1;
const LIVES = Object.entries(expectedLives(REPEAT));
/** What each version lives; the rest is for the last one. */
const FIRST = ['only a worker loads it', 'a worker first, then the main thread'];

const nodes = hostNodes();
let work: string;
let folder: string;

beforeAll(() => {
  work = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-lives-')));
  ({ folder } = installPackage(work));
  installLives(folder);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('the addon in use is the published one', async () => {
  const code = `await import('tensorbundle');
    console.log(process.report.getReport().sharedObjects.filter(file => file.endsWith('.node')).join());`;
  for (const node of nodes) {
    const { stdout } = await start(node, ['--input-type=module', '-e', code], folder);
    expect(stdout.trim()).toBe(join(folder, 'node_modules', 'tensorbundle', 'prebuilds', hostPrebuild()));
  }
});

test.each(LIVES)('%s', async (name, expected) => {
  for (const node of FIRST.includes(name) ? nodes : nodes.slice(-1)) {
    expect(await live(node, folder, name, { expected, repeat: REPEAT })).toBeGreaterThan(0);
  }
});

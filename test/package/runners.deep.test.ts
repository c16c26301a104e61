/**
 * The published package in Jest and in vitest, as docs/test-runners.md sets them up: its own snippets, and all that the
 * package does (runners/suite.ts), on the oldest and the newest Node, in the longest run on each. The oldest one has
 * tfjs-node, too, whose arrays are of the main realm.
 */
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPackage } from './install.js';
import { start } from './lives/live.js';
import { outermostNodes } from './lives/nodes.js';
import { CHECKOUT } from './pack.js';
import { type Loading, suite } from './runners/suite.js';
import { runnerTools } from './runners/tools.js';

interface Project {
  /** A heading of the page. */
  readonly heading: string;
  readonly loading: Loading;
  readonly type: 'module' | 'commonjs';
  /** For Node. */
  readonly flags: readonly string[];
  readonly runner: 'jest' | 'vitest';
  readonly args: readonly string[];
}

const VM_MODULES = ['--experimental-vm-modules'];
const vitest = (pool: string): Project => ({
  heading: 'vitest',
  loading: 'import',
  type: 'module',
  flags: [],
  runner: 'vitest',
  args: ['run', '--globals', '--reporter=json', `--pool=${pool}`],
});
const jest = (heading: string, loading: Loading, type: Project['type'], flags: readonly string[]): Project => ({
  heading,
  loading,
  type,
  flags,
  runner: 'jest',
  args: ['--json', '--testTimeout=60000', '--cacheDirectory=cache'],
});
const PROJECTS = [
  ...['forks', 'threads', 'vmForks', 'vmThreads'].map(vitest),
  jest('Jest, a project of ES modules', 'import', 'module', VM_MODULES),
  jest('Jest, a project of CommonJS modules', 'await import', 'commonjs', VM_MODULES),
  jest('Jest without the flag', 'require', 'commonjs', []),
];

/** The files of a section: those of its blocks that begin with a comment of one word. */
function filesUnder(heading: string): Map<string, string> {
  const page = readFileSync(join(CHECKOUT, 'docs', 'test-runners.md'), 'utf8');
  const section = page.split(/^## /m).find(text => text.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`the page has no section '${heading}'`);
  return new Map([...section.matchAll(/```js\n\/\/ (\S+)\n(.*?)```/gs)].map(([, name, code]) => [name!, code!]));
}

let work: string;
let folder: string;

beforeAll(() => {
  const tools = runnerTools();
  work = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-runners-')));
  ({ folder } = installPackage(work));
  const modules = join(folder, 'node_modules');
  for (const name of ['@tensorflow', 'vitest']) symlinkSync(join(CHECKOUT, 'node_modules', name), join(modules, name));
  for (const name of ['jest', 'esbuild', '@jest']) symlinkSync(join(tools, 'node_modules', name), join(modules, name));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function makeProject({ heading, loading, type, runner }: Project): string {
  const home = mkdtempSync(join(folder, 'project-'));
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, type }));
  const files = filesUnder(heading);
  expect(files.has('saving.test.js')).toBe(true);
  for (const [name, code] of files) writeFileSync(join(home, name), code);
  writeFileSync(join(home, 'suite.test.js'), suite(loading, runner === 'vitest' ? 'vi' : 'jest'));
  return home;
}

describe.each(outermostNodes())('Node $version', node => {
  test.each(PROJECTS)('$heading $args', async project => {
    const home = makeProject(project);
    const bin = { jest: 'jest/bin/jest.js', vitest: 'vitest/vitest.mjs' }[project.runner];
    const flavours = ['@tensorflow/tfjs', ...(Number.parseInt(node.version, 10) < 22 ? ['@tensorflow/tfjs-node'] : [])];
    for (const TFJS of flavours) {
      const env = { TFJS, VITEST: '', VITEST_POOL_ID: '', VITEST_WORKER_ID: '', JEST_WORKER_ID: '', NODE_ENV: 'test' };
      const args = [...project.flags, realpathSync(join(folder, 'node_modules', bin)), ...project.args];
      const { stdout, stderr, status } = await start(node, args, home, env);
      expect(status, `${TFJS}: ${stdout}\n${stderr}`).toBe(0);
      const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as object;
      expect(report).toMatchObject({ numPassedTests: 7, numFailedTests: 0, numPendingTests: 0 });
    }
  });
});

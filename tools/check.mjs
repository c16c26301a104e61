/**
 * What to run before a commit: `npm run check`. It checks format, lint, the picture of imports and types, and runs the
 * fast tests (tools/check/fast.mjs), two steps at a time, in under a minute on two cores. `npm test` has the rest.
 * Needs `npm run build` once. Prints a line when a step ends, and its whole output if it fails.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastTests } from './check/fast.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** @param {string} name @param {string} file of its package */
const tool = (name, file) => join(ROOT, 'node_modules', name, file);
const TSC = tool('typescript', 'bin/tsc');

/** Two lanes that take about equally long. The command `mend` repairs what the step finds. */
const LANES = [
  [
    { name: 'types of tests', args: [TSC, '--noEmit', '-p', 'test/tsconfig.json'] },
    { name: 'types of src/', args: [TSC, '--noEmit', '-p', 'tsconfig.json'] },
  ],
  [
    {
      name: 'format and lint',
      args: [tool('@biomejs/biome', 'bin/biome'), 'check', '.'],
      mend: 'npx biome check --write .',
    },
    { name: 'lines and words', args: ['tools/lint.mjs'] },
    { name: 'picture of imports', args: ['tools/imports.mjs', '--check'] },
    // One worker, since the other lane uses the other core.
    {
      name: 'fast tests',
      args: [tool('vitest', 'vitest.mjs'), 'run', '--project=normal', '--maxWorkers=1'],
      tests: true,
    },
  ],
];

/** @param {readonly string[]} args */
function run(args) {
  return new Promise(resolve => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text));
    child.on('error', error => resolve({ good: false, output: String(error) }));
    child.on('close', code => resolve({ good: code === 0, output }));
  });
}

async function main() {
  if (!existsSync(TSC)) {
    console.error('nothing is installed here yet: npm run build');
    return 1;
  }
  const started = performance.now();
  /** @param {number} since */
  const seconds = since => `${((performance.now() - since) / 1000).toFixed(1)} s`;
  /** @type {string[]} */
  const failed = [];
  /** @param {typeof LANES[number]} steps */
  const runLane = async steps => {
    for (const step of steps) {
      const begun = performance.now();
      const files = step.tests ? fastTests(ROOT) : [];
      const { good, output } = await run([...step.args, ...files]);
      console.log(`${good ? 'ok    ' : 'FAILED'} ${step.name} (${seconds(begun)})`);
      if (good) continue;
      failed.push(step.name);
      console.log(`${output.trimEnd()}\n${step.mend ? `To mend what can be mended: ${step.mend}\n` : ''}`);
    }
  };
  await Promise.all(LANES.map(runLane));
  const result = failed.length === 0 ? 'all good: commit' : `failed: ${failed.join(', ')}`;
  console.log(`${result} (${seconds(started)})`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();

/** The summary of a CI run: what counts, over both runs of vitest, and its last line, which machines read. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SUMMARY = fileURLToPath(new URL('../.ci/summary.mjs', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tensorbundle-ci-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Status = 'passed' | 'failed' | 'pending';

/** What a run of vitest leaves: one file with these tests, and why the last was skipped. */
function leave(part: string, statuses: readonly Status[], message = ''): string {
  const name = join(process.cwd(), 'test', `${part}.test.ts`);
  const assertionResults = statuses.map((status, i) => ({
    ancestorTitles: [part],
    title: `test ${i}`,
    fullName: `${part} test ${i}`,
    status,
  }));
  const failed = statuses.includes('failed') || message !== '';
  const file = { name, status: failed ? 'failed' : 'passed', message, assertionResults };
  const last = statuses.length - 1;
  writeFileSync(
    join(folder, `${part}.json`),
    JSON.stringify({ testResults: statuses.length || message ? [file] : [] }),
  );
  const note = { file: name, test: `${part} > test ${last}`, note: `why in ${part}` };
  writeFileSync(join(folder, `${part}-skips.json`), JSON.stringify([note]));
  return join(folder, part);
}

function summary(...args: string[]) {
  const { status, stdout } = spawnSync(process.execPath, [SUMMARY, ...args], { encoding: 'utf8' });
  const lines = stdout.trim().split('\n');
  return { status, lines, last: lines.at(-1) };
}

test('both runs and every check are counted; each skipped test has its reason', () => {
  const [one, two] = [leave('one', ['passed', 'passed', 'pending']), leave('two', ['passed', 'pending'])];
  expect(summary('lint=0', `npm test=0,${one}`, `npm run test:deep=0,${two}`)).toEqual({
    status: 0,
    lines: [
      'skipped: test/one.test.ts: one test 2: why in one',
      'skipped: test/two.test.ts: two test 1: why in two',
      '4 passed, 0 failed, 2 skipped',
    ],
    last: '4 passed, 0 failed, 2 skipped',
  });
  expect(summary('lint=0', `a=0,${leave('one', ['passed'])}`).last).toBe('2 passed, 0 failed');
});

test('a failure of either run or of a check fails, and is named', () => {
  const [one, two] = [leave('one', ['passed']), leave('two', ['passed', 'failed'])];
  const { status, lines, last } = summary('lint=3', `npm test=0,${one}`, `npm run test:deep=1,${two}`);
  expect([status, last]).toEqual([1, '2 passed, 2 failed']);
  expect(lines).toContain('FAILED: lint (exit code 3)');
  expect(lines).toContain('FAILED: test/two.test.ts: two test 1');
});

test('a run that was ended, tested nothing, or ended badly although all passed, fails whatever the other says', () => {
  const whole = `npm test=0,${leave('one', ['passed'])}`;
  expect(summary(whole, `deep=124,${join(folder, 'none')}`)).toMatchObject({
    status: 1,
    lines: ['FAILED: deep ended with exit code 124 and without a report', '1 passed, 1 failed'],
  });
  expect(summary(whole, `deep=0,${leave('two', [])}`).lines).toContain('FAILED: deep ran no test');
  expect(summary(whole, `deep=1,${leave('two', ['passed'])}`).lines).toContain(
    'FAILED: deep (exit code 1) although no test failed',
  );
  const broken = leave('two', ['passed'], 'Error: cannot load');
  expect(summary(whole, `deep=1,${broken}`).lines).toContain('FAILED: test/two.test.ts: Error: cannot load');
});

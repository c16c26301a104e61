/**
 * Counts of a CI run: `node .ci/summary.mjs CHECK=STATUS... RUN=STATUS,PART...`. A run of vitest has left PART.json,
 * its report, and PART-skips.json, by skip-notes.mjs. Every test is counted once, every other check as one test, and so
 * is a test file that could not be loaded, or a run that ended badly without a failed test.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const skips = [];

function fail(what) {
  counts.failed++;
  failures.push(what);
}

/** What the test said with `ctx.skip('why')`; `test.skip` and `test.todo` cannot say anything. */
function reasonOf(file, test, skipNotes) {
  const name = [...test.ancestorTitles, test.title].join(' > ');
  const found = skipNotes.find(entry => entry.file === file.name && entry.test === name);
  return found?.note ?? `no reason given (${test.status})`;
}

function countFile(file, skipNotes) {
  const path = relative(process.cwd(), file.name);
  if (file.assertionResults.length === 0 || (file.status === 'failed' && !file.assertionResults.some(isFailed))) {
    fail(`${path}: ${String(file.message || 'no test in it ran').split('\n')[0]}`);
  }
  for (const test of file.assertionResults) {
    if (test.status === 'passed') counts.passed++;
    else if (isFailed(test)) fail(`${path}: ${test.fullName}`);
    else {
      counts.skipped++;
      skips.push(`${path}: ${test.fullName}: ${reasonOf(file, test, skipNotes)}`);
    }
  }
}

function isFailed(test) {
  return test.status === 'failed';
}

/** A run with no report was ended by the limit of time, or never began. */
function countRun(run, status, part) {
  const read = file => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null);
  const report = read(`${part}.json`);
  if (report === null) {
    fail(`${run} ended with exit code ${status} and without a report`);
    return;
  }
  const before = { ...counts };
  for (const file of report.testResults) countFile(file, read(`${part}-skips.json`) ?? []);
  // An unhandled error fails the run without failing a test.
  if (status !== '0' && counts.failed === before.failed) fail(`${run} (exit code ${status}) although no test failed`);
  else if (counts.passed + counts.failed === before.passed + before.failed) fail(`${run} ran no test`);
}

for (const argument of process.argv.slice(2)) {
  const [check, result] = argument.split('=');
  const [status, part] = result.split(',');
  if (part !== undefined) countRun(check, status, part);
  else if (status === '0') counts.passed++;
  else fail(`${check} (exit code ${status})`);
}

console.log('');
for (const text of skips) console.log(`skipped: ${text}`);
for (const text of failures) console.log(`FAILED: ${text}`);
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed > 0 ? 1 : 0;

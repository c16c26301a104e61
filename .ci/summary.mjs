/**
 * Counts of a CI run: `node .ci/summary.mjs REPORT NOTES vitest=STATUS CHECK=STATUS...`, NOTES
 * from skip-notes.mjs. Every test is counted once, every other
 * check as one test, and so is a test file that could not be loaded, or a run that ended badly without a failed test.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [reportFile, notesFile, ...statuses] = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };
const skipNotes = existsSync(notesFile) ? JSON.parse(readFileSync(notesFile, 'utf8')) : [];
const failures = [];
const skips = [];

function fail(what) {
  counts.failed++;
  failures.push(what);
}

/** What the test said with `ctx.skip('why')`; `test.skip` and `test.todo` cannot say anything. */
function reasonOf(file, test) {
  const name = [...test.ancestorTitles, test.title].join(' > ');
  const found = skipNotes.find(entry => entry.file === file.name && entry.test === name);
  return found?.note ?? `no reason given (${test.status})`;
}

function countFile(file) {
  const path = relative(process.cwd(), file.name);
  if (file.assertionResults.length === 0 || (file.status === 'failed' && !file.assertionResults.some(isFailed))) {
    fail(`${path}: ${String(file.message || 'no test in it ran').split('\n')[0]}`);
  }
  for (const test of file.assertionResults) {
    if (test.status === 'passed') counts.passed++;
    else if (isFailed(test)) fail(`${path}: ${test.fullName}`);
    else {
      counts.skipped++;
      skips.push(`${path}: ${test.fullName}: ${reasonOf(file, test)}`);
    }
  }
}

function isFailed(test) {
  return test.status === 'failed';
}

const report = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : null;
for (const file of report?.testResults ?? []) countFile(file);
for (const argument of statuses) {
  const [check, status] = argument.split('=');
  if (check !== 'vitest') {
    if (status === '0') counts.passed++;
    else fail(`${check} (exit code ${status})`);
  } else if (report === null) fail(`npm test ended with exit code ${status} and without a report`);
  // An unhandled error, or a limit of time, fails the run without failing a test.
  else if (status !== '0' && counts.failed === 0) fail(`npm test (exit code ${status}) although no test failed`);
  else if (counts.passed + counts.failed === 0) fail('npm test ran no test');
}

console.log('');
for (const text of skips) console.log(`skipped: ${text}`);
for (const text of failures) console.log(`FAILED: ${text}`);
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed > 0 ? 1 : 0;

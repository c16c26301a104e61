/** Which tests `npm run check` runs: those that are fast by what they import. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fastTests } from '../tools/check/fast.mjs';

test('the fast tests: rules and bytes; no process, no TensorFlow.js, no deep test', () => {
  const files = fastTests(fileURLToPath(new URL('..', import.meta.url)));
  const expected = ['test/format/table.test.ts', 'test/shape.test.ts', 'test/lint.test.ts', 'test/check.test.ts'];
  expect(files).toEqual(expect.arrayContaining(expected));
  // Each for its own reason: a process, by way of a helper; TensorFlow.js; both; its folder; its length.
  const slow = ['test/ci.test.ts', 'test/cli/reading.test.ts', 'test/commit/call-order.test.ts'];
  const others = ['test/bundle/views.test.ts', 'test/hostile/limits.test.ts', 'test/bundle/large.deep.test.ts'];
  expect(files.filter(file => [...slow, ...others].includes(file))).toEqual([]);
});

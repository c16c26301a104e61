/** The native unit tests as they are built for use; native.deep.test.ts has the sanitizers. */
import { test } from 'vitest';
import { runUnitTests } from './unit-tests.js';

test('native unit tests: release', () => runUnitTests('release'), 300_000);

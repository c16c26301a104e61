/** The native unit tests under sanitizers and valgrind. */
import { test } from 'vitest';
import { runUnitTests } from './unit-tests.js';

test.each(['address', 'thread', 'valgrind'])('native unit tests: %s', runUnitTests);

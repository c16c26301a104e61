/** The native unit tests under sanitizers and valgrind, and the CRC32C kernels of 64-bit ARM in an emulator. */
import { test } from 'vitest';
import { foreignTargets } from '../../tools/setup/foreign.mjs';
import { runUnitTests } from './unit-tests.js';

test.each(['address', 'thread', 'valgrind'])('native unit tests: %s', runUnitTests);

test.runIf(foreignTargets().some(({ name }) => name === 'linux-arm64-glibc'))('CRC32C for arm64', () =>
  runUnitTests('arm64'),
);

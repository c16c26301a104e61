/**
 * Three projects: `npm test` runs `normal`, `npm run test:deep` runs `deep`, and `npm run test:long` runs the files of
 * that one again, which then ask for more. CONTRIBUTING.md says what belongs where.
 */
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.js';

const DEEP = 'test/**/*.deep.test.ts';
/** One Python with TensorFlow for all files of a project. Not above, where it would be started for the root as well. */
const globalSetup = 'test/oracle/python-server.ts';

export default defineConfig({
  test: {
    // Native addons and TensorFlow keep per-process state: separate processes, and no more of them than cores.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'normal',
          include: ['test/**/*.test.ts'],
          exclude: [DEEP, '**/node_modules/**'],
          // One more than cores: a fifth of the time these files wait for the disk, for timers, or for other programs.
          maxWorkers: 3,
          globalSetup,
        },
      },
      ...['deep', 'long'].map(name => ({
        extends: true as const,
        test: {
          name,
          include: [DEEP],
          globalSetup,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          // For test/depth.ts.
          env: { TENSORBUNDLE_TESTS: name },
        },
      })),
    ],
  },
});

/**
 * The fast tests: those in the folders below that neither start another process nor load TensorFlow.js, judged by their
 * imports. A new test file is included automatically.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readSources, target } from '../imports/graph.mjs';

/**
 * Folders whose tests are about rules and bytes. Without those that repeat something for each fault (crash/) or test
 * limits (hostile/).
 */
const FOLDERS = ['', 'bundle/', 'cli/', 'commit/', 'format/', 'graph/'];
const SLOW = /^(node:)?(child_process|worker_threads)$|^@tensorflow\/|^vitest\/node$/;
/** Entry points that load TensorFlow.js. */
const TFJS = /\/src\/(tfjs|optimizers|register)\.ts$/;

/**
 * Paths from the checkout's root, sorted.
 *
 * @param {string} root
 * @returns {string[]}
 */
export function fastTests(root) {
  const folder = join(root, 'test');
  const tests = new Map(readSources(folder).map(source => [source.file, source]));
  /** @param {string} file @param {Set<string>} seen @returns {boolean} */
  const isSlow = (file, seen = new Set()) => {
    if (seen.has(file)) return false;
    seen.add(file);
    return (tests.get(file)?.imports ?? [])
      .filter(({ typeOnly }) => !typeOnly)
      .some(({ specifier }) => {
        if (!specifier.startsWith('.')) return SLOW.test(specifier);
        const to = target(file, specifier);
        return TFJS.test(to) || isSlow(to, seen);
      });
  };
  return FOLDERS.flatMap(prefix =>
    readdirSync(join(folder, prefix))
      .filter(name => name.endsWith('.test.ts') && !name.endsWith('.deep.test.ts'))
      .map(name => prefix + name)
      .filter(file => !isSlow(file))
      .map(file => `test/${file}`)
      .sort(),
  );
}

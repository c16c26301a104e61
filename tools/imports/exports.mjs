/** Finds exports that no other file imports: what is used only in its own file needs no `export`. */
import ts from 'typescript';
import { target } from './graph.mjs';

/** @typedef {import('./source.mjs').Source} Source */

/** Stands for every name, if a file is imported as a whole. */
const ALL = '*';

/**
 * For each file, the names that others import from it.
 *
 * @param {readonly Source[]} users
 * @returns {Map<string, Set<string>>}
 */
function importedNames(users) {
  /** @type {Map<string, Set<string>>} */
  const used = new Map();
  for (const { file, imports } of users) {
    for (const { specifier, names } of imports.filter(one => one.specifier.startsWith('.'))) {
      const to = target(file, specifier).replace(/^src\//, '');
      used.set(to, new Set([...(used.get(to) ?? []), ...(names ?? [ALL])]));
    }
  }
  return used;
}

/**
 * How often a name occurs in a file, its declaration included.
 *
 * @param {Source} source
 * @param {string} name
 */
function mentions({ tree }, name) {
  let count = 0;
  /** @param {ts.Node} node */
  const visit = node => {
    if (ts.isIdentifier(node) && node.text === name) count += 1;
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return count;
}

/**
 * @param {readonly Source[]} sources
 * @param {readonly Source[]} tests named from the folder around src/: 'test/x.ts'
 * @param {(file: string) => boolean} isPublic whose exports are for users
 * @returns {string[]} 'file: name', and for code that only tests run: 'file: name, by tests only'
 */
export function unusedExports(sources, tests, isPublic) {
  const [used, tested] = [importedNames(sources), importedNames(tests)];
  /** @param {Map<string, Set<string>>} by @param {string} file @param {string} name */
  const has = (by, file, name) => by.get(file)?.has(name) || by.get(file)?.has(ALL);
  return sources
    .filter(({ file }) => !isPublic(file))
    .flatMap(source => {
      const { file, exports } = source;
      const unused = exports.filter(name => !has(used, file, name));
      return [
        ...unused.filter(name => !has(tested, file, name)).map(name => `${file}: ${name}`),
        ...unused
          .filter(name => has(tested, file, name) && mentions(source, name) < 2)
          .map(name => `${file}: ${name}, by tests only`),
      ];
    });
}

/**
 * Functions of node:util that tfjs-node 4.22 calls and Node 23 no longer has (tensorflow/tfjs pull request 8425,
 * unreleased).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const REPLACEMENTS: Readonly<Record<string, string>> = {
  isArray: 'Array.isArray',
  isNullOrUndefined: '((value) => value === null || value === undefined)',
  isUndefined: '((value) => value === undefined)',
  isNull: '((value) => value === null)',
  isString: "((value) => typeof value === 'string')",
  isNumber: "((value) => typeof value === 'number')",
  isBoolean: "((value) => typeof value === 'boolean')",
  isFunction: "((value) => typeof value === 'function')",
  isObject: "((value) => value !== null && typeof value === 'object')",
};

/** The text of a file with calls of removed functions replaced; the same text if there are none. */
export function withoutRemovedFunctions(text: string): string {
  const names = [...text.matchAll(/\b(?:var|const|let) (\w+) = require\(["'](?:node:)?util["']\)/g)].map(
    match => match[1]!,
  );
  return names.reduce(
    (changed, name) =>
      changed.replace(
        new RegExp(`\\(0, ${name}\\.(\\w+)\\)\\(|(?<![\\w.$])${name}\\.(\\w+)\\(`, 'g'),
        (call, compiled?: string, plain?: string) => {
          const replacement = REPLACEMENTS[(compiled ?? plain)!];
          return replacement === undefined ? call : `${replacement}(`;
        },
      ),
    text,
  );
}

/** Files of the package that call removed functions, relative to `home`, without its own tests. */
export function filesWithRemovedFunctions(home: string): string[] {
  return readdirSync(join(home, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.js') && !/_test\.js$|run_tests\.js$/.test(name))
    .map(name => join('dist', name))
    .filter(path => {
      const text = readFileSync(join(home, path), 'utf8');
      return withoutRemovedFunctions(text) !== text;
    })
    .sort();
}

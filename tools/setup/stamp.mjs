/**
 * Stamps: a step writes a digest of everything its result depends on, after the result is complete. If a step's stamp
 * is missing or different, the step was never done, was interrupted, or is out of date; then it runs again.
 */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * Every regular file at or below `path`, sorted; empty if `path` does not exist.
 * @param {string} path
 * @returns {string[]}
 */
export function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (lstatSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * @param {string} root
 * @param {readonly string[]} paths files and folders relative to `root`; names and contents count
 * @param {readonly string[]} facts versions and options that count as well
 * @returns {string}
 */
export function digest(root, paths, facts) {
  const hash = createHash('sha256');
  for (const fact of facts) hash.update(`fact ${JSON.stringify(fact)}\n`);
  for (const path of paths) {
    for (const file of filesBelow(join(root, path))) {
      const content = readFileSync(file);
      hash.update(`file ${JSON.stringify(relative(root, file))} ${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} file
 * @param {string} value
 */
export function hasStamp(file, value) {
  return existsSync(file) && readFileSync(file, 'utf8').trim() === value;
}

/**
 * @param {string} file
 * @param {string} value
 */
export function writeStamp(file, value) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${value}\n`);
  renameSync(temporary, file);
}

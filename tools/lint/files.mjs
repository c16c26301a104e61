/** The text files that are written by hand: none that are generated, and none that TensorFlow wrote. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['.ci', '.github', 'bench', 'docs', 'native', 'proto', 'src', 'test', 'tools'];
const TEXT = /\.(c|cc|gypi?|h|js|json|md|mjs|proto|py|sh|ts|ya?ml)$|^\.ci\/run$/;
const GENERATED = /_pb\.ts$|(^|\/)package-lock\.json$|^docs\/(?:api\/|performance\/table\.md)|^bench\/results\//;
const NOT_ENTERED = new Set(['node_modules', 'fixtures', 'dist', 'build']);

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) return [path];
    const isEntered = folder === '' ? FOLDERS.includes(entry.name) : !NOT_ENTERED.has(entry.name);
    return entry.isDirectory() && isEntered ? filesBelow(root, path) : [];
  });
}

/**
 * @typedef {object} TextFile
 * @property {string} file from the checkout's root, with slashes
 * @property {string} text
 *
 * @typedef {object} Finding
 * @property {string} file
 * @property {number} line counted from 1
 * @property {string} message
 */

/**
 * @param {string} root
 * @returns {TextFile[]}
 */
export function textFiles(root) {
  return filesBelow(root, '')
    .filter(file => TEXT.test(file) && !GENERATED.test(file))
    .sort()
    .map(file => ({ file, text: readFileSync(join(root, file), 'utf8') }));
}

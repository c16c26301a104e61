/** Reads the native sources from the lists in native/addon.gypi, for everything that compiles them without node-gyp. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The strings of a list in native/addon.gypi, which is a Python literal.
 * @param {string} text
 * @param {string} name
 * @returns {string[]}
 */
function listOf(text, name) {
  const body = new RegExp(`'${name}': \\[([^\\]]*)\\]`).exec(text)?.[1];
  if (body === undefined) throw new Error(`native/addon.gypi has no list '${name}'`);
  return [...body.replaceAll(/#.*/g, '').matchAll(/'([^']+)'/g)].map(match => match[1]);
}

/**
 * The sources of each room, relative to the checkout, and the macros with which the addon is compiled.
 * @param {string} root
 */
export function nativeSources(root) {
  const gyp = readFileSync(join(root, 'native', 'addon.gypi'), 'utf8');
  return {
    crc32c: listOf(gyp, 'crc32c_sources'),
    engine: listOf(gyp, 'engine_sources'),
    node: [...listOf(gyp, 'node_sources'), ...listOf(gyp, 'addon_sources')],
    defines: listOf(gyp, 'defines'),
  };
}

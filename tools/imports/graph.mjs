/** All sources of a tree, and which file imports which. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parse } from './source.mjs';

/** @typedef {import('./source.mjs').Source} Source */

/**
 * Every *.ts below `folder`, sorted by name.
 *
 * @param {string} folder
 * @returns {Source[]}
 */
export function readSources(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map(file => file.replaceAll('\\', '/'))
    .filter(file => file.endsWith('.ts'))
    .sort()
    .map(file => parse(file, readFileSync(join(folder, file), 'utf8')));
}

/**
 * The file that a relative specifier names, as `Source.file` spells it.
 *
 * @param {string} from
 * @param {string} specifier
 */
export function target(from, specifier) {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

/**
 * The files that `source` imports from its own tree, imports of types included. One entry per import.
 *
 * @param {Source} source
 */
export function targets({ file, imports }) {
  return imports
    .filter(({ specifier }) => specifier.startsWith('.') && !specifier.endsWith('.json'))
    .map(({ specifier }) => target(file, specifier));
}

/**
 * For each file, the files that it imports.
 *
 * @param {readonly Source[]} sources
 * @returns {Map<string, Set<string>>}
 */
export function arrowsOfFiles(sources) {
  const known = new Set(sources.map(({ file }) => file));
  return new Map(sources.map(source => [source.file, new Set(targets(source).filter(to => known.has(to)))]));
}

/** Files outside of the folders that import from folders: `index.ts` and similar ones. */
export const ENTRY_POINTS = 'entry points';
/** Files outside of the folders that do not import from a folder. */
export const SHARED = 'shared files';

/**
 * The place of each file: its folder ('graph/stored', without the folders in it), or one of the two names above.
 *
 * @param {readonly Source[]} sources
 * @returns {Map<string, string>}
 */
export function placesOf(sources) {
  return new Map(
    sources.map(source => {
      if (source.file.includes('/')) return [source.file, posix.dirname(source.file)];
      return [source.file, targets(source).some(to => to.includes('/')) ? ENTRY_POINTS : SHARED];
    }),
  );
}

/**
 * For each place, the places that its files import from, with the number of imports.
 *
 * @param {readonly Source[]} sources
 * @returns {Map<string, Map<string, number>>}
 */
export function arrowsOfPlaces(sources) {
  const places = placesOf(sources);
  /** @type {Map<string, Map<string, number>>} */
  const arrows = new Map([...places.values()].map(place => [place, new Map()]));
  for (const [file, imported] of arrowsOfFiles(sources)) {
    const from = places.get(file);
    const counts = arrows.get(from);
    for (const to of [...imported].map(other => places.get(other))) {
      if (to !== from) counts.set(to, (counts.get(to) ?? 0) + 1);
    }
  }
  return arrows;
}

/**
 * Arrows between the folders that are directly in `parent` ('' for the folder of all sources), each with all folders
 * below it. Files directly in `parent` are left out.
 *
 * @param {readonly Source[]} sources
 * @param {string} parent
 * @returns {Map<string, Set<string>>}
 */
export function arrowsOfSiblings(sources, parent) {
  const start = parent === '' ? '' : `${parent}/`;
  /** @param {string} file */
  const siblingOf = file => {
    const [name, ...below] = file.slice(start.length).split('/');
    return file.startsWith(start) && below.length > 0 ? start + name : undefined;
  };
  /** @type {Map<string, Set<string>>} */
  const arrows = new Map();
  for (const source of sources) {
    const from = siblingOf(source.file);
    if (from === undefined) continue;
    const to = targets(source).map(siblingOf);
    arrows.set(from, new Set([...(arrows.get(from) ?? []), ...to.filter(place => place && place !== from)]));
  }
  return arrows;
}

/** What `node tools/imports.mjs` prints: sizes, arrows, cycles and repeated names; the picture for CONTRIBUTING.md. */
import { posix } from 'node:path';
import { cycles } from './cycles.mjs';
import { arrowsOfFiles, arrowsOfPlaces, arrowsOfSiblings, ENTRY_POINTS, placesOf, SHARED } from './graph.mjs';
import { ORDER } from './order.mjs';

/** @typedef {import('./source.mjs').Source} Source */

/** @typedef {{ place: string, files: number, lines: number, imports: Map<string, number> }} Row */

/**
 * Cycles between folders of the same parent, at every depth.
 *
 * @param {readonly Source[]} sources
 */
export function cyclesOfFolders(sources) {
  const parents = new Set(sources.map(({ file }) => posix.dirname(file)).filter(folder => folder !== '.'));
  for (const folder of [...parents]) parents.add(folder.slice(0, Math.max(0, folder.lastIndexOf('/'))));
  return [...parents].sort().flatMap(parent => cycles(arrowsOfSiblings(sources, parent)));
}

/** @param {readonly Source[]} sources */
export function cyclesOfFiles(sources) {
  return cycles(arrowsOfFiles(sources));
}

/**
 * Names that more than one file has, with their folders.
 *
 * @param {readonly Source[]} sources
 * @returns {Map<string, string[]>}
 */
export function repeatedNames(sources) {
  /** @type {Map<string, string[]>} */
  const folders = new Map();
  for (const { file } of sources) {
    const name = posix.basename(file);
    folders.set(name, [...(folders.get(name) ?? []), posix.dirname(file)]);
  }
  return new Map([...folders].filter(([, all]) => all.length > 1).sort());
}

/**
 * The order of places is that of src/. Places that it does not have (of another tree) come before the entry points,
 * sorted by name.
 * @param {string} place
 */
function rank(place) {
  if (place === SHARED) return -1;
  if (place === ENTRY_POINTS) return ORDER.length;
  return ORDER.includes(place) ? ORDER.indexOf(place) : ORDER.length - 1;
}

/** @param {string} a @param {string} b */
function byOrder(a, b) {
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

/** @param {readonly Source[]} sources @returns {Row[]} */
function rows(sources) {
  const places = placesOf(sources);
  return [...arrowsOfPlaces(sources)]
    .map(([place, imports]) => {
      const inside = sources.filter(({ file }) => places.get(file) === place);
      return { place, files: inside.length, lines: inside.reduce((sum, { lines }) => sum + lines, 0), imports };
    })
    .sort((a, b) => byOrder(a.place, b.place));
}

/** @param {string[][]} table @param {ReadonlySet<number>} right columns of numbers */
function aligned(table, right) {
  const widths = table[0].map((_, i) => Math.max(...table.map(line => line[i].length)));
  return table.map(line =>
    line
      .map((cell, i) => (right.has(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  );
}

/**
 * Breaks a line into several of at most 120 columns. A list is continued below its beginning.
 *
 * @param {string} line
 * @param {number} indent of the lines after the first
 * @returns {string[]}
 */
function folded(line, indent) {
  const cut = line.lastIndexOf(' ', 119);
  if (line.length <= 120 || cut <= indent) return [line];
  return [line.slice(0, cut), ...folded(' '.repeat(indent) + line.slice(cut + 1), indent)];
}

/**
 * The block in CONTRIBUTING.md. Sizes are rounded, so that small changes of files do not change it.
 *
 * @param {readonly Source[]} sources
 */
export function picture(sources) {
  const round = (/** @type {number} */ lines) => Math.max(100, Math.round(lines / 100) * 100);
  const table = rows(sources).map(({ place, files, lines, imports }) => {
    const above = [...imports.keys()].filter(to => to !== SHARED).sort(byOrder);
    return [place, String(files), String(round(lines)), above.join(', ') || '-'];
  });
  const lines = aligned(
    [['folder', 'files', 'lines', 'imports from (beside the shared files)'], ...table],
    new Set([1, 2]),
  );
  const indent = lines[0].indexOf('imports from');
  const around = [...cyclesOfFiles(sources), ...cyclesOfFolders(sources)];
  const wide = [...lines.flatMap(line => folded(line, indent)), '', `cycles: ${around.length || 'none'}`];
  return [...wide, ...around.flatMap(line => folded(`  ${line}`, 4))].join('\n');
}

/** @param {string} title @param {string[]} lines */
function section(title, lines) {
  return [`${title}: ${lines.length === 0 ? 'none' : lines.length}`, ...lines.map(line => `  ${line}`), ''];
}

/**
 * The full report, with exact numbers.
 *
 * @param {readonly Source[]} sources
 */
export function report(sources) {
  const all = rows(sources);
  const lines = sources.reduce((sum, source) => sum + source.lines, 0);
  const sizes = all.map(row => [row.place, String(row.files), String(row.lines)]);
  const arrows = all.flatMap(({ place, imports }) =>
    [...imports].sort(([a], [b]) => byOrder(a, b)).map(([to, count]) => [place, '->', to, String(count)]),
  );
  const repeated = [...repeatedNames(sources)].map(([name, folders]) => `${name} in ${folders.join(', ')}`);
  return [
    `${sources.length} files, ${lines} lines`,
    '',
    ...aligned(
      [['folder', 'files', 'lines'], ...sizes, ['all', String(sources.length), String(lines)]],
      new Set([1, 2]),
    ),
    '',
    ...section('arrows between folders, with their imports', arrows.length > 0 ? aligned(arrows, new Set([3])) : []),
    ...section('cycles between files, types included', cyclesOfFiles(sources)),
    ...section('cycles between folders', cyclesOfFolders(sources)),
    ...section('file names that are repeated', repeated),
  ].join('\n');
}

/**
 * A Mermaid diagram of the folders directly in src/. An arrow that others imply is left out.
 *
 * @param {readonly Source[]} sources
 */
export function mermaid(sources) {
  const arrows = arrowsOfSiblings(sources, '');
  /** @param {string} from @param {string} to @returns {boolean} */
  const reaches = (from, to) => [...(arrows.get(from) ?? [])].some(next => next === to || reaches(next, to));
  if (cycles(arrows).length > 0) return 'graph TD\n  %% the folders have cycles: no order to draw';
  const drawn = [...arrows].flatMap(([from, targets]) =>
    [...targets]
      .filter(to => ![...targets].some(other => other !== to && reaches(other, to)))
      .map(to => `  ${from} --> ${to}`),
  );
  return ['graph TD', ...drawn].join('\n');
}

/**
 * The order of src/: what stands here imports only from what stands above it, or from its own entry. Types count. An
 * entry is a folder without the folders in it that have entries of their own, or one file, which then does not count as
 * part of its folder: the files that put a folder's rooms together stand below these rooms.
 */
export const ORDER = [
  'realms.ts',
  'errors.ts',
  'options.ts',
  'disposal.ts',
  'binding.ts',
  'tfjs-core.ts',
  'format',
  'storage',
  'commit',
  'bundle',
  'graph',
  'graph/stored/proto',
  'graph/stored',
  'graph/restore',
  'layers',
  'layers/optimizers',
  'optimizers',
  'data/random',
  'data/iteration',
  'data',
  'data/sources',
  'data/stages',
  'data/dataset.ts',
  'data/checkpointable.ts',
  'data/file-datasets.ts',
  'training/checkpoint',
  'training/models',
  'training/manager',
  'training/callbacks',
  'handlers',
  'index.ts',
  'tfjs.ts',
  'optimizers.ts',
  'register.ts',
  'cli/terminal',
  'cli/tfjs-node',
  'cli/commands',
  'cli',
];

/**
 * The entry of ORDER that a file belongs to: the longest that names it or a folder around it. A file beside the folders
 * needs an entry of its own.
 *
 * @param {string} file
 */
export function entryOf(file) {
  const entries = ORDER.filter(entry => file === entry || file.startsWith(`${entry}/`));
  return entries.sort((a, b) => b.length - a.length)[0];
}

/**
 * Whether `from` may import `to`, both files.
 *
 * @param {string} from
 * @param {string} to
 */
export function mayImport(from, to) {
  const [lower, upper] = [entryOf(from), entryOf(to)];
  return lower !== undefined && upper !== undefined && ORDER.indexOf(upper) <= ORDER.indexOf(lower);
}

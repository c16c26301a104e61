/**
 * The order of src/: each entry imports only from itself and from the entries above it. Imports of types count. An
 * entry is either a folder, without those folders in it that have their own entries; or one file, which then does not
 * count as part of its folder. Files that combine the rooms of a folder stand below these rooms.
 */
export const ORDER = [
  'clock.ts',
  'realms.ts',
  'errors.ts',
  'on-abort.ts',
  'options.ts',
  'disposal.ts',
  'addon.ts',
  'binding.ts',
  'tfjs-core.ts',
  'format',
  'storage',
  'commit',
  'commit/directories',
  'commit/single-file',
  'hdf5/file-range.ts',
  'hdf5/hdf5-file.ts',
  'hdf5/reading',
  'hdf5/compiled',
  'hdf5/writing',
  'hdf5',
  'archive',
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
  'training/models/added',
  'training/models',
  'training/keras/config',
  'training/keras/config/written',
  'training/keras/layouts',
  'training/keras/reading',
  'training/keras/writing',
  'training/keras/files',
  'training/savedmodel/stored/proto',
  'training/savedmodel/stored',
  'training/savedmodel/graphs',
  'training/savedmodel/traced',
  'training/savedmodel/dynamic/loops',
  'training/savedmodel/dynamic/tables',
  'training/savedmodel/dynamic',
  'training/savedmodel/defined',
  'training/savedmodel/encoded',
  'training/savedmodel/written',
  'training/savedmodel/loaded',
  'training/savedmodel/functions',
  'training/savedmodel/shown',
  'training/formats',
  'training/manager',
  'training/callbacks',
  'handlers',
  'index.ts',
  'tfjs.ts',
  'optimizers.ts',
  'savedmodel.ts',
  'register.ts',
  'cli/terminal',
  'cli/tfjs-node',
  'cli/commands',
  'cli',
];

/**
 * The entry of ORDER that a file belongs to: the longest that names the file or a folder around it. A file that is not
 * in a folder needs its own entry.
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

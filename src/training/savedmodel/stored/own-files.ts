/** How this package's SavedModels are known, and their files: what a save may write, and therefore replace. */
import { parseIntentName, parseShardName, parseUnsyncedName } from '../../../commit/names.js';
import { FINGERPRINT, KERAS_METADATA, SAVED_MODEL, VARIABLES } from './file-names.js';

/** The writer of the SavedModel, in place of a revision of TensorFlow. */
export const WRITER = 'tensorbundle';

/** Files in `assets` are not ours: nothing here writes them. */
const DIRECTORIES: readonly string[] = [VARIABLES, 'assets'];
/** `.tmp-` and 16 digits: the file while it is being replaced. */
const FILES = new RegExp(`^(?:${[SAVED_MODEL, KERAS_METADATA, FINGERPRINT].join('|')})(?:\\.tmp-[0-9a-f]{16})?$`);

/** As IsOwn of src/commit/directories/directory-tree.ts. `path` is relative to the directory of the SavedModel. */
export function isSavedModelFile(path: string, kind: 'file' | 'directory'): boolean {
  if (kind === 'directory') return DIRECTORIES.includes(path);
  if (!path.startsWith(`${VARIABLES}/`)) return FILES.test(path);
  const name = path.slice(VARIABLES.length + 1);
  if (name === `${VARIABLES}.index`) return true;
  return [parseShardName, parseIntentName, parseUnsyncedName].some(parse => parse(VARIABLES, name) !== null);
}

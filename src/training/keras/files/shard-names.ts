/** The JSON file beside weights that Keras has divided among several files. */
import { TextDecoder } from 'node:util';
import { TensorBundleError } from '../../../errors.js';
import { isLiteral } from '../../../realms.js';
import { valuesInJson } from '../config/json-limits.js';

/** Keras's own files have five gigabytes each. */
const MAX_FILES = 1000;
/** One for each value of a model. */
const MAX_NAMES = 1_000_000;

/**
 * The names of the files, in the order of the map; null if the text is something else, such as a `model.json`. Throws
 * ERR_CORRUPT for a name that leads elsewhere; ERR_TOO_LARGE for more than 1000 files.
 */
export function shardNames(bytes: Uint8Array, path: string): readonly string[] | null {
  const map = weightMap(bytes);
  if (map === null) return null;
  const names = new Set<string>();
  for (const name of Object.values(map).flat()) {
    if (typeof name !== 'string') throw corrupt(path, 'its weight_map has a value that is not the name of a file');
    names.add(name);
  }
  // Other programs have such a file, too: for safetensors.
  if (![...names].every(name => name.endsWith('.h5'))) return null;
  for (const name of names)
    if (/[/\\\0]/.test(name)) throw corrupt(path, `the name ${JSON.stringify(name)} leads to another directory`);
  if (names.size <= MAX_FILES) return [...names];
  throw new TensorBundleError('ERR_TOO_LARGE', `${path} names ${names.size} files; it may name ${MAX_FILES}`, {
    path,
    expected: MAX_FILES,
    found: names.size,
  });
}

/** Null also for more than any model has, which may be the file of another program. */
function weightMap(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  const text = new TextDecoder().decode(bytes);
  if ((valuesInJson(text) ?? Number.POSITIVE_INFINITY) > 3 * MAX_NAMES) return null;
  try {
    const json: unknown = JSON.parse(text);
    return isLiteral(json) && isLiteral(json.weight_map) ? json.weight_map : null;
  } catch {
    return null;
  }
}

function corrupt(path: string, why: string): TensorBundleError {
  return new TensorBundleError('ERR_CORRUPT', `${path} cannot be used: ${why}`, { path });
}

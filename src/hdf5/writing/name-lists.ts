/** Lists of names that do not fit into one attribute. */
import { TensorBundleError } from '../../errors.js';
import type { AttributeToWrite } from './content.js';

/** So much Keras puts into one attribute (`HDF5_OBJECT_HEADER_LIMIT`). */
const MOST_BYTES = 64_512;

/**
 * Attributes for a list as Keras writes it (`save_attributes_to_hdf5_group`) and reads it back: one of this name, or
 * `NAME0`, `NAME1`, … Throws ERR_TOO_LARGE for a text that has no room in one.
 */
export function splitNames(name: string, texts: readonly string[]): Map<string, AttributeToWrite> {
  const long = texts.find(text => Buffer.byteLength(text) > MOST_BYTES);
  if (long !== undefined) {
    const message = `a name of ${Buffer.byteLength(long)} bytes does not fit into the attribute '${name}'`;
    throw new TensorBundleError('ERR_TOO_LARGE', `${message}: '${long.slice(0, 60)}…'; give a shorter one`, {
      expected: MOST_BYTES,
      found: Buffer.byteLength(long),
    });
  }
  // In NumPy's array each text is as long as the longest.
  const width = texts.reduce((most, text) => Math.max(most, Buffer.byteLength(text)), 1);
  let parts: readonly (readonly string[])[] = [texts];
  for (let count = 2; parts[0]!.length * width > MOST_BYTES; count++) parts = divided(texts, count);
  if (parts.length === 1) return new Map([[name, { fixed: texts }]]);
  return new Map(parts.map((part, i) => [`${name}${i}`, { fixed: part }]));
}

/** As NumPy's `array_split`: the first parts are longer by one. */
function divided<T>(all: readonly T[], count: number): T[][] {
  const [each, longer] = [Math.floor(all.length / count), all.length % count];
  return Array.from({ length: count }, (_, i) => {
    const start = i * each + Math.min(i, longer);
    return all.slice(start, start + each + (i < longer ? 1 : 0));
  });
}

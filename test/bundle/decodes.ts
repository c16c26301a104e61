/** Which entries were decoded: the real functions of `src/format/entry.ts`, watched. */
import type { ByteOrigin } from '../../src/format/bytes.js';

type Entries = typeof import('../../src/format/entry.js');

/** The tensor of each entry that was decoded, in order. A short entry is not decoded in steps. */
export const decodedNames: (string | undefined)[] = [];

export function watched(real: Entries): Entries {
  const watch =
    <T>(decode: (bytes: Uint8Array, origin?: ByteOrigin, start?: number, end?: number) => T) =>
    (bytes: Uint8Array, origin?: ByteOrigin, start?: number, end?: number): T => {
      decodedNames.push(origin?.tensor);
      return decode(bytes, origin, start, end);
    };
  const { decodeEntry, decodeEntryInSteps } = real;
  return { ...real, decodeEntry: watch(decodeEntry), decodeEntryInSteps: watch(decodeEntryInSteps) };
}

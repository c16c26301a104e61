/**
 * A disk that is full when a test says so: a save then rejects before it begins. A test that uses it replaces
 * src/bundle/save-bundle.ts with what `onDisk` makes of it, by `vi.mock`.
 */
import type { save } from '../../../src/bundle/save-bundle.js';

/** `full`: the error with which the next save rejects; null if there is room. */
export const disk = { full: (): Error | null => null };

export function onDisk<Module extends { save: typeof save }>(real: Module): Module {
  return {
    ...real,
    save: (...args: Parameters<typeof save>) => {
      const full = disk.full();
      return full === null ? real.save(...args) : Promise.reject(full);
    },
  };
}

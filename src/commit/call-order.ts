/**
 * Which of two calls of this process was the later one. Saves to one place that the caller does not await may end in
 * any order, but the caller wants to find the later one. An earlier save that ends after a later one counts as replaced
 * at the moment of its commit.
 */

import type { FileStat } from '../binding.js';
import { withoutFrames } from '../errors.js';
import { remember } from './most-places.js';

/** The last call that has ended at a place, and whether a power loss can undo it. */
interface Last {
  readonly call: number;
  readonly durable: boolean;
  /** What it failed with after its commit. A sync that is tried again could succeed without having stored anything. */
  readonly failure?: unknown;
  /** For a file: what it was when this process last put it on stable storage. */
  readonly stored?: FileStat | null | undefined;
}

let calls = 0;
/**
 * By place (the identity of a directory, and a name in it). An older call that is still under way when very many others
 * were written is forgotten.
 */
const last = new Map<string, Last>();

/** Must be called before anything is awaited. */
export function nextCall(): number {
  return ++calls;
}

/**
 * `identity` is that of the directory, the same for every spelling of its path. Files, directories and checkpoints are
 * kept apart, because the state file and a prefix may both be called `checkpoint`.
 */
export function placeOf(identity: string, name: string, kind: 'prefix' | 'file' | 'directory' = 'prefix'): string {
  return `${identity}/${kind}/${name}`;
}

/** The later call that has written to the place; null if there is none. Call it under the directory's lock. */
export function overtakenBy(place: string, call: number): Last | null {
  const found = last.get(place);
  return found !== undefined && found.call > call ? found : null;
}

/** What the file at a place was when this process last put it on stable storage. */
export function storedAt(place: string): FileStat | null | undefined {
  return last.get(place)?.stored;
}

/**
 * Call it under the directory's lock, once the call has written its files; or before, if the lock may end before it is
 * known here that they were written. Then call the function that it gives if they were not, still under the lock.
 */
export function rememberCall(place: string, { call, durable, failure, stored }: Last): () => void {
  const before = last.get(place);
  // Its own object: callers give all their options, which lead to the tensors, and this one stays.
  remember(last, place, { call, durable, failure: withoutFrames(failure), stored });
  return () => {
    if (before === undefined) last.delete(place);
    else last.set(place, before);
  };
}

/**
 * Which of two calls of this process was the later one. Saves to one place that nobody waits for may end in any order;
 * the later call is the one that its caller wants to find: one that is overtaken counts as replaced at the moment of
 * its commit.
 */

/** What the last call that has come to its end at a place was, and whether a power loss can take it. */
interface Last {
  readonly call: number;
  readonly durable: boolean;
}

/** An older call that is still on its way when so many other places were written to is forgotten. */
const MOST_PLACES = 10_000;

let calls = 0;
/** By place: the identity of a directory, and a name in it. The longest untouched is the first. */
const last = new Map<string, Last>();

/** To be taken before anything is awaited. */
export function nextCall(): number {
  return ++calls;
}

/**
 * `identity` is that of the directory, however it is spelled. A file is none of a checkpoint's: `checkpoint` may be the
 * name of both, the state file and a prefix.
 */
export function placeOf(identity: string, name: string, kind: 'prefix' | 'file' = 'prefix'): string {
  return `${identity}/${kind}/${name}`;
}

/** The later call that has written to the place; null if there is none. To be asked under the directory's lock. */
export function overtakenBy(place: string, call: number): Last | null {
  const found = last.get(place);
  return found !== undefined && found.call > call ? found : null;
}

/** Under the directory's lock, once what the call writes is there. */
export function rememberCall(place: string, one: Last): void {
  last.delete(place);
  last.set(place, one);
  if (last.size <= MOST_PLACES) return;
  for (const oldest of last.keys()) {
    last.delete(oldest);
    break;
  }
}

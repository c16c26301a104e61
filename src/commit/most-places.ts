/** What this process remembers of places that it has written to: a long training writes to any number of them. */

/** The most places that are remembered. */
const MOST_PLACES = 10_000;

/** Sets what is known of a place. Of too many, the one that has been unchanged for longest is forgotten. */
export function remember<T>(places: Map<string, T>, place: string, known: T): void {
  places.delete(place);
  places.set(place, known);
  if (places.size <= MOST_PLACES) return;
  for (const oldest of places.keys()) {
    places.delete(oldest);
    break;
  }
}

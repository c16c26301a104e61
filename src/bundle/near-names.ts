/** What a message offers for a name that is not there. */

/** The most names that are searched for similar ones. */
const MAX_NEAR = 100_000;

/** At most three names that have the same ending or beginning as `name`. */
export function nearNames(name: string, names: readonly string[]): string[] {
  const last = `${name}`.split('/').findLast(part => part !== '' && !part.startsWith('.')) ?? name;
  const near: string[] = [];
  for (let i = 0; i < Math.min(names.length, MAX_NEAR) && near.length < 3; i++) {
    const other = names[i]!;
    if (other.includes(name) || (last.length > 2 && other.includes(last))) near.push(other);
  }
  return near;
}

/** The files of a checkpoint as bytes, to compare two of them under whatever names. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Content by suffix ('.index', '.data-00000-of-00001') of every file whose name begins with the prefix. */
export function filesOf(prefix: string): Map<string, Buffer> {
  const directory = dirname(prefix);
  const names = readdirSync(directory).filter(name => name.startsWith(`${basename(prefix)}.`));
  return new Map(names.sort().map(name => [name.slice(basename(prefix).length), readFileSync(join(directory, name))]));
}

/** Suffixes of the files that differ or are only in one of both; empty if the checkpoints are byte-identical. */
export function differences(a: string, b: string): string[] {
  const [left, right] = [filesOf(a), filesOf(b)];
  const suffixes = [...new Set([...left.keys(), ...right.keys()])].sort();
  return suffixes.filter(suffix => {
    const [x, y] = [left.get(suffix), right.get(suffix)];
    return x === undefined || y === undefined || !x.equals(y);
  });
}

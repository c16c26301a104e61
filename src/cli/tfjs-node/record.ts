/**
 * What the set-up puts in the place of what, inside tfjs-node's folder, so that it can be undone. A file is never
 * written into: it is set aside by a rename and a new one made, because pnpm's store shares files between projects.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FOLDER = '.tensorbundle-setup';

/** Facts that decide whether a set-up is still the right one. */
export type Facts = Readonly<Record<string, string>>;

interface Recorded {
  facts: Facts;
  /** Relative paths that the set-up makes, and whether something was there before. */
  places: readonly { path: string; had: boolean }[];
}

export class Replacement {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  get #file(): string {
    return join(this.#home, FOLDER, 'record.json');
  }

  #aside(path: string): string {
    return join(this.#home, FOLDER, 'original', path);
  }

  /** Null if nothing has been replaced. */
  get facts(): Facts | null {
    return this.#read()?.facts ?? null;
  }

  #read(): Recorded | null {
    return existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, 'utf8')) as Recorded) : null;
  }

  /** Sets aside what lies at `paths`. Whatever ends the process from here on, `undo` brings it back. */
  begin(paths: readonly string[], facts: Facts): void {
    const places = paths.map(path => ({ path, had: existsSync(join(this.#home, path)) }));
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify({ facts, places } satisfies Recorded, null, 2));
    renameSync(`${this.#file}.new`, this.#file);
    for (const { path, had } of places) {
      if (!had) continue;
      mkdirSync(dirname(this.#aside(path)), { recursive: true });
      renameSync(join(this.#home, path), this.#aside(path));
    }
  }

  /** The text that was set aside. */
  original(path: string): string {
    return readFileSync(this.#aside(path), 'utf8');
  }

  /** Everything as it was. Gives the paths; empty if there is nothing to undo. */
  undo(): string[] {
    const recorded = this.#read();
    if (recorded === null) return [];
    for (const { path, had } of recorded.places) {
      // Still in its place: the set-up ended before it came to it.
      if (had && !existsSync(this.#aside(path))) continue;
      rmSync(join(this.#home, path), { recursive: true, force: true });
      if (had) renameSync(this.#aside(path), join(this.#home, path));
    }
    rmSync(join(this.#home, FOLDER), { recursive: true });
    return recorded.places.map(({ path }) => path);
  }
}

/**
 * Replaces files inside tfjs-node's folder and records it, so that it can be undone. An existing file is never changed:
 * it is set aside by a rename and a new one is made, because pnpm's store shares files between projects.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FOLDER = '.tensorbundle-setup';

/** Facts that decide whether a set-up still fits. */
export type Facts = Readonly<Record<string, string>>;

interface Recorded {
  facts: Facts;
  /** Relative paths of what the set-up makes, and whether something was there before. */
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

  /** Sets aside what is at `paths`. From then on `undo` can bring it back, even if the process is killed. */
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

  /** The text of a file that was set aside. */
  original(path: string): string {
    return readFileSync(this.#aside(path), 'utf8');
  }

  /** Brings everything back. Returns the paths; empty if there is nothing to undo. */
  undo(): string[] {
    const recorded = this.#read();
    if (recorded === null) return [];
    for (const { path, had } of recorded.places) {
      // The file is still in its place: the set-up ended before it was set aside.
      if (had && !existsSync(this.#aside(path))) continue;
      rmSync(join(this.#home, path), { recursive: true, force: true });
      if (had) renameSync(this.#aside(path), join(this.#home, path));
    }
    rmSync(join(this.#home, FOLDER), { recursive: true });
    return recorded.places.map(({ path }) => path);
  }
}

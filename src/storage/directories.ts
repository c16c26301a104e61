/** The directories that one search looks into. Each is opened once, however often it is looked into. */
import { resolve } from 'node:path';
import { Directory } from './directory.js';

export class Directories {
  readonly #opened = new Map<string, Promise<Directory | null>>();
  readonly #start: readonly string[];

  /** Paths are relative to the current directory of now, or to `start`: a later `process.chdir` moves none. */
  constructor(start = currentDirectory()) {
    this.#start = start;
  }

  /**
   * Null if there is no such directory. It stays open until `close`; a caller that needs it longer takes a `shared`
   * one. Throws as `Directory.open`.
   */
  open(path: string): Promise<Directory | null> {
    const absolute = resolve(...this.#start, path);
    let opened = this.#opened.get(absolute);
    if (opened === undefined) {
      opened = Directory.open(absolute);
      this.#opened.set(absolute, opened);
    }
    return opened;
  }

  /** Takes over what was opened elsewhere, to be closed with the others. Null: it is not there. */
  put(path: string, directory: Directory | null): void {
    this.#opened.set(resolve(...this.#start, path), Promise.resolve(directory));
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    await Promise.all(opened.map(one => (one.status === 'fulfilled' ? one.value?.close() : undefined)));
  }
}

export async function withDirectories<T>(
  use: (directories: Directories) => Promise<T>,
  start?: readonly string[],
): Promise<T> {
  const directories = new Directories(start);
  try {
    return await use(directories);
  } finally {
    await directories.close();
  }
}

/** None where it was removed: absolute paths do not need it. */
export function currentDirectory(): readonly string[] {
  try {
    return [process.cwd()];
  } catch {
    return [];
  }
}

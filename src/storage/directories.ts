/** The directories that one search looks into. Each is opened once, however often it is looked into. */
import { resolve } from 'node:path';
import { Directory } from './directory.js';

export class Directories {
  readonly #opened = new Map<string, Promise<Directory | null>>();

  /**
   * Null if there is no such directory. It stays open until `close`; a caller that needs it longer takes a `shared`
   * one. Throws as `Directory.open`.
   */
  open(path: string): Promise<Directory | null> {
    const absolute = resolve(path);
    let opened = this.#opened.get(absolute);
    if (opened === undefined) {
      opened = Directory.open(path);
      this.#opened.set(absolute, opened);
    }
    return opened;
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    this.#opened.clear();
    await Promise.all(opened.map(one => (one.status === 'fulfilled' ? one.value?.close() : undefined)));
  }
}

export async function withDirectories<T>(use: (directories: Directories) => Promise<T>): Promise<T> {
  const directories = new Directories();
  try {
    return await use(directories);
  } finally {
    await directories.close();
  }
}

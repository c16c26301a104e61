/**
 * Directories of one test file, removed with its worker. In memory where the system offers it: these tests sync a lot.
 */
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

function base(): string {
  try {
    accessSync('/dev/shm', constants.W_OK | constants.X_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

export class Scratch {
  readonly path: string;
  #count = 0;

  constructor(name: string) {
    this.path = mkdtempSync(join(base(), `tensorbundle-${name}-`));
    afterAll(() => rmSync(this.path, { recursive: true, force: true }));
  }

  /** A new empty directory. */
  directory(name = 'd'): string {
    const path = join(this.path, `${name}-${this.#count++}`);
    mkdirSync(path);
    return path;
  }
}

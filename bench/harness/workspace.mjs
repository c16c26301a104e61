/** The folder that one run works in, and the state of the disk before each measurement. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const TENSORS = 64;

export class Workspace {
  constructor(directory, options) {
    this.directory = directory;
    /** Bytes of all tensors together; the same for every subject and peer. */
    this.bytes = Math.max(1, Math.round((options.size * 2 ** 20) / TENSORS / 4)) * 4 * TENSORS;
    this.raw = join(directory, 'raw');
  }

  static async create(options) {
    await mkdir(options.parent, { recursive: true });
    return new Workspace(await mkdtemp(join(options.parent, 'bench-')), options);
  }

  path(...parts) {
    return join(this.directory, ...parts);
  }

  /** Path of an empty folder. What was in it before is removed. */
  async emptied(name) {
    const directory = this.path(name);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    return directory;
  }

  /** Waits until everything is written (or discarded) here, so that no measurement pays for the one before. */
  async settle() {
    await run('sync', ['-f', this.directory]);
  }
}

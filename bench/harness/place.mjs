/**
 * The folders that cases work in: one on the disk, and one in memory (tmpfs) if /dev/shm has room. Each run makes a
 * folder of its own there, and removes it at the end, also when it is interrupted.
 */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MEMORY = '/dev/shm';
const FILE_SYSTEMS = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
  26985: 'nfs',
};

export class Place {
  /** `kind`: 'disk' or 'tmpfs', which have different goals. */
  constructor(kind, directory, fileSystem) {
    this.kind = kind;
    this.directory = directory;
    this.fileSystem = fileSystem;
  }

  static async make(parent) {
    await mkdir(parent, { recursive: true });
    const fileSystem = await fileSystemOf(parent);
    const kind = fileSystem.name === 'tmpfs' ? 'tmpfs' : 'disk';
    return new Place(kind, await mkdtemp(join(parent, 'bench-')), fileSystem);
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

  removeNow() {
    // A process that is just being ended may still make a file.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** `{ disk, tmpfs }`; `tmpfs` is a sentence that says why not if it is not available, or the same as the disk. */
export async function makePlaces(directory, bytes) {
  const disk = await Place.make(directory);
  const reason = await noMemoryPlace(disk, 3 * bytes);
  return { disk, tmpfs: reason ?? (await Place.make(MEMORY)) };
}

async function noMemoryPlace({ fileSystem }, bytes) {
  if (fileSystem.name === 'tmpfs') return 'the folder of --dir is on tmpfs already';
  const found = await statfs(MEMORY).catch(() => undefined);
  if (found === undefined || FILE_SYSTEMS[found.type] !== 'tmpfs') return `${MEMORY} is not a tmpfs here`;
  const free = found.bavail * found.bsize;
  if (free < bytes) return `${MEMORY} has ${mebibytes(free)} MiB left, and ${mebibytes(bytes)} are needed`;
  return undefined;
}

const mebibytes = bytes => Math.round(bytes / 2 ** 20);

/** Name and mount options of the file system that a folder is on. */
export async function fileSystemOf(directory) {
  const { type } = await statfs(directory);
  const name = FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`;
  return { name, options: await mountOptions(resolve(directory)) };
}

async function mountOptions(directory) {
  const mounts = (await readFile('/proc/mounts', 'utf8').catch(() => '')).split('\n').map(line => line.split(' '));
  const around = mounts.filter(([, at]) => at && (at === '/' || directory === at || directory.startsWith(`${at}/`)));
  const nearest = around.sort((a, b) => a[1].length - b[1].length).at(-1);
  return nearest?.[3] ?? '';
}

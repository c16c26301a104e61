/** Where a save of a whole directory puts its files before they count. */
import { dirname } from 'node:path';
import type { FileStat } from '../../binding.js';
import type { Directory } from '../../storage/directory.js';
import type { HeldFile } from '../../storage/new-files.js';
import { nonce, stemOf } from '../names.js';
import type { Target } from './target.js';
import { inChild, type Tree } from './tree.js';

export interface StagedDirectory {
  /**
   * Absolute. The directory exists. A checkpoint in it is saved as any other, with the same `durable`, under a prefix
   * such as `${path}/variables/variables`.
   */
  readonly path: string;
  /**
   * Writes a file of the directory, and syncs it if the save is durable. Files may get their names in the order of
   * these calls, so the one that readers open first comes last. Written before a checkpoint is saved, they show a full
   * disk before anything is replaced.
   */
  writeFile(name: string, bytes: Uint8Array): Promise<void>;
  /** A directory without files, such as `assets`. It may be there already. */
  makeDirectory(name: string): Promise<void>;
}

/** A new directory, whose name readers do not know. */
export class NewDirectory implements StagedDirectory {
  readonly path: string;

  constructor(
    private readonly directory: Directory,
    private readonly durable: boolean,
  ) {
    this.path = directory.path;
  }

  async writeFile(name: string, bytes: Uint8Array): Promise<void> {
    const steps = this.directory.steps();
    const file = steps.createHeld(name, undefined);
    steps.write(file, bytes, this.durable);
    steps.close(file);
    await steps.run().finally(() => steps.release());
  }

  async makeDirectory(name: string): Promise<void> {
    await this.directory.makeDirectory(name);
    if (this.durable) await inChild(this.directory, name, child => child.sync());
  }

  /** Gives everything the permissions of what it replaces, and syncs the names. */
  async finish(replaced: Target | null): Promise<void> {
    const { directory, durable } = this;
    if (replaced !== null) {
      await takeModes(directory, '', replaced.tree, durable);
      await directory.setMode(replaced.stat.mode);
    }
    if (durable) await directory.sync();
  }
}

async function takeModes(directory: Directory, start: string, replaced: Tree, durable: boolean): Promise<void> {
  for (const name of await directory.list()) {
    const stat = (await directory.stat(name, false))!;
    const mode = modeOf(start, name, stat.kind, replaced) ?? stat.mode;
    if (stat.kind === 'directory') {
      await inChild(directory, name, async child => {
        await takeModes(child, `${start}${name}/`, replaced, durable);
        if (mode !== stat.mode) await child.setMode(mode);
        if (mode !== stat.mode && durable) await child.sync();
      });
    } else if (mode !== stat.mode) {
      await directory.setFileMode(name, mode);
      if (durable) await directory.syncFile(name);
    }
  }
}

/** Where there was no such file, the mode of the first one beside it. */
function modeOf(start: string, name: string, kind: FileStat['kind'], replaced: Tree): number | undefined {
  const same = replaced.get(start + name);
  if (same?.kind === kind) return same.mode;
  const folder = dirname(start + name);
  const beside = [...replaced].find(([path, stat]) => stat.kind === kind && dirname(path) === folder);
  return beside?.[1].mode;
}

/**
 * The directory itself, where it cannot be replaced as a whole. A checkpoint in it is committed first, under names of
 * its own; then the other files get their names, one after the other.
 */
export class PresentDirectory implements StagedDirectory {
  readonly path: string;
  /** Whether all files have their names. */
  isPublished = false;
  readonly #files: { readonly name: string; readonly file: HeldFile }[] = [];

  constructor(
    private readonly directory: Directory,
    private readonly present: Tree,
    private readonly durable: boolean,
  ) {
    this.path = directory.path;
  }

  /** Removes what saves that died have left. Called before anything else. */
  async removeDead(): Promise<void> {
    for (const path of this.present.keys()) {
      if (!isTemporary(path) || (await this.directory.holderOf(path)) !== 'nobody') continue;
      await this.directory.remove(path).catch(() => false);
    }
  }

  async writeFile(name: string, bytes: Uint8Array): Promise<void> {
    const { directory } = this;
    const mode = this.present.get(name)?.mode;
    const created = directory.steps();
    const held = created.createHeld(`${stemOf(name)}.tmp-${nonce()}`, mode === undefined ? undefined : mode & 0o777);
    try {
      await created.run();
    } finally {
      if (held.handle.isDone) this.#files.push({ name, file: directory.heldFile(held) });
    }
    const steps = directory.steps();
    this.#files.at(-1)!.file.addWrite(steps, bytes, this.durable, () => undefined);
    await steps.run();
  }

  async makeDirectory(name: string): Promise<void> {
    await this.directory.makeDirectory(name);
  }

  /** Files of the old directory that this save did not write go last. */
  async publish(): Promise<void> {
    const steps = this.directory.steps();
    const written = new Set(this.#files.map(({ name }) => name));
    const onLast = (): void => {
      this.isPublished = true;
    };
    for (const [i, { name, file }] of this.#files.entries()) {
      steps.rename(file.name, name, i === this.#files.length - 1 ? onLast : undefined);
      steps.closeHeld(file);
    }
    for (const [path, { kind }] of this.present) {
      if (kind === 'file' && !path.includes('/') && !isTemporary(path) && !written.has(path)) steps.tryRemove(path);
    }
    if (this.durable) steps.sync();
    await steps.run();
  }

  /** Removes what has no name yet. Never throws. */
  async abandon(): Promise<void> {
    for (const { file } of this.#files) {
      await this.directory.remove(file.name).catch(() => false);
      await file.close();
    }
  }
}

function isTemporary(path: string): boolean {
  return /^[^/]*\.tmp-[0-9a-f]{16}$/.test(path);
}

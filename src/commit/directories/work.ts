/** The hidden directory beside its target in which a save of a whole directory writes, and the intent that holds it. */
import type { Directory } from '../../storage/directory.js';
import { lacks } from '../../storage/lacks.js';
import type { HeldFile } from '../../storage/new-files.js';
import { checkOwnFiles } from '../lost-place.js';
import { nonce } from '../names.js';
import { removedError } from '../publication-errors.js';
import { removeDeadWork } from './dead-work.js';
import { type IsOwn, removeTree } from './directory-tree.js';
import { PROBES, workIntentName, workName } from './work-names.js';

/** The owner can write in it. */
const WRITABLE = 0o700;

export class Work {
  private constructor(
    private readonly parent: Directory,
    private readonly intent: HeldFile,
    /** Its name. After an exchange, that of what was replaced. */
    readonly name: string,
    readonly directory: Directory,
    private readonly isOwn: IsOwn,
  ) {}

  /** Call it under the lock of the parent. `mode`: permissions of the target, if there is one. */
  static async create(parent: Directory, base: string, mode: number | undefined, isOwn: IsOwn): Promise<Work> {
    const id = nonce();
    const name = workName(base, id);
    const steps = parent.steps();
    const held = steps.createHeld(workIntentName(base, id), undefined);
    let directory: Directory | null = null;
    try {
      await steps.run();
      await parent.makeDirectory(name);
      directory = await parent.openChild(name);
      if (directory === null) throw removedError(parent.pathOf(name));
      // A user that could not read the old files cannot read the new ones either, not even now.
      if (mode !== undefined) await directory.setMode(mode | WRITABLE);
      return new Work(parent, parent.heldFile(held), name, directory, isOwn);
    } catch (error) {
      await directory?.close();
      if (held.handle.isDone) await removeWork(parent, name, parent.heldFile(held), isOwn);
      throw error;
    }
  }

  /** Removes what saves that died have left. Call it under the lock of the parent. */
  static async removeDead(parent: Directory, base: string, isOwn: IsOwn): Promise<void> {
    await removeDeadWork(parent, base, name => removeTree(parent, name, withProbes(isOwn)));
  }

  /** Whether the file system can exchange two directories. */
  async canExchange(): Promise<boolean> {
    const [one, other] = PROBES;
    for (const name of PROBES) await this.directory.makeDirectory(name);
    const can = await this.directory.exchange(one, other).then(
      () => true,
      error => {
        if (lacks('exchange', (error as Error).cause)) return false;
        throw error;
      },
    );
    for (const name of PROBES) await this.directory.removeDirectory(name);
    return can;
  }

  /** Throws ERR_IO if another process may have taken this save for dead. */
  async checkIntent(): Promise<void> {
    await checkOwnFiles(this.parent, [this.intent.name]);
  }

  /** Removes what has its name, new or replaced, and ends. Never throws. */
  async end(): Promise<void> {
    await this.directory.close();
    await removeWork(this.parent, this.name, this.intent, this.isOwn);
  }

  /** Ends, and removes nothing: the next save does. */
  async leave(): Promise<void> {
    await this.directory.close();
    await this.intent.close();
  }
}

/** The intent goes last: if a removal fails, the next save finds the dead intent and tries again. */
async function removeWork(parent: Directory, name: string, intent: HeldFile, isOwn: IsOwn): Promise<void> {
  const isGone = await removeTree(parent, name, withProbes(isOwn));
  if (isGone) await parent.remove(intent.name).catch(() => false);
  await intent.close();
}

function withProbes(isOwn: IsOwn): IsOwn {
  return (path, kind) => (PROBES as readonly string[]).includes(path) || isOwn(path, kind);
}

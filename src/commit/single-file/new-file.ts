/**
 * The hidden file beside its target that a save of one file writes, `.BASE.new-NONCE`, and the intent that holds it,
 * `.BASE.saving-NONCE`.
 */
import type { Directory } from '../../storage/directory.js';
import type { HeldFile, NewShard } from '../../storage/new-files.js';
import { removeDeadWork } from '../directories/dead-work.js';
import { workIntentName, workName } from '../directories/work-names.js';
import { checkOwnFiles } from '../lost-place.js';
import { nonce } from '../names.js';

export class NewFile {
  /** Whether it has, or may have, the name of its target. */
  isPublished = false;
  #shard: NewShard | null = null;

  private constructor(
    private readonly directory: Directory,
    readonly name: string,
    private readonly intent: HeldFile,
    private readonly permissions: number | undefined,
  ) {}

  /** Makes the intent. Call it under the lock of the directory. `permissions`: of what is replaced. */
  static async begin(directory: Directory, base: string, permissions: number | undefined): Promise<NewFile> {
    const id = nonce();
    const steps = directory.steps();
    const held = steps.createHeld(workIntentName(base, id), undefined);
    const file = (): NewFile => new NewFile(directory, workName(base, id), directory.heldFile(held), permissions);
    try {
      await steps.run();
      return file();
    } catch (error) {
      if (held.handle.isDone) await file().end();
      throw error;
    }
  }

  /** Removes what saves that died have left. Call it under the lock of the directory. */
  static async removeDead(directory: Directory, base: string): Promise<void> {
    await removeDeadWork(directory, base, name => directory.remove(name).catch(() => false));
  }

  async create(bytes: number, durable: boolean): Promise<void> {
    this.#shard = await this.directory.createShard(this.name, bytes, durable, this.permissions);
  }

  get shard(): NewShard {
    return this.#shard!;
  }

  /** Everything was handed over. Some file systems report a full disk only when a file is closed. */
  async finish(durable: boolean): Promise<void> {
    await this.shard.finish(durable);
    await this.shard.close();
  }

  /** Throws ERR_IO if another process may have taken this save for dead. */
  async checkIntent(): Promise<void> {
    await checkOwnFiles(this.directory, [this.intent.name]);
  }

  /** Whether it certainly has not got another name: it has its hidden one, or its directory was removed. */
  async isThere(): Promise<boolean> {
    const there = await this.directory.stat(this.name, false).catch(() => null);
    return there !== null || (await this.directory.isRemoved().catch(() => false));
  }

  /** Removes what has not got the name of its target. Never throws. */
  async end(): Promise<void> {
    const { directory, intent } = this;
    await this.#shard?.close().catch(() => undefined);
    // The intent goes last: if a removal fails, the next save finds it, and tries again.
    const isGone = this.isPublished || (await directory.remove(this.name).catch(() => null)) !== null;
    if (isGone) await directory.remove(intent.name).catch(() => false);
    await intent.close().catch(() => undefined);
  }
}

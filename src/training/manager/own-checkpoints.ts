/**
 * Which checkpoints a manager may remove. Paths come from files that another program may have written or copied
 * (TensorFlow's `checkpoint`, the ledger). Whatever these say, the manager removes only what lies directly in its
 * directory, under a name that it makes itself. Such a name is called an own name here.
 */
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { newestIndexes } from '../../bundle/newest-indexes.js';
import { removeCheckpoints } from '../../commit/checkpoint-removal.js';
import type { Committed } from '../../commit/latest-name.js';
import { removeOrphans } from '../../commit/leftovers.js';
import { stripFileSuffix } from '../../commit/names.js';
import { TensorBundleError } from '../../errors.js';
import { type Directories, withDirectories } from '../../storage/directories.js';
import { type Directory, withDirectory } from '../../storage/directory.js';
import { readFileNow } from '../../storage/read-now.js';

/** A whole number as `%d` writes it, not negative: no sign, no leading zero. */
const NUMBER = /^(?:0|[1-9]\d{0,18})$/;
/** The save counter is an int64. */
const MAX_NUMBER = 2n ** 63n - 1n;

export class OwnCheckpoints {
  /** Absolute: a later process.chdir must not move what is written and removed. */
  readonly directory: string;
  readonly #from = process.cwd();
  readonly #start: string;
  /** The directory as it was given, with a slash at its end: so do the paths in the books begin. */
  readonly #here: string;
  /**
   * The identity of the directory when the manager was made, or when the directory first existed. The same path may
   * later lead to another directory.
   */
  #first: Promise<string | null>;
  /** For each own name that was saved, the identity of its directory. Earlier checkpoints belong to `#first`. */
  readonly #madeIn = new Map<string, string>();
  /** Whether the leftovers of dead saves were removed. */
  #isClean = false;

  constructor(directory: string, checkpointName: string) {
    this.directory = resolve(directory);
    this.#start = `${checkpointName}-`;
    this.#here = join(directory, 'x').slice(0, -1);
    this.#first = identityOf(this.directory);
  }

  /** Ends when the look at the directory that the constructor began has ended: no descriptor is left open then. */
  async looked(): Promise<void> {
    await this.#first;
  }

  /** Removes what dead saves have left under own names; once per manager. */
  async removeOrphans({ directory, names }: Committed): Promise<void> {
    if (this.#isClean) return;
    try {
      await removeOrphans(directory, base => this.numberOf(base) !== null, names);
      this.#isClean = true;
    } catch (error) {
      // The next save tries again: this one is on disk.
      if (!(error instanceof TensorBundleError)) throw error;
    }
  }

  /** Whether the path has an own name, in whatever directory. */
  isNamed(path: string): boolean {
    return this.#isOwnName(path);
  }

  /** Whether a path lies directly in the directory, judged by its text alone. */
  isHere(path: string): boolean {
    return dirname(resolve(this.#from, `${path}x`)) === this.directory;
  }

  /** Whether a path lies directly in the directory but does not have an own name. */
  isOthers(path: string): boolean {
    return this.isHere(path) && !this.isNamed(path);
  }

  /**
   * Own checkpoints that are in the directory, with paths as the books spell them; the newest first, by the time of the
   * index, then by number.
   */
  async found(directories?: Directories): Promise<{ path: string; number: number }[]> {
    if (directories === undefined) return await withDirectories(opened => this.found(opened));
    const directory = await directories.open(this.directory);
    if (directory === null) return [];
    const indexes = await newestIndexes(directory, { matches: base => this.#isOwnName(base) });
    const found = indexes.map(one => ({ ...one, path: this.#here + one.base, number: this.numberOf(one.base)! }));
    return found.sort((a, b) => (a.modified === b.modified ? b.number - a.number : a.modified < b.modified ? 1 : -1));
  }

  /** Whether there is a checkpoint with this number; answered synchronously. False if the directory cannot be read. */
  isTaken(number: number): boolean {
    try {
      return readFileNow(this.directory, `${this.#start}${number}.index`, 0) !== null;
    } catch (error) {
      return error instanceof TensorBundleError && ['ERR_TOO_LARGE', 'ERR_NOT_A_CHECKPOINT'].includes(error.code);
    }
  }

  /**
   * The spelling of a path in the books: own checkpoints begin with the directory as it was given. Judged by the text
   * alone.
   */
  spelled(path: string): string {
    // The fast way: nearly all paths are spelled so, and there may be many.
    if (path.startsWith(this.#here) && !path.includes('/', this.#here.length)) return path;
    return this.#isOwnName(path) && dirname(resolve(this.#from, path)) === this.directory
      ? this.#here + basename(path)
      : path;
  }

  /** Which path of `known` (the books) a given path means: the checkpoint in any spelling, or one of its files. */
  async meant(given: string, known: ReadonlySet<string>): Promise<string | null> {
    const stripped = stripFileSuffix(given);
    for (const path of stripped === null ? [given] : [given, stripped]) {
      const spelled = this.spelled(path);
      if (known.has(spelled)) return spelled;
      const own = this.#here + basename(path);
      if (known.has(own) && (await this.#isOwn(path, this.#sameDirectory()))) return own;
      const absolute = path.endsWith('/') ? null : resolve(this.#from, path);
      const same = [...known].find(one => !one.endsWith('/') && resolve(this.#from, one) === absolute);
      if (same !== undefined) return same;
    }
    return null;
  }

  /** Remembers in which directory a checkpoint of an own name was saved. */
  made(path: string, { identity }: Directory): void {
    this.#madeIn.set(basename(path), identity);
  }

  /** The absolute path, resolved in the current directory of the moment when the manager was made. */
  absolute(path: string): string {
    return isAbsolute(path) ? path : join(this.#from, path);
  }

  /** The number in a base name that the manager makes; null for any other name. */
  numberOf(name: string): number | null {
    if (!name.startsWith(this.#start)) return null;
    const digits = name.slice(this.#start.length);
    return NUMBER.test(digits) && BigInt(digits) <= MAX_NUMBER ? Number(digits) : null;
  }

  /**
   * Those of `paths` that may be removed, with their names in the directory: own ones, however the directory is
   * spelled, unless a path of `staying` means the same. None if another directory has taken the place of theirs, or if
   * it cannot be opened. `opened`: the manager's directory, if it is open.
   */
  async removable(
    paths: Iterable<string>,
    staying: Iterable<string>,
    opened?: Directory,
  ): Promise<Map<string, string>> {
    const now = opened?.identity ?? (await identityOf(this.directory));
    const isDirectory = this.#sameDirectory(now);
    const isAtHome = this.#atHome(await this.#firstOr(null), now);
    const found = new Map<string, string>();
    for (const path of paths)
      if (isAtHome(basename(path)) && (await this.#isOwn(path, isDirectory))) found.set(path, basename(path));
    const names = new Set(found.values());
    if (names.size === 0) return found;
    const stay = new Set<string>();
    for (const path of staying)
      if (names.has(basename(path)) && (await this.#isOwn(path, isDirectory))) stay.add(basename(path));
    return new Map([...found].filter(([, name]) => !stay.has(name)));
  }

  /**
   * Removes what `removable` returns, all together. What cannot be removed does not stop the rest. Returns the errors
   * by path.
   */
  async remove(
    paths: Iterable<string>,
    staying: Iterable<string>,
    opened?: Directory,
  ): Promise<Map<string, TensorBundleError>> {
    const names = await this.removable(paths, staying, opened);
    if (names.size === 0) return new Map();
    try {
      const remove = (directory: Directory) => this.#removeNames(directory, new Set(names.values()));
      const failed = await (opened ? remove(opened) : withDirectory(this.directory, remove));
      if (failed === null) return new Map();
      return new Map([...names].flatMap(([path, name]) => (failed.has(name) ? [[path, failed.get(name)!]] : [])));
    } catch (error) {
      if (!(error instanceof TensorBundleError)) throw error;
      return new Map([...names.keys()].map(path => [path, error]));
    }
  }

  /** Removes every checkpoint of an own name that is in the directory. Tries all, then rejects with the first error. */
  async removeAll(directory: Directory): Promise<void> {
    const bases = new Set((await directory.list()).flatMap(name => stripFileSuffix(name) ?? []));
    const names = [...bases].filter(name => this.numberOf(name) !== null && stripFileSuffix(name) === null);
    for (const error of (await this.#removeNames(directory, names)).values()) throw error;
  }

  async #removeNames(directory: Directory, chosen: Iterable<string>): Promise<Map<string, TensorBundleError>> {
    const isAtHome = this.#atHome(await this.#firstOr(directory.identity), directory.identity);
    const names = [...chosen].filter(isAtHome);
    for (const name of names) this.#madeIn.delete(name);
    return names.length === 0 ? new Map() : await removeCheckpoints(directory, names);
  }

  /** Whether this directory is one of the manager's: the first one, or one that it has saved in. */
  async isHome({ identity }: Directory): Promise<boolean> {
    return identity === (await this.#firstOr(identity)) || [...this.#madeIn.values()].includes(identity);
  }

  async #firstOr(now: string | null): Promise<string | null> {
    const first = await this.#first;
    if (first === null && now !== null) this.#first = Promise.resolve(now);
    return first ?? now;
  }

  /** Whether the checkpoint of this name belongs to the directory that is there now. */
  #atHome(first: string | null, now: string | null): (name: string) => boolean {
    return name => (this.#madeIn.get(name) ?? first ?? now) === now;
  }

  #isOwnName(path: string): boolean {
    const name = basename(path);
    // `a/ckpt-1/` names files within a directory `ckpt-1`.
    if (path.endsWith('/') || this.numberOf(name) === null) return false;
    // A name that is also the name of another checkpoint's data file could be taken for that file.
    return stripFileSuffix(name) === null;
  }

  async #isOwn(path: string, isDirectory: (directory: string) => Promise<boolean>): Promise<boolean> {
    return this.#isOwnName(path) && (await isDirectory(dirname(resolve(this.#from, path))));
  }

  /** Compares by text, then by identity, because of links and other spellings. Each directory is looked at once. */
  #sameDirectory(now?: string | null): (directory: string) => Promise<boolean> {
    const known = new Map<string, boolean>([[this.directory, true]]);
    let own = now === undefined ? null : Promise.resolve(now);
    return async directory => {
      let isSame = known.get(directory);
      if (isSame !== undefined) return isSame;
      own ??= identityOf(this.directory);
      const identity = await own;
      isSame = identity !== null && identity === (await identityOf(directory));
      known.set(directory, isSame);
      return isSame;
    };
  }
}

/** Null if it is not a directory or cannot be opened. */
async function identityOf(directory: string): Promise<string | null> {
  try {
    return await withDirectory(directory, async ({ identity }) => identity);
  } catch (error) {
    if (error instanceof TensorBundleError) return null;
    throw error;
  }
}

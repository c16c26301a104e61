/**
 * Which checkpoints a manager may remove. Paths come from files that anybody may have written or copied (TensorFlow's
 * `checkpoint`, the ledger): whatever they say, only what lies directly in the manager's directory, under a name that
 * the manager itself makes, is removed.
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

/** As `%d` writes a whole number that is not negative: no sign, no leading zero. */
const NUMBER = /^(?:0|[1-9]\d{0,18})$/;
/** The save counter is an int64. */
const MAX_NUMBER = 2n ** 63n - 1n;

export class OwnCheckpoints {
  /** Absolute: a later process.chdir must not move what is written and removed. */
  readonly directory: string;
  readonly #from = process.cwd();
  readonly #start: string;
  /** The directory as it was given, with a slash at its end, as paths of the books begin. */
  readonly #here: string;
  /**
   * Which directory it was when the manager was made, or else when it was first there: the path may come to lead to
   * another one.
   */
  #first: Promise<string | null>;
  /** Of own names: the directory that each was saved in. What was there before is of the first. */
  readonly #madeIn = new Map<string, string>();
  /** Whether what dead saves left was removed. */
  #isClean = false;

  constructor(directory: string, checkpointName: string) {
    this.directory = resolve(directory);
    this.#start = `${checkpointName}-`;
    this.#here = join(directory, 'x').slice(0, -1);
    this.#first = identityOf(this.directory);
  }

  /** Removes what dead saves left of own names; once per manager. */
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

  /** Whether the manager makes such a name, in whatever directory. */
  isNamed(path: string): boolean {
    return this.#isOwnName(path);
  }

  /** Whether a path means something directly in the directory, by text alone. */
  isHere(path: string): boolean {
    return dirname(resolve(this.#from, `${path}x`)) === this.directory;
  }

  /** Whether a path means something directly in the directory that the manager has not made. */
  isOthers(path: string): boolean {
    return this.isHere(path) && !this.isNamed(path);
  }

  /**
   * Own checkpoints that are in the directory, as the books have them: the newest first, by the time of the index, then
   * by number.
   */
  async found(directories?: Directories): Promise<{ path: string; number: number }[]> {
    if (directories === undefined) return await withDirectories(opened => this.found(opened));
    const directory = await directories.open(this.directory);
    if (directory === null) return [];
    const indexes = await newestIndexes(directory, { matches: base => this.#isOwnName(base) });
    const found = indexes.map(one => ({ ...one, path: this.#here + one.base, number: this.numberOf(one.base)! }));
    return found.sort((a, b) => (a.modified === b.modified ? b.number - a.number : a.modified < b.modified ? 1 : -1));
  }

  /** Whether there is one of this number. At once; false where the directory cannot be looked into. */
  isTaken(number: number): boolean {
    try {
      return readFileNow(this.directory, `${this.#start}${number}.index`, 0) !== null;
    } catch (error) {
      return error instanceof TensorBundleError && ['ERR_TOO_LARGE', 'ERR_NOT_A_CHECKPOINT'].includes(error.code);
    }
  }

  /** The one spelling in which the books have a path: own ones as the directory was given, by text alone. */
  spelled(path: string): string {
    // Nearly all are so, and there may be many.
    if (path.startsWith(this.#here) && !path.includes('/', this.#here.length)) return path;
    return this.#isOwnName(path) && dirname(resolve(this.#from, path)) === this.directory
      ? this.#here + basename(path)
      : path;
  }

  /**
   * Which of `known`, paths of the books, is meant by a path that somebody gives: by any spelling, or by one of its
   * files.
   */
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

  /** A checkpoint of an own name was saved in a directory. */
  made(path: string, { identity }: Directory): void {
    this.#madeIn.set(basename(path), identity);
  }

  /** As the path was meant when the manager was made. */
  absolute(path: string): string {
    return isAbsolute(path) ? path : join(this.#from, path);
  }

  /** Of a base name that the manager itself makes; null for any other. */
  numberOf(name: string): number | null {
    if (!name.startsWith(this.#start)) return null;
    const digits = name.slice(this.#start.length);
    return NUMBER.test(digits) && BigInt(digits) <= MAX_NUMBER ? Number(digits) : null;
  }

  /**
   * Those of `paths` that may be removed, with their names in the directory: own ones, by whatever spelling of the
   * directory, unless a path of `staying` means the same. Not those of another directory that has taken the place of
   * theirs, or of one that cannot be opened. `opened`: the manager's directory, where it is open.
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
   * Removes what `removable` says, all in one go. What cannot be removed stops nothing: gives the errors, by path.
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

  /**
   * Removes every checkpoint of an own name that is in the directory. Rejects with the first error, after all were
   * tried.
   */
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

  /** Whether the directory that is there now is one of the manager's: the first, or one that it has saved in. */
  async isHome({ identity }: Directory): Promise<boolean> {
    return identity === (await this.#firstOr(identity)) || [...this.#madeIn.values()].includes(identity);
  }

  async #firstOr(now: string | null): Promise<string | null> {
    const first = await this.#first;
    if (first === null && now !== null) this.#first = Promise.resolve(now);
    return first ?? now;
  }

  /** Whether a name is that of a checkpoint of the directory that is there now. */
  #atHome(first: string | null, now: string | null): (name: string) => boolean {
    return name => (this.#madeIn.get(name) ?? first ?? now) === now;
  }

  #isOwnName(path: string): boolean {
    const name = basename(path);
    // `a/ckpt-1/` names files within a directory `ckpt-1`.
    if (path.endsWith('/') || this.numberOf(name) === null) return false;
    // Where the name is that of another checkpoint's data file, that one could be taken for it.
    return stripFileSuffix(name) === null;
  }

  async #isOwn(path: string, isDirectory: (directory: string) => Promise<boolean>): Promise<boolean> {
    return this.#isOwnName(path) && (await isDirectory(dirname(resolve(this.#from, path))));
  }

  /** By text, else by what lies there: links, other spellings. Each directory is looked at once. */
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

/** Null for what is no directory, or cannot be opened. */
async function identityOf(directory: string): Promise<string | null> {
  try {
    return await withDirectory(directory, async ({ identity }) => identity);
  } catch (error) {
    if (error instanceof TensorBundleError) return null;
    throw error;
  }
}

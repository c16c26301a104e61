/**
 * Which checkpoints a manager may remove. Paths come from files that anybody may have written or copied (TensorFlow's `checkpoint`, the
 * ledger): whatever they say, only what lies directly in the manager's directory, under a name that the manager itself makes, is removed.
 */
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { stripFileSuffix } from '../../commit/names.js';
import { removeCheckpoints } from '../../commit/remove.js';
import { TensorBundleError } from '../../errors.js';
import { LocalStore } from '../../storage/local-store.js';

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
  /** Which directory it was when the manager was made, or else when it was first there: the path may come to lead to another one. */
  #first: Promise<string | null>;
  /** Of own names: the directory that each was saved in. What was there before is of the first. */
  readonly #madeIn = new Map<string, string>();

  constructor(directory: string, checkpointName: string) {
    this.directory = resolve(directory);
    this.#start = `${checkpointName}-`;
    this.#here = join(directory, 'x').slice(0, -1);
    this.#first = identityOf(this.directory);
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

  /** Own checkpoints that are in the directory, as the books have them: the newest first, by the time of the index, then by number. */
  async found(): Promise<{ path: string; number: number }[]> {
    const store = await LocalStore.open(this.directory);
    if (store === null) return [];
    try {
      const found: { path: string; number: number; modified: bigint }[] = [];
      for (const file of await store.list()) {
        const name = file.slice(0, -'.index'.length);
        if (!file.endsWith('.index') || !this.#isOwnName(name)) continue;
        const stat = await store.stat(file);
        if (stat?.kind !== 'file') continue;
        found.push({ path: this.#here + name, number: this.numberOf(name)!, modified: stat.modified });
      }
      return found.sort((a, b) => (a.modified === b.modified ? b.number - a.number : a.modified < b.modified ? 1 : -1));
    } finally {
      await store.close();
    }
  }

  /** Whether there is one of this number. At once; false where the directory cannot be looked into. */
  isTaken(number: number): boolean {
    try {
      return LocalStore.readNow(this.directory, `${this.#start}${number}.index`, 0) !== null;
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

  /** Which of `known`, paths of the books, is meant by a path that somebody gives: by any spelling, or by one of its files. */
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

  /** A checkpoint of an own name was saved. */
  async made(path: string): Promise<void> {
    const identity = await identityOf(this.directory);
    if (identity !== null) this.#madeIn.set(basename(path), identity);
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
   * Those of `paths` that may be removed, with their names in the directory: own ones, by whatever spelling of the directory, unless a path
   * of `staying` means the same. Not those of another directory that has taken the place of theirs, or of one that cannot be opened.
   */
  async removable(paths: Iterable<string>, staying: Iterable<string>): Promise<Map<string, string>> {
    const isDirectory = this.#sameDirectory();
    const isAtHome = this.#atHome(await this.#firstOr(null), await identityOf(this.directory));
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
  async remove(paths: Iterable<string>, staying: Iterable<string>): Promise<Map<string, TensorBundleError>> {
    const names = await this.removable(paths, staying);
    try {
      const failed = await this.#removeNames(() => new Set(names.values()));
      return new Map([...names].flatMap(([path, name]) => (failed.has(name) ? [[path, failed.get(name)!]] : [])));
    } catch (error) {
      if (!(error instanceof TensorBundleError)) throw error;
      return new Map([...names.keys()].map(path => [path, error]));
    }
  }

  /** Removes every checkpoint of an own name that is in the directory. Rejects with the first error, after all were tried. */
  async removeAll(): Promise<void> {
    const listed = async (store: LocalStore): Promise<Set<string>> => {
      const names = (await store.list()).flatMap(name => stripFileSuffix(name) ?? []);
      return new Set(names.filter(name => this.numberOf(name) !== null && stripFileSuffix(name) === null));
    };
    for (const error of (await this.#removeNames(listed)).values()) throw error;
  }

  async #removeNames(
    choose: (store: LocalStore) => Iterable<string> | Promise<Iterable<string>>,
  ): Promise<Map<string, TensorBundleError>> {
    const store = await LocalStore.open(this.directory);
    if (store === null) return new Map();
    try {
      const isAtHome = this.#atHome(await this.#firstOr(store.identity), store.identity);
      const names = [...(await choose(store))].filter(isAtHome);
      for (const name of names) this.#madeIn.delete(name);
      return names.length === 0 ? new Map() : await removeCheckpoints(store, names);
    } finally {
      await store.close();
    }
  }

  /** Whether the directory that is there now is one of the manager's: the first, or one that it has saved in. */
  async isHome(store: LocalStore): Promise<boolean> {
    return (
      store.identity === (await this.#firstOr(store.identity)) || [...this.#madeIn.values()].includes(store.identity)
    );
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
  #sameDirectory(): (directory: string) => Promise<boolean> {
    const known = new Map<string, boolean>([[this.directory, true]]);
    let own: Promise<string | null> | null = null;
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
    const store = await LocalStore.open(directory);
    if (store === null) return null;
    await store.close();
    return store.identity;
  } catch (error) {
    if (error instanceof TensorBundleError) return null;
    throw error;
  }
}

/**
 * `tf.train.Checkpoint` for TensorFlow.js: the state of a training under names, in files that TensorFlow reads
 * (tensorflow/python/checkpoint/checkpoint.py).
 */

import '../../disposal.js';
import { CheckpointReader } from '../../bundle/reader.js';
import { CopyBudget } from '../../bundle/tf-staging.js';
import type { WriterOptions } from '../../bundle/writer-options.js';
import { nameAsLatest } from '../../commit/latest-name.js';
import { absolutePrefix } from '../../commit/names.js';
import { type PathLike, pathOf, savePathOf } from '../../commit/paths.js';
import { keyedAttributes, numberPlainObjects } from '../../graph/numbering.js';
import { type RestoreMatch, type RestoreOptions, restore } from '../../graph/restore/restore.js';
import { type RestoreStatus, restoreStatus } from '../../graph/restore/restore-status.js';
import { CapturedGraph, type WriteHooks } from '../../graph/stored/captured-graph.js';
import { branch, type Edge, type Trackable } from '../../graph/trackable.js';
import { LORA } from '../../layers/lora.js';
import { refuseUnknown } from '../../options.js';
import { isLiteral } from '../../realms.js';
import { BackgroundQueue, type BackgroundSave } from './background.js';
import {
  BACKGROUND_SAVE_OPTIONS,
  RESTORE_OPTIONS,
  type RestoreStateOptions,
  SAVE_OPTIONS,
  type SaveOptions,
} from './checkpoint-options.js';
import { type DescribeOptions, Description } from './description.js';
import { noChildren, reserved, taken } from './refused-children.js';
import { SaveCounter } from './save-counter.js';
import type { Trackables, TrackableValue, Tracked, TrackedIn } from './trackable-value.js';

/** What happens between the commit of a numbered checkpoint and its acknowledgement. */
type AfterCommit = WriteHooks['afterCommit'];

/** What a manager adds to a save. */
export interface Hooks {
  /** The prefix as an absolute path. Default: the prefix resolved in the current directory. */
  readonly absolute?: string | undefined;
  readonly afterCommit?: AfterCommit;
  /** Asked after a failed save: whether to try again. */
  readonly again?: ((error: unknown) => Promise<boolean>) | undefined;
}

export class Checkpoint<First extends object = Trackables, Rest extends object = Trackables> {
  readonly #root: TrackableValue | undefined;
  readonly #children: Trackables;
  readonly #queue = new BackgroundQueue();
  readonly #counter = new SaveCounter();

  /**
   * A lone object literal is children: `new Checkpoint({ model, optimizer, step })`. Anything else is the root, whose
   * own children are found under their own names: `new Checkpoint(model)`, `new Checkpoint(model, { optimizer })`.
   * Throws ERR_INVALID_ARGUMENT for anything else. What the objects contain is checked by each save and restore.
   */
  constructor(first: First & Tracked<First>, children?: Rest & TrackedIn<Rest>);
  constructor(children: Trackables);
  constructor(root: TrackableValue, children?: Trackables);
  constructor(first: object, children?: object) {
    if (typeof first !== 'object' || first === null) throw noChildren(first);
    const isChildren = children === undefined && isNamed(first);
    this.#root = isChildren ? undefined : (first as TrackableValue);
    this.#children = isChildren ? (first as Trackables) : ((children ?? {}) as Trackables);
    if (!isNamed(this.#children)) throw noChildren(this.#children);
    if ('save_counter' in this.#children) throw reserved('save_counter');
    if ('root' in this.#children && this.#root !== undefined) throw reserved('root');
  }

  /** Whether a background save runs or waits. */
  get isBusy(): boolean {
    return this.#queue.isBusy;
  }

  /**
   * Makes sure that the next number is above this one.
   *
   * @internal
   */
  countFrom(number: number): void {
    this.#counter.countFrom(number);
  }

  /** How often `save` was called; 0 before the first. It is saved and restored with the rest. */
  get saveCounter(): number {
    return this.#counter.value;
  }

  /** Adds 1 to the save counter, as `save` and managers do before they write. Returns the new number. */
  incrementSaveCounter(): number {
    return this.#counter.increment();
  }

  /**
   * Saves everything as `PREFIX-N`, N counting up, and then names it as the latest in the directory's `checkpoint`
   * file. The values are those of the moment of the call; training may go on meanwhile. Returns the path. With
   * `background` it returns at once: see `BackgroundSave`.
   *
   * Rejects with what CheckpointWriter.finish throws; ERR_INVALID_ARGUMENT for what cannot be tracked or is not built;
   * ERR_NOT_SUPPORTED for layers this version does not know; what `writeCallback` throws.
   *
   * @example
   * const path = await new Checkpoint({ model, optimizer }).save('run/ckpt');   // run/ckpt-1
   */
  save(prefix: PathLike, options: SaveOptions & { background: true; ifBusy: 'skip' }): BackgroundSave | null;
  save(prefix: PathLike, options: SaveOptions & { background: true }): BackgroundSave;
  save(prefix: PathLike, options?: SaveOptions): Promise<string>;
  save(
    prefix: PathLike,
    options: SaveOptions & { background?: boolean } = {},
  ): BackgroundSave | null | Promise<string> {
    if (options?.background) {
      refuseUnknown(options, 'save', BACKGROUND_SAVE_OPTIONS);
      const given = savePathOf(prefix);
      if (options.ifBusy === 'skip' && this.#queue.isBusy) return null;
      const path = `${given}-${this.incrementSaveCounter()}`;
      return this.writeInBackground(path, options, { afterCommit: nameAsLatest });
    }
    return this.#saveNumbered(prefix, options);
  }

  async #saveNumbered(prefix: PathLike, options: SaveOptions): Promise<string> {
    refuseUnknown(options, 'save', BACKGROUND_SAVE_OPTIONS);
    const given = savePathOf(prefix);
    return await this.writeManaged(`${given}-${this.incrementSaveCounter()}`, options, {
      afterCommit: nameAsLatest,
    });
  }

  /** Saves everything as PREFIX: no number, and the `checkpoint` file stays as it is. Otherwise as `save`. */
  async write(prefix: PathLike, options: SaveOptions = {}): Promise<string> {
    refuseUnknown(options, 'write', SAVE_OPTIONS);
    return await this.writeManaged(savePathOf(prefix), options, {});
  }

  /**
   * Starts a background save under PREFIX as it is, without a number. `afterCommit` runs after the commit and before
   * `durable` settles.
   *
   * @internal
   */
  writeInBackground(prefix: string, options: SaveOptions, { absolute, afterCommit }: Hooks): BackgroundSave {
    const place = absolute ?? absolutePrefix(prefix);
    const captured = new CapturedGraph(this.#describe(options), CopyBudget.forBackground());
    return this.#submit(prefix, captured, place, options, { afterCommit, calmly: true });
  }

  /**
   * `write` with what a manager adds: `again` decides whether a failed save is tried again, with the same values.
   * `afterCommit` runs before `writeCallback`.
   *
   * @internal
   */
  async writeManaged(prefix: string, options: SaveOptions, { afterCommit, again, ...hooks }: Hooks): Promise<string> {
    // Before anything is awaited: a later process.chdir must not move the checkpoint.
    const absolute = hooks.absolute ?? absolutePrefix(prefix);
    const captured = new CapturedGraph(this.#describe(options), CopyBudget.forForeground());
    await this.#submit(prefix, captured, absolute, options, { afterCommit, again }).durable;
    return prefix;
  }

  /**
   * As `writeManaged`, for a save whose number is not known yet. The values are still those of the moment of the call.
   *
   * @internal
   */
  async writeLater<T extends { path: string; absolute: string; counted: number }>(
    next: Promise<T>,
    options: SaveOptions,
    hooks: (one: T) => Hooks,
  ): Promise<string> {
    const number = next.then(({ counted }) => counted);
    number.catch(() => undefined);
    const captured = new CapturedGraph(this.#describe(options, number), CopyBudget.forForeground());
    try {
      const one = await next;
      await this.#submit(one.path, captured, one.absolute, options, hooks(one)).durable;
      return one.path;
    } finally {
      captured.release();
    }
  }

  /**
   * All saves, also those in the foreground, are made in the order of the calls, so that the last one requested is the
   * latest checkpoint.
   */
  #submit(
    prefix: string,
    captured: CapturedGraph,
    absolute: string,
    options: SaveOptions,
    hooks: Hooks & Pick<WriteHooks, 'calmly'>,
  ): BackgroundSave {
    return this.#queue.submit(prefix, {
      run: async onStaged => {
        const { calmly, again, afterCommit } = hooks;
        const writer = bundleOptions(options);
        const result = await captured.write(absolute, writer, { onStaged, calmly, again, afterCommit });
        return { ...result, prefix };
      },
      after: async () => options.writeCallback?.(prefix),
    });
  }

  /**
   * Restores everything that is found, the save counter included. PATH is a prefix, one of its files, or a directory (a
   * SavedModel, or its latest checkpoint); null restores nothing. Values for variables that do not exist yet (of a
   * layer that is not built, of an optimizer before its first step) wait for them. Missing and unused values are not
   * errors: look at the status. Rejects, and then has changed nothing, with ERR_MISMATCH if a shape or type differs;
   * with MisplacedWeightsError (ERR_MISMATCH) if layers would get, by their positions, the weights of others that you
   * named; with ERR_NOT_SUPPORTED for values that TensorFlow.js cannot compute with; and with what
   * `CheckpointReader.open` and `read` throw.
   *
   * @example
   * (await checkpoint.restore(await latestCheckpoint('run'))).assertExistingObjectsMatched();
   */
  async restore(path: PathLike | null, options: RestoreStateOptions = {}): Promise<RestoreStatus> {
    refuseUnknown(options, 'restore', RESTORE_OPTIONS);
    // A restored checkpoint has a counter, so that the next save goes on counting.
    this.#counter.begin();
    if (path === null) return this.#nothing();
    return await this.read(path, options);
  }

  /**
   * As `restore`, but `accept` is asked first: if it throws, nothing is changed.
   *
   * @internal
   */
  async restoreIf(path: string, accept: (match: RestoreMatch) => void): Promise<RestoreStatus> {
    const before = this.#counter.state;
    try {
      this.#counter.begin();
      return await this.#read(path, { accept });
    } catch (error) {
      this.#counter.state = before;
      throw error;
    }
  }

  /**
   * As `restore`, from a checkpoint that is open.
   *
   * @internal
   */
  async restoreFrom(reader: CheckpointReader): Promise<RestoreStatus> {
    this.#counter.begin();
    return await this.#restoreFrom(reader, {});
  }

  /** As `restore`, for what `write` wrote: the save counter is not expected. */
  async read(path: PathLike, options: RestoreStateOptions = {}): Promise<RestoreStatus> {
    refuseUnknown(options, 'read', RESTORE_OPTIONS);
    return await this.#read(pathOf(path), options);
  }

  async #read(path: string, options: RestoreStateOptions & Pick<RestoreOptions, 'accept'>): Promise<RestoreStatus> {
    await this.#queue.idle();
    await using reader = await CheckpointReader.open(path);
    return await this.#restoreFrom(reader, options);
  }

  async #restoreFrom(
    reader: CheckpointReader,
    { skipSlotVariables, ...choice }: RestoreStateOptions & Pick<RestoreOptions, 'accept'>,
  ): Promise<RestoreStatus> {
    const root = this.#describe({ defer: true, skipSlotVariables });
    return await restore(root, reader, { ...choice, companions: LORA, search: false });
  }

  /**
   * Waits for all background saves. Rejects with the first error that has not been handled; each error is reported
   * once.
   */
  async sync(): Promise<void> {
    await this.#queue.sync();
  }

  #nothing(): RestoreStatus {
    const variables = keyedAttributes(numberPlainObjects(this.#describe({ defer: true })).objects);
    return restoreStatus({
      path: 'no checkpoint',
      source: 'the checkpoint',
      root: '',
      selected: variables.length,
      loaded: [],
      missing: variables.map(({ key, attribute: { label } }) => ({ key, label })),
      unused: [],
      mismatched: [],
      refusedValues: false,
    });
  }

  /**
   * The children, sorted as Python sorts its keywords, then the save counter. If there is a root object, its own
   * children come first, and it has an edge to itself.
   */
  #describe(options: DescribeOptions, number?: Promise<number>): Trackable {
    const description = new Description([this.#root, this.#children], options);
    const root = this.#root === undefined ? branch([]) : description.trackable(this.#root, 'root');
    const names = Object.keys(this.#children).sort(byCodePoint);
    const named = names.map(name => ({ name, node: description.trackable(this.#children[name], name) }));
    description.complete();
    const own = new Map(root.children.map(({ name, node }) => [name, node]));
    for (const { name, node } of named) if (own.has(name) && own.get(name) !== node) throw taken(name);
    const children: Edge[] = [...root.children];
    const added: Edge[] = named.filter(({ name }) => !own.has(name));
    const self: Trackable = { ...root, children, added };
    if (this.#root !== undefined) children.push({ name: 'root', node: self });
    const counter = this.#counter.trackable(number);
    if (counter !== null) added.push({ name: 'save_counter', node: counter });
    children.push(...added);
    return self;
  }
}

function bundleOptions(options: SaveOptions): WriterOptions {
  const { skipSlotVariables: _s, optimizerKeys: _k, ifBusy: _b, writeCallback: _c, ...rest } = options;
  const { background: _background, ...writer } = rest as WriterOptions & { background?: boolean };
  return writer;
}

function isNamed(value: unknown): value is Trackables {
  return isLiteral(value) && typeof value.trackedChildren !== 'function';
}

/** Python's order of strings: by code point. JavaScript's `sort` compares UTF-16 units. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/**
 * Writes live objects as a checkpoint: their tensors in node order, then the object graph, as TensorFlow orders them,
 * then the extras, which lie beside the graph.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeItem, type Item, type Pulled } from '../../bundle/item.js';
import { ItemList } from '../../bundle/item-list.js';
import { save, saveTarget } from '../../bundle/save-bundle.js';
import { CopyBudget } from '../../bundle/tf-staging.js';
import { checkOptions, type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { nextCall } from '../../commit/call-order.js';
import type { Committed } from '../../commit/latest-name.js';
import type { DType } from '../../format/dtypes.js';
import { inTurns, type Steps } from '../../format/turns.js';
import type { Attribute, Capture } from '../attribute.js';
import { OBJECT_GRAPH_KEY } from '../key.js';
import type { Trackable } from '../trackable.js';
import { buildObjectGraph } from './encode.js';
import { ReadingTurns } from './reading-turns.js';

/** Items that are made between two stops. */
const STEP_ITEMS = 128;

/** One tensor that is kept for a save. */
interface CapturedTensor {
  readonly key: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly capture: Capture;
}

export interface WriteHooks {
  readonly onStaged?: (() => void) | undefined;
  /** Default false. True: the event loop has turns before and after the graph is encoded, beside its later ones. */
  readonly calmly?: boolean | undefined;
  readonly again?: ((error: unknown) => Promise<boolean>) | undefined;
  /** If it throws, the save rejects, although its files stay committed. */
  readonly afterCommit?: ((committed: Committed) => Promise<void>) | undefined;
  /** The same, but it may run while the files that the save replaced are still being removed. */
  readonly beside?: WriteHooks['afterCommit'];
}

/** The values that objects had at one moment, whatever happens to the objects afterwards. */
export class CapturedGraph {
  /** When that moment was: of several saves to one prefix, the one with the latest values stays. */
  readonly call: number = nextCall();
  readonly #tensors: readonly CapturedTensor[];
  readonly #beside: readonly CapturedTensor[];
  readonly #graph: ReturnType<typeof buildObjectGraph>;
  /** Captures that have not been released. */
  readonly #held: Set<Capture>;

  /**
   * Synchronous; keeps every value. `budget` limits what is copied of arrays that callers may still change: a save that
   * the caller waits for then needs little memory, and the call of a save in the background little time. Default: all
   * is copied.
   */
  constructor(root: Trackable, budget?: CopyBudget) {
    this.#graph = buildObjectGraph(root);
    const { tensors, extras } = this.#graph;
    this.#held = new Set();
    const captured = (
      key: string,
      tensor: Pick<Attribute, 'dtype' | 'shape' | 'writtenAs' | 'capture'>,
    ): CapturedTensor => {
      const capture = tensor.capture(budget);
      this.#held.add(capture);
      return { key, dtype: tensor.writtenAs ?? tensor.dtype, shape: tensor.shape, capture };
    };
    try {
      this.#tensors = tensors.map(({ key, attribute }) => captured(key, attribute));
      this.#beside = extras.map(({ key, extra }) => captured(key, extra));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /**
   * Releases each value as soon as it was read, and calls `onStaged` when all were. With `again`, a failed save keeps
   * all values and is tried again if `again` resolves to true. `afterCommit` runs when the save is on disk, while its
   * directory is still open.
   */
  async write(
    prefix: string,
    options: WriterOptions = {},
    { onStaged, calmly, again, afterCommit, beside }: WriteHooks = {},
  ): Promise<SaveResult> {
    const committed: Committed[] = [];
    let failure: { readonly error: unknown } | undefined;
    const onCommitted = afterCommit && ((one: Committed): number => committed.push(one));
    try {
      const saved =
        beside &&
        (async (one: Committed): Promise<void> => {
          failure = undefined;
          try {
            await beside(one);
          } catch (error) {
            failure = { error };
            throw error;
          }
        });
      const hooks = { onCommitted, beside: saved };
      const result = await this.#writeOrAgain(prefix, options, { onStaged, calmly, again }, hooks);
      if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
      for (const one of committed) await afterCommit?.(one);
      return result;
    } finally {
      for (const { directory } of committed) await directory.close();
    }
  }

  async #writeOrAgain(
    prefix: string,
    options: WriterOptions,
    { onStaged, calmly, again }: WriteHooks,
    hooks: Parameters<typeof save>[3],
  ): Promise<SaveResult> {
    try {
      const checked = checkOptions(options, 'CheckpointWriter', WRITER_OPTIONS);
      const target = saveTarget(prefix, this.call);
      if (calmly) await this.#encodeBetweenTurns();
      const handedOver = again === undefined ? (capture: Capture) => this.#letGo(capture, onStaged) : undefined;
      for (;;) {
        try {
          const items = await inTurns(this.#items(handedOver), undefined, 'the save');
          if (this.#held.size === 0) onStaged?.();
          return await save(target, items, checked, hooks);
        } catch (error) {
          if (!(await again?.(error))) throw error;
        }
      }
    } finally {
      this.release();
    }
  }

  async #encodeBetweenTurns(): Promise<void> {
    await nextTurn();
    await inTurns(this.#graph.serialize(), undefined, 'the save');
    await nextTurn();
  }

  /** Without `handedOver`, the values are kept, so that they can be read again. */
  *#items(handedOver: ((capture: Capture) => void) | undefined): Steps<readonly Item[]> {
    const list = new ItemList();
    const turns = new ReadingTurns();
    for (let i = 0; i < this.#tensors.length; i++) {
      if (i % STEP_ITEMS === 0) yield;
      list.add(itemOf(this.#tensors[i]!, turns, handedOver));
    }
    const graph = [this.#graph.serialized];
    list.add({ ...describeItem(OBJECT_GRAPH_KEY, 'string', []), content: { kind: 'elements', elements: () => graph } });
    for (const tensor of this.#beside) list.add(itemOf(tensor, turns, handedOver));
    return list.items;
  }

  #letGo(capture: Capture, onStaged: (() => void) | undefined): void {
    if (!this.#held.delete(capture)) return;
    capture.release();
    if (this.#held.size === 0) onStaged?.();
  }

  /** Releases the captures that are still held. */
  release(): void {
    for (const capture of this.#held) capture.release();
    this.#held.clear();
  }
}

function itemOf(
  { key, dtype, shape, capture }: CapturedTensor,
  turns: ReadingTurns,
  read: ((capture: Capture) => void) | undefined,
): Item {
  const item = describeItem(key, dtype, shape);
  // Not spread: see itemOf of src/bundle/source.ts.
  const made = (content: Item['content']): Item => {
    const { name, dtype, shape, bytes } = item;
    return { name, dtype, shape, bytes, shard: undefined, content };
  };
  const data = (): Promise<Pulled> | Pulled => turns.take(item.bytes ?? 0, () => capture.data());
  const handedOver = read && (() => read(capture));
  if (item.bytes === null) return made({ kind: 'elements', elements: data, handedOver });
  // Asked once, it is nobody's afterwards.
  const own = capture.own && (read ? 'given' : capture.own);
  return made({ kind: 'pull', pull: data, handedOver, ...(own && { own }) });
}

/**
 * Saves the values that the objects have at the time of the call: everything up to the first `await` is synchronous,
 * so training may go on while the save runs.
 */
export async function saveGraph(
  root: Trackable,
  prefix: string,
  options: WriterOptions = {},
  beside?: WriteHooks['beside'],
): Promise<SaveResult> {
  return await new CapturedGraph(root, CopyBudget.forForeground()).write(prefix, options, { beside });
}

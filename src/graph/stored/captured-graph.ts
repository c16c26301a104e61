/**
 * Writes live objects as a checkpoint: their tensors in node order, then the object graph, as TensorFlow orders them,
 * then what lies beside the graph.
 */

import { OwnedPieces } from '../../bundle/source.js';
import { CheckpointWriter } from '../../bundle/writer.js';
import type { SaveResult, WriterOptions } from '../../bundle/writer-options.js';
import { nextCall } from '../../commit/call-order.js';
import type { Committed } from '../../commit/latest-name.js';
import type { DType, TensorData } from '../../format/dtypes.js';
import { isPromise } from '../../realms.js';
import type { Attribute, Capture, Trackable } from '../trackable.js';
import { buildObjectGraph, OBJECT_GRAPH_KEY } from './encode.js';

/** One tensor that is kept for a save. */
interface CapturedTensor {
  readonly key: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly capture: Capture;
}

export interface WriteHooks {
  readonly onStaged?: (() => void) | undefined;
  readonly again?: ((error: unknown) => Promise<boolean>) | undefined;
  /** What it throws rejects the save, which stands all the same. */
  readonly afterCommit?: ((committed: Committed) => Promise<void>) | undefined;
}

/** The values that objects had at one moment, whatever happens to the objects since. */
export class CapturedGraph {
  /** When that moment was: of saves to one prefix, that of the latest values stays. */
  readonly call: number = nextCall();
  readonly #tensors: readonly CapturedTensor[];
  readonly #beside: readonly CapturedTensor[];
  readonly #serialized: Uint8Array;
  /** Captures that have not been let go of. */
  readonly #held: Set<Capture>;

  /**
   * Synchronous; holds on to every value. `own`: values that callers may still change (typed arrays that TensorFlow.js
   * goes on using) are copied now instead of when they are written.
   */
  constructor(root: Trackable, { own = false }: { own?: boolean } = {}) {
    const { tensors, extras, serialized } = buildObjectGraph(root);
    this.#held = new Set();
    const captured = (
      key: string,
      tensor: Pick<Attribute, 'dtype' | 'shape' | 'writtenAs' | 'capture'>,
    ): CapturedTensor => {
      const capture = tensor.capture({ own });
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
    this.#serialized = serialized;
  }

  /**
   * Lets go of each value as soon as it was read, and `onStaged` is called when all were. With `again`, a failed save
   * keeps all values, to be tried again if the answer is true. `afterCommit` runs when the save is on disk, with its
   * directory still open.
   */
  async write(
    prefix: string,
    options: WriterOptions = {},
    { onStaged, again, afterCommit }: WriteHooks = {},
  ): Promise<SaveResult> {
    const committed: Committed[] = [];
    const onCommitted = afterCommit && ((one: Committed): number => committed.push(one));
    try {
      const result = await this.#writeOrAgain(prefix, options, { onStaged, again }, onCommitted);
      for (const one of committed) await afterCommit?.(one);
      return result;
    } finally {
      for (const { directory } of committed) await directory.close();
    }
  }

  async #writeOrAgain(
    prefix: string,
    options: WriterOptions,
    { onStaged, again }: WriteHooks,
    onCommitted?: (committed: Committed) => void,
  ): Promise<SaveResult> {
    try {
      for (;;) {
        try {
          return await this.#writeOnce(prefix, options, again === undefined, onStaged, onCommitted);
        } catch (error) {
          if (!(await again?.(error))) throw error;
        }
      }
    } finally {
      this.release();
    }
  }

  async #writeOnce(
    prefix: string,
    options: WriterOptions,
    letGo: boolean,
    onStaged?: () => void,
    onCommitted?: (committed: Committed) => void,
  ): Promise<SaveResult> {
    const read = (capture: Capture): void => {
      if (!letGo || !this.#held.delete(capture)) return;
      capture.release();
      if (this.#held.size === 0) onStaged?.();
    };
    const writer = new CheckpointWriter(prefix, options).calledAt(this.call, onCommitted);
    for (const tensor of this.#tensors) add(writer, tensor, read);
    writer.add(OBJECT_GRAPH_KEY, { dtype: 'string', shape: [], data: [this.#serialized] });
    for (const tensor of this.#beside) add(writer, tensor, read);
    if (this.#held.size === 0) onStaged?.();
    return await writer.finish();
  }

  /** Lets go of what is still held. */
  release(): void {
    for (const capture of this.#held) capture.release();
    this.#held.clear();
  }
}

function add(
  writer: CheckpointWriter,
  { key, dtype, shape, capture }: CapturedTensor,
  read: (capture: Capture) => void,
): void {
  writer.add(key, { dtype, shape, data: () => readThrough(capture.data(), () => read(capture)) });
}

/** The same data; `read` is called once all of it was handed over. */
function readThrough(
  data: TensorData | Promise<TensorData> | AsyncIterable<Uint8Array>,
  read: () => void,
): TensorData | Promise<TensorData> | AsyncIterable<Uint8Array> {
  if (isPromise(data)) {
    return Promise.resolve(data).then(value => {
      read();
      return value;
    });
  }
  if (data instanceof OwnedPieces) return new OwnedPieces(piecesThrough(data, read));
  if (Symbol.asyncIterator in data) return piecesThrough(data, read);
  read();
  return data;
}

async function* piecesThrough(pieces: AsyncIterable<Uint8Array>, read: () => void): AsyncGenerator<Uint8Array> {
  yield* pieces;
  read();
}

/**
 * Saves the values that the objects have at the time of the call: everything up to the first `await` is synchronous,
 * so training may go on while the save runs.
 */
export async function saveGraph(
  root: Trackable,
  prefix: string,
  options: WriterOptions = {},
  afterCommit?: WriteHooks['afterCommit'],
): Promise<SaveResult> {
  return await new CapturedGraph(root).write(prefix, options, { afterCommit });
}

/** The values of a save, each kept from the call until the file has it. */
import { native } from '../../../binding.js';
import type { CopyBudget } from '../../../bundle/tf-staging.js';
import { dtypeInfo } from '../../../format/dtypes.js';
import { sizeOf } from '../../../format/shape.js';
import type { Attribute, Capture } from '../../../graph/attribute.js';
import { ReadingTurns } from '../../../graph/stored/reading-turns.js';
import type { DatasetToWrite } from '../../../hdf5/writing/content.js';
import type { NumberToWrite } from '../../../hdf5/writing/type-messages.js';

/** A variable, or a number that is stored like one. */
export type Source = Pick<Attribute, 'dtype' | 'shape' | 'writtenAs' | 'capture'>;

export class CapturedValues {
  #onRead: (() => void) | undefined;
  readonly #budget: CopyBudget;
  readonly #turns = new ReadingTurns();
  readonly #datasets = new Map<Source, DatasetToWrite>();
  /** Captures that have not been released. */
  readonly #held = new Set<Capture>();

  constructor(budget: CopyBudget) {
    this.#budget = budget;
  }

  get tensors(): number {
    return this.#datasets.size;
  }

  /** Keeps the value as it is now. The same variable is the same dataset, so that a file has its value once. */
  dataset(source: Source): DatasetToWrite {
    const known = this.#datasets.get(source);
    if (known) return known;
    const made = this.#captured(source);
    this.#datasets.set(source, made);
    return made;
  }

  #captured(source: Source): DatasetToWrite {
    const { shape } = source;
    const dtype = (source.writtenAs ?? source.dtype) as NumberToWrite;
    const bytes = sizeOf(shape) * dtypeInfo(dtype).bytes;
    // Nobody asks for what is empty.
    if (bytes === 0) return { dtype, shape, data: () => new Uint8Array() };
    const capture = source.capture(this.#budget);
    this.#held.add(capture);
    return { dtype, shape, data: () => this.#pieces(capture, bytes) };
  }

  /** A piece that was made for the save is freed as soon as the next one is asked for. */
  async *#pieces(capture: Capture, bytes: number): AsyncGenerator<Uint8Array> {
    const isOurs = capture.own === 'given';
    const data = await this.#turns.take(bytes, () => capture.data());
    for await (const piece of piecesOf(data)) {
      yield piece;
      if (isOurs) native.detach(piece);
    }
    this.#letGo(capture);
  }

  #letGo(capture: Capture): void {
    if (!this.#held.delete(capture)) return;
    capture.release();
    if (this.#held.size === 0) this.#onRead?.();
  }

  /** `listener` is called when the last value has been read: at once if there is none. */
  whenRead(listener: () => void): void {
    this.#onRead = listener;
    if (this.#held.size === 0) listener();
  }

  /** Lets go of all values that have not been read. */
  release(): void {
    for (const capture of this.#held) capture.release();
    this.#held.clear();
  }
}

async function* piecesOf(data: Awaited<ReturnType<Capture['data']>>): AsyncGenerator<Uint8Array> {
  if (Symbol.asyncIterator in data) return yield* data;
  const { buffer, byteOffset, byteLength } = data as unknown as ArrayBufferView;
  yield new Uint8Array(buffer, byteOffset, byteLength);
}

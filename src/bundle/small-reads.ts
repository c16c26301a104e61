/**
 * Joins the reads of single small tensors that callers start in the same turn of the event loop. So each costs little
 * more than its promise.
 */
import type { NumericArray } from '../format/dtypes.js';
import { inTurns, sorted } from '../format/turns.js';
import { MANY_SMALL, readSmall } from './small-tensors.js';
import type { StoredTensor } from './stored-tensor.js';
import type { TensorFiles } from './tensor-files.js';
import { batchesOf, inFileOrder } from './tensor-ranges.js';

interface Waiting {
  readonly tensor: StoredTensor;
  readonly resolve: (data: NumericArray | PromiseLike<NumericArray>) => void;
}

export class SmallReads {
  #waiting: Waiting[] = [];

  /** `alone` reads one tensor, and rejects with what is wrong with it. */
  constructor(
    private readonly files: TensorFiles,
    private readonly verify: boolean,
    private readonly alone: (tensor: StoredTensor) => Promise<NumericArray>,
  ) {}

  /** The values of a small tensor that was located, in an array of its own. */
  read(tensor: StoredTensor): Promise<NumericArray> {
    return new Promise(resolve => {
      if (this.#waiting.length === 0) void Promise.resolve().then(() => this.#start());
      this.#waiting.push({ tensor, resolve });
    });
  }

  #start(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    // Fewer reads are made one by one: the storage joins them with reads of other tensors.
    if (waiting.length >= MANY_SMALL) void this.#readMany(waiting);
    else for (const { tensor, resolve } of waiting) resolve(this.alone(tensor));
  }

  async #readMany(waiting: readonly Waiting[]): Promise<void> {
    const order = await inTurns(
      sorted(waiting, (a, b) => inFileOrder(a.tensor, b.tensor)),
      undefined,
      'reading',
    );
    let at = 0;
    for (const batch of batchesOf(order.map(({ tensor }) => tensor))) {
      const read = await readSmall(this.files, batch).catch(() => null);
      for (let i = 0; i < batch.length; i++, at++) {
        const tensor = batch[i]!;
        const isGood = read !== null && (!this.verify || read.crcs[i] === tensor.entry.crc);
        if (isGood) this.files.toHostOrder(tensor.dtype, read.arrays[i]!);
        order[at]!.resolve(isGood ? read.arrays[i]! : this.alone(tensor));
      }
    }
  }
}

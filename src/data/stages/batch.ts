/** Joins several elements to one, with a new first axis (tfjs-data/src/dataset.ts, deepBatchConcat). */

import { invalidArgument, TensorBundleError } from '../../errors.js';
import { isLiteral } from '../../realms.js';
import { stack, Tensor, tensor, tidy } from '../../tfjs-core.js';
import { disposeElement } from '../iteration/element.js';
import { type Iteration, inputState, part, type Stage, type State } from '../iteration/iteration.js';
import type { Run } from '../random/randomness.js';

export class Batch implements Stage<unknown> {
  readonly kind = 'batch';
  readonly inputs: readonly [Stage<unknown>];
  readonly size: number | null;

  constructor(
    input: Stage<unknown>,
    readonly batchSize: number,
    readonly smallLastBatch: boolean,
  ) {
    this.inputs = [input];
    const batches = input.size === null ? null : input.size / batchSize;
    this.size = batches === null ? null : smallLastBatch ? Math.ceil(batches) : Math.floor(batches);
  }

  start(run: Run): Iteration<unknown> {
    return new BatchIteration(this, this.inputs[0].start(run));
  }
}

class BatchIteration implements Iteration<unknown> {
  readonly #stage: Batch;
  readonly #input: Iteration<unknown>;
  #rows: unknown[] = [];

  constructor(stage: Batch, input: Iteration<unknown>) {
    this.#stage = stage;
    this.#input = input;
  }

  async pull(take: (element: unknown) => void): Promise<boolean> {
    const { batchSize, smallLastBatch } = this.#stage;
    const hold = (element: unknown): void => void this.#rows.push(element);
    let isEnded = false;
    while (!isEnded && this.#rows.length < batchSize) isEnded = !(await this.#input.pull(hold));
    if (this.#rows.length === 0) return false;
    if (this.#rows.length < batchSize && !smallLastBatch) {
      disposeElement(this.#rows.splice(0));
      return false;
    }
    const rows = this.#rows;
    take(tidy(() => joined(rows) as never));
    this.#rows = [];
    disposeElement(rows);
    return true;
  }

  state(): State {
    return { kind: this.#stage.kind, rows: this.#rows, inputs: [this.#input.state()] };
  }

  async restore(state: State): Promise<void> {
    this.#rows = part(state, 'rows', 'list', this.#stage.batchSize);
    await this.#input.restore(inputState(state));
  }

  close(): void {
    disposeElement(this.#rows.splice(0));
    this.#input.close();
  }
}

/** Objects are joined name by name. Arrays, numbers and tensors become tensors. */
function joined(rows: readonly unknown[]): unknown {
  const [first] = rows;
  if (first instanceof Tensor) return stack(rows as Tensor[]);
  if (Array.isArray(first) && first.some(item => item instanceof Tensor || isLiteral(item)))
    return first.map((_, i) => joined(rows.map(row => (row as unknown[])[i])));
  if (isLiteral(first)) {
    const names = Object.keys(first);
    return Object.fromEntries(names.map(name => [name, joined(rows.map(row => (row as typeof first)[name]))]));
  }
  const isJoinable =
    ['number', 'string', 'boolean'].includes(typeof first) || Array.isArray(first) || ArrayBuffer.isView(first);
  if (!isJoinable)
    throw invalidArgument(
      `elements that hold ${first === null ? 'null' : typeof first} cannot be joined to a batch; map them to ` +
        `tensors or numbers first`,
      { found: typeof first },
    );
  const made = tensor(rows as number[]);
  // Checked here, because TensorFlow.js looks only at the first row.
  const count = rows.reduce<number>((sum, row) => sum + countOf(row), 0);
  if (count === made.size) return made;
  throw new TensorBundleError(
    'ERR_SHAPE',
    `rows of different lengths cannot be joined to a batch: ${count} values for the shape [${made.shape}]; pad ` +
      `them first`,
    { expected: made.size, found: count },
  );
}

function countOf(row: unknown): number {
  if (Array.isArray(row)) return row.reduce<number>((sum, item) => sum + countOf(item), 0);
  return ArrayBuffer.isView(row) ? (row as Uint8Array).length : 1;
}

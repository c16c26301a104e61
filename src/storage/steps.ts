/**
 * A list of calls that the addon makes one after the other in a single trip to its threads, stopping at the first
 * failure. Each step is the same call as the function of its name. So a save tells what it does next up to its next
 * decision, and waits once.
 */
import { type Handle, type NativeStep, native, type StepHandle } from '../binding.js';
import type { NativeError } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { release } from './handles.js';

/** How to go on after a step. */
interface StepOptions<T> {
  /** The error of the package for an error of the addon. */
  tell: (error: unknown) => unknown;
  /** Codes of errors after which the list goes on ('*' is every code). The result of the step is the error then. */
  allowed?: readonly string[] | undefined;
  /** Called once with the result. */
  onDone?: (value: T) => void;
}

/** One call of a list. Steps after it may work on what it opens. */
export class Step<T = unknown> {
  #value: T | undefined;
  isDone = false;

  constructor(
    readonly call: NativeStep[0],
    /** The first may be a step that opens a handle. */
    readonly args: readonly unknown[],
    readonly options: StepOptions<T>,
  ) {}

  /** The result. Only after the step is done. */
  get value(): T {
    return this.#value as T;
  }

  end(value: unknown): void {
    this.isDone = true;
    this.#value = value as T;
    this.options.onDone?.(value as T);
  }
}

export class Steps {
  readonly #list: Step[] = [];
  #done = 0;
  /** The step that failed last. */
  failed: Step | null = null;

  add<T>(call: NativeStep[0], args: readonly unknown[], options: StepOptions<T>): Step<T> {
    const step = new Step<T>(call, args, options);
    this.#list.push(step as Step);
    return step;
  }

  /** Puts the steps of another list, none of which is done, behind these. */
  append(more: Steps): this {
    this.#list.push(...more.#list);
    return this;
  }

  get isDone(): boolean {
    return this.#done === this.#list.length;
  }

  /**
   * Carries the steps out, beginning with the first that is not done. Gives false if a step found its lock taken: it
   * is not done then. Rejects with the error of a step; the steps before it are done.
   */
  async run(): Promise<boolean> {
    let isFree = true;
    await withDescriptor(async () => {
      isFree = await this.#trip();
    }).catch(error => {
      throw this.failed?.options.tell(error) ?? error;
    });
    return isFree;
  }

  /** Counts the step that comes next as done. */
  skip(value: unknown): void {
    this.#list[this.#done]!.end(value);
    this.#done++;
  }

  /** Closes what the steps have opened and not closed. */
  async release(): Promise<void> {
    const closed = new Set(this.#list.filter(step => step.call === 'close' && step.isDone).map(step => step.args[0]));
    const opened = this.#list.filter(step => OPENING.has(step.call) && step.isDone && !closed.has(step));
    await Promise.all(opened.map(step => (step.value ? release(step.value as Handle) : undefined)));
  }

  async #trip(): Promise<boolean> {
    this.failed = null;
    const begin = this.#done;
    const list = this.#list.slice(begin);
    if (list.length === 0) return true;
    const { results, error } = await native.steps(
      list.map(({ call, args: [first, ...rest], options }) => {
        if (!(first instanceof Step)) return [call, [first, ...rest], options.allowed] as unknown as NativeStep;
        const place: StepHandle = first.isDone ? (first.value as Handle) : list.indexOf(first);
        return [call, [place, ...rest], options.allowed] as unknown as NativeStep;
      }),
    );
    for (const value of results) {
      const step = this.#list[this.#done]!;
      if (step.call === 'tryLock' && value === false) return false;
      this.#done++;
      step.end(value);
    }
    if (error === null) return true;
    this.failed = this.#list[this.#done]!;
    throw error as NativeError;
  }
}

const OPENING: ReadonlySet<string> = new Set(['open', 'openDirectory', 'openDirectoryAt']);

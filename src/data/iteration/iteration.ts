/**
 * How the stages of a dataset hand on their elements. A stage gives an element to the next one at the same moment as
 * its own state moves past it, and it holds everything that it has taken and not given yet. So the state of all stages
 * can be saved at any moment, also while something is being read or computed, and no element is lost or given twice.
 */

import { TensorBundleError } from '../../errors.js';
import { isLiteral } from '../../realms.js';
import type { Run, Seed } from '../random/randomness.js';

/** The state of a stage: plain data and elements. `kind` is the stage's kind; `inputs` are the states of its inputs. */
export interface State {
  readonly kind: string;
  readonly inputs: readonly (State | null)[];
  readonly [name: string]: unknown;
}

/** One run through a stage and its inputs. `pull` must not be called while another call runs. */
export interface Iteration<T> {
  /**
   * Calls `take` once with the next element, synchronously with the change of state, and resolves to true. Resolves to
   * false at the end. If `take` throws, the element is not lost: the next call gives it again.
   */
  pull(take: (element: T) => void): Promise<boolean>;
  /** The iteration still owns the elements in the state. */
  state(): State;
  /** Only for a new iteration, before the first pull. The iteration owns the elements in the state from then on. */
  restore(state: State): Promise<void>;
  /** Disposes of held elements. Not to be called while a pull runs, and nothing may be pulled afterwards. */
  close(): void;
}

/** The description of a step of a dataset, from which iterations begin. */
export interface Stage<T> {
  /** Tells stages apart in a stored state. */
  readonly kind: string;
  readonly inputs: readonly Stage<unknown>[];
  /** Number of elements; Infinity; null if it is not known. */
  readonly size: number | null;
  /** Only if the stage is random. */
  readonly seed?: Seed;
  /** Nothing is read before the first pull. */
  start(run: Run): Iteration<T>;
}

/** The stages as a text, which shows whether a stored state belongs to them. */
export function outline({ kind, inputs }: Stage<unknown>): string {
  return `${kind}${inputs.length > 0 ? `(${inputs.map(outline).join(', ')})` : ''}`;
}

/** Throws ERR_MISMATCH if `found` is not the outline of the stage. */
export function checkOutline(stage: Stage<unknown>, found: unknown): void {
  const expected = outline(stage);
  if (expected === found) return;
  throw new TensorBundleError(
    'ERR_MISMATCH',
    `the iterator was saved from another dataset (${String(found)}, not ${expected}); make the dataset as it was ` +
      'when it was saved, or do not restore the iterator',
    { expected, found },
  );
}

/** The seeds of a stage and its inputs, in a fixed order. */
export function seedsOf({ seed, inputs }: Stage<unknown>): Seed[] {
  return [...(seed ? [seed] : []), ...inputs.flatMap(seedsOf)];
}

/**
 * A part of a state, which must have this type. Throws ERR_CORRUPT if it has not, because only this package writes
 * states. Throws ERR_MISMATCH for a list of more than `most` items, which a dataset with other sizes wrote.
 */
export function part(state: State, name: string, type: 'number'): number;
export function part(state: State, name: string, type: 'string'): string;
export function part(state: State, name: string, type: 'boolean'): boolean;
export function part(state: State, name: string, type: 'list', most?: number): unknown[];
export function part(state: State, name: string, type: string, most = Infinity): unknown {
  const value = state[name];
  const fits = type === 'list' ? Array.isArray(value) : typeof value === type;
  if (!fits || (type === 'number' && !(Number.isSafeInteger(value) && (value as number) >= 0)))
    throw new TensorBundleError('ERR_CORRUPT', `the stored state of ${state.kind} has no valid '${name}'`, {
      found: value,
    });
  if (type === 'list' && (value as unknown[]).length > most)
    throw new TensorBundleError(
      'ERR_MISMATCH',
      `the iterator was saved with ${(value as unknown[]).length} '${name}' of ${state.kind}, but the dataset has ` +
        `room for ${most}; make the dataset as it was when it was saved`,
      { expected: most, found: (value as unknown[]).length },
    );
  return value;
}

export function inputState(state: State, index = 0): State {
  const input = state.inputs[index];
  if (input) return input;
  throw new TensorBundleError('ERR_CORRUPT', `the stored state of ${state.kind} lacks the state of its input`);
}

/**
 * Checks that the stored state has a state for this stage and for each of its inputs. Each stage checks its own parts
 * later. Throws ERR_CORRUPT.
 */
export function checkState({ kind, inputs }: Stage<unknown>, stored: unknown): State {
  const isState =
    isLiteral(stored) && stored.kind === kind && Array.isArray(stored.inputs) && stored.inputs.length === inputs.length;
  if (!isState)
    throw new TensorBundleError('ERR_CORRUPT', `the stored state of ${kind} is not valid`, {
      expected: kind,
      found: typeof stored,
    });
  const state = stored as unknown as State;
  for (const [i, input] of inputs.entries()) if (state.inputs[i] !== null) checkState(input, state.inputs[i]);
  return state;
}

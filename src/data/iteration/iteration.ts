/**
 * How the stages of a dataset hand on their elements. A stage gives an element to the next one in the same moment in
 * which its own state moves past it, and holds whatever it has taken and not given yet. So the state of the whole can
 * be taken at any moment, also while something is being read or computed, and nothing is lost or given twice.
 */

import { TensorBundleError } from '../../errors.js';
import { isLiteral } from '../../realms.js';
import type { Run, Seed } from '../random/randomness.js';

/** Plain data and elements; `kind` is the stage's, `inputs` are the states of its inputs. */
export interface State {
  readonly kind: string;
  readonly inputs: readonly (State | null)[];
  readonly [name: string]: unknown;
}

/** One run through a stage and what feeds it. Not to be pulled twice at the same time. */
export interface Iteration<T> {
  /**
   * Calls `take` once with the next element, synchronously with the change of state, and answers true; false at the
   * end. If `take` throws, the element is not gone: the next call gives it again.
   */
  pull(take: (element: T) => void): Promise<boolean>;
  /** The elements in it stay the iteration's. */
  state(): State;
  /** Of a new iteration only, before it is pulled. The elements in the state become the iteration's. */
  restore(state: State): Promise<void>;
  /** Lets go of held elements. Never while a pull runs, and nothing may be pulled afterwards. */
  close(): void;
}

/** A recipe, from which iterations begin. */
export interface Stage<T> {
  /** Tells stages apart in a stored state. */
  readonly kind: string;
  readonly inputs: readonly Stage<unknown>[];
  /** Number of elements; Infinity; null if it is not known. */
  readonly size: number | null;
  /** Of a stage that is random. */
  readonly seed?: Seed;
  /** Nothing is read before the first pull. */
  start(run: Run): Iteration<T>;
}

/** The stages as a text, by which a stored state is known to be one of theirs. */
export function outline({ kind, inputs }: Stage<unknown>): string {
  return `${kind}${inputs.length > 0 ? `(${inputs.map(outline).join(', ')})` : ''}`;
}

/** Throws ERR_MISMATCH if `found` is not the outline of the stage. */
export function checkOutline(stage: Stage<unknown>, found: unknown): void {
  const expected = outline(stage);
  if (expected === found) return;
  throw new TensorBundleError(
    'ERR_MISMATCH',
    `the iterator was saved from another dataset: from ${String(found)}, not from ${expected}; make the dataset ` +
      `as it was, or leave ` +
      'the iterator out of what is restored',
    { expected, found },
  );
}

/** The seeds of a stage and its inputs, in a fixed order. */
export function seedsOf({ seed, inputs }: Stage<unknown>): Seed[] {
  return [...(seed ? [seed] : []), ...inputs.flatMap(seedsOf)];
}

/**
 * A part of a state that has this type. Throws ERR_CORRUPT: a state is written by this package and never by hand; and
 * ERR_MISMATCH for a list of more than `most`, which a dataset with other sizes has left.
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
      `the iterator was saved with ${(value as unknown[]).length} '${name}' of ${state.kind}, and the dataset has ` +
        `room for ${most}; make the dataset as it was`,
      { expected: most, found: (value as unknown[]).length },
    );
  return value;
}

export function inputState(state: State, index = 0): State {
  const input = state.inputs[index];
  if (input) return input;
  throw new TensorBundleError('ERR_CORRUPT', `the stored state of ${state.kind} lacks that of its input`);
}

/**
 * A stored state of this stage and its inputs, as far as they are all there; each of them looks at its own parts.
 * Throws ERR_CORRUPT.
 */
export function checkState({ kind, inputs }: Stage<unknown>, stored: unknown): State {
  const isState =
    isLiteral(stored) && stored.kind === kind && Array.isArray(stored.inputs) && stored.inputs.length === inputs.length;
  if (!isState)
    throw new TensorBundleError('ERR_CORRUPT', `the stored state of ${kind} is none`, {
      expected: kind,
      found: typeof stored,
    });
  const state = stored as unknown as State;
  for (const [i, input] of inputs.entries()) if (state.inputs[i] !== null) checkState(input, state.inputs[i]);
  return state;
}

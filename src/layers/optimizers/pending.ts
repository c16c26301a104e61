/**
 * Slots of an optimizer before its first step. They do not exist then, and in which order it will make them is not known; so
 * restored values wait until the first gradients come (in Python, `optimizer.build` or the first step makes the variables).
 */

import { TensorBundleError } from '../../errors.js';
import type { TensorValue } from '../../format/dtypes.js';
import { engine, type NamedTensorMap, type Optimizer, type Tensor } from '../../tfjs-core.js';
import { steppingOptimizer } from './loss-scaling.js';
import type { OptimizerState, WaitingSlots } from './state.js';
import type { SlotVariable } from './writing.js';

/** A slot of which it is not known yet whose it is. Those of a list are in Keras's order. */
export interface Undecided {
  readonly key: string;
  /** Keras's name of its variable. */
  readonly name: string;
  /** The variables it may belong to; undefined if these are not known either. */
  readonly candidates: readonly SlotVariable[] | undefined;
}

interface UndecidedSlot extends Undecided {
  readonly list: string;
  readonly value: TensorValue;
}

/** Values of one optimizer, in its own form, that wait. */
interface Pending {
  readonly state: OptimizerState;
  readonly slots: Map<string, Map<string, TensorValue>>;
  undecided: UndecidedSlot[];
}

const waiting = new WeakMap<Optimizer, Pending>();
/** Optimizers whose next step is waited for; an evaluator may restore any number of times and never step. */
const watched = new WeakSet<Optimizer>();

type Gradients = NamedTensorMap | { name: string; tensor: Tensor }[];

/** What is restored takes the place of what waited before. */
export function forgetPending(optimizer: Optimizer): void {
  waiting.delete(optimizer);
}

/** Of one list, where some of what waited before may stay. */
export function forgetUndecided(optimizer: Optimizer, list: string): void {
  const pending = waiting.get(optimizer);
  if (pending) pending.undecided = pending.undecided.filter(slot => slot.list !== list);
}

/** A value for a slot that the optimizer will make; `variable` is a name if it is known. */
export function addPending(
  optimizer: Optimizer,
  state: OptimizerState,
  variable: string | Undecided,
  list: string,
  value: TensorValue,
): void {
  const pending: Pending = waiting.get(optimizer) ?? { state, slots: new Map(), undecided: [] };
  waiting.set(optimizer, pending);
  watch(optimizer);
  if (typeof variable === 'string') add(pending.slots, variable, list, value);
  else pending.undecided.push({ ...variable, list, value });
}

/** What waits, by the variables it would belong to if the next step were one of `names`. */
export function waitingSlots(optimizer: Optimizer, names: readonly string[]): WaitingSlots {
  const pending = waiting.get(optimizer);
  return pending === undefined ? new Map() : decide(pending, names).slots;
}

/** As if a step of these variables began, which have this order in it. Throws ERR_MISMATCH as the step would; then they go on waiting. */
export function makeWaitingSlots(optimizer: Optimizer, names: readonly string[]): void {
  const stepping = steppingOptimizer(optimizer);
  const pending = waiting.get(stepping);
  if (pending) createSlots(pending, names);
  waiting.delete(stepping);
}

/** tfjs tells nobody that a step begins, so the one object is told to. */
function watch(optimizer: Optimizer): void {
  if (watched.has(optimizer)) return;
  watched.add(optimizer);
  const own = Object.getOwnPropertyDescriptor(optimizer, 'applyGradients');
  const before = optimizer.applyGradients;
  const apply = (gradients: Gradients): void => {
    // Who has put something of their own in front since keeps it: then this stays, too, and does nothing where nothing waits.
    if (optimizer.applyGradients === apply) {
      watched.delete(optimizer);
      if (own) Object.defineProperty(optimizer, 'applyGradients', own);
      else Reflect.deleteProperty(optimizer, 'applyGradients');
    }
    const pending = waiting.get(optimizer);
    waiting.delete(optimizer);
    if (pending)
      createSlots(pending, Array.isArray(gradients) ? gradients.map(({ name }) => name) : Object.keys(gradients));
    before.call(optimizer, gradients);
  };
  Object.defineProperty(optimizer, 'applyGradients', {
    value: apply,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
}

/** Throws ERR_MISMATCH if values that waited do not fit the variables that are trained; the next step is made without them. */
function createSlots(pending: Pending, names: readonly string[]): void {
  const { slots, left } = decide(pending, names);
  if (left.length > 0) {
    throw misfit(
      `${left.length} restored values (${left[0]!.key}, …) fit none of the variables that are trained`,
      left,
    );
  }
  for (const [name, values] of slots) {
    for (const value of values.values()) {
      const variable = engine().registeredVariables[name];
      if (!names.includes(name) || variable === undefined || sameShape(variable, value)) continue;
      throw misfit(`a restored value of shape [${value.shape}] waited for ${name}, which has another`, []);
    }
  }
  pending.state.create(names, slots);
}

/**
 * `names` in the order of the step. Names decide where they are known; then the order, in which Keras keeps slots, too. `left`:
 * what cannot be given to any variable though some have none.
 */
function decide(pending: Pending, names: readonly string[]): { slots: WaitingSlots; left: readonly UndecidedSlot[] } {
  const slots = new Map([...pending.slots].map(([name, values]) => [name, new Map(values)]));
  const left: UndecidedSlot[] = [];
  for (const list of new Set(pending.undecided.map(slot => slot.list))) {
    const free = new Set(names.filter(name => !slots.get(name)?.has(list)));
    const take = (name: string | undefined, { value }: UndecidedSlot): boolean => {
      if (name !== undefined && free.delete(name)) add(slots, name, list, value);
      return name !== undefined;
    };
    const undecided = pending.undecided.filter(slot => slot.list === list);
    const unknown = undecided.filter(slot => {
      if (slot.candidates === undefined) return true;
      const possible = slot.candidates.filter(({ name }) => free.has(name));
      const names = possible.filter(one => sameShape(one, slot.value)).map(({ name }) => name);
      const first = [...free].find(name => names.includes(name));
      if (!take(first, slot) && possible.length > 0) left.push(slot);
      return false;
    });
    const unnamed = unknown.filter(slot => !free.has(slot.name) || !take(slot.name, slot));
    if (unnamed.length === free.size) for (const slot of unnamed) take([...free][0], slot);
    else if (free.size > 0) left.push(...unnamed);
  }
  return { slots, left };
}

function sameShape(a: { readonly shape: readonly number[] }, b: { readonly shape: readonly number[] }): boolean {
  return a.shape.join() === b.shape.join();
}

function add(slots: Map<string, Map<string, TensorValue>>, name: string, list: string, value: TensorValue): void {
  const values = slots.get(name) ?? new Map<string, TensorValue>();
  slots.set(name, values.set(list, value));
}

function misfit(what: string, slots: readonly UndecidedSlot[]): TensorBundleError {
  return new TensorBundleError(
    'ERR_MISMATCH',
    `${what}; restore with the model that the optimizer trains, built, or step again to go on without these values`,
    { found: slots.map(({ key }) => key) },
  );
}

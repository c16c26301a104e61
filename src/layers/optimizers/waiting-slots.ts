/**
 * Slots of an optimizer before its first step. They do not exist then, and the order in which it will make them is not
 * known, so restored values wait until the first gradients come. (In Python, `optimizer.build` or the first step makes
 * the variables.)
 */

import { TensorBundleError } from '../../errors.js';
import type { TensorValue } from '../../format/dtypes.js';
import { isSameShape } from '../../graph/mismatch.js';
import { engine, type NamedTensorMap, type Optimizer, type Tensor } from '../../tfjs-core.js';
import { steppingOptimizer } from './loss-scaling.js';
import type { OptimizerState, WaitingSlots } from './optimizer-state.js';
import type { Belongings } from './ownership.js';
import type { SlotVariable } from './written-optimizer.js';

/** A slot whose variable is not known yet. Slots of a list are in Keras's order. */
export interface Undecided {
  readonly key: string;
  /** Keras's name of its variable. */
  readonly name: string;
  /** The variables that it may belong to; undefined if these are not known either. */
  readonly candidates: readonly SlotVariable[] | undefined;
}

interface UndecidedSlot extends Undecided {
  readonly list: string;
  /** Its place in the stored list. A variable has the same place in all lists. */
  readonly place: number;
  readonly value: TensorValue;
}

/** Values that wait for one optimizer, in its own form. */
interface RestoredSlots {
  readonly state: OptimizerState;
  /** In stored order: by the name of the variable, then by list. */
  readonly slots: Map<string, Map<string, TensorValue>>;
  undecided: UndecidedSlot[];
  /** By the name of the variable, its place in the stored lists. */
  readonly places: Map<string, number>;
}

/** The waiting slots, for a save. */
interface SlotsToWrite {
  readonly slots: WaitingSlots;
  /** Stand-ins for the variables of slots whose variables are not known. They have no node. */
  readonly ownerless: readonly SlotVariable[];
  /** Sorts in stored order, if the variables of some slots are not known. */
  inFileOrder(variables: readonly SlotVariable[]): SlotVariable[];
}

const restoredSlots = new WeakMap<Optimizer, RestoredSlots>();
/**
 * Optimizers whose `applyGradients` is already replaced: an evaluator may restore any number of times and never step.
 */
const watched = new WeakSet<Optimizer>();

type Gradients = NamedTensorMap | { name: string; tensor: Tensor }[];

/** Removes all slots that wait, before others are restored. */
export function forgetWaitingSlots(optimizer: Optimizer): void {
  restoredSlots.delete(optimizer);
}

export function hasWaitingSlots(optimizer: Optimizer): boolean {
  return restoredSlots.has(optimizer);
}

/** Removes the slots of one list whose variables are not known. Other slots may go on waiting. */
export function forgetUndecided(optimizer: Optimizer, list: string): void {
  const restored = restoredSlots.get(optimizer);
  if (restored) restored.undecided = restored.undecided.filter(slot => slot.list !== list);
}

/** Adds a value for a slot that the optimizer will make. `variable` is a name if the variable is known. */
export function addWaitingSlot(
  optimizer: Optimizer,
  state: OptimizerState,
  variable: string | Undecided,
  { list, place, value }: { readonly list: string; readonly place: number; readonly value: TensorValue },
): void {
  const restored: RestoredSlots = restoredSlots.get(optimizer) ?? {
    state,
    slots: new Map(),
    undecided: [],
    places: new Map(),
  };
  restoredSlots.set(optimizer, restored);
  watch(optimizer);
  if (typeof variable === 'string') {
    restored.places.set(variable, place);
    add(restored.slots, variable, list, value);
  } else restored.undecided.push({ ...variable, list, place, value });
}

/** Nothing is guessed: a slot that may belong to several variables is written back as it was found. */
export function waitingSlots(optimizer: Optimizer, { given, networks, trainable }: Belongings): SlotsToWrite {
  const restored = restoredSlots.get(optimizer);
  if (restored === undefined) return { slots: new Map(), ownerless: [], inFileOrder: variables => [...variables] };
  // The list of variables that the step will have, if there is only one.
  const [list, ...lists] = given.length > 0 ? given : networks.length > 0 ? [networks.length < 2 ? trainable : []] : [];
  if (list !== undefined && list.length > 0 && lists.length === 0) {
    const { slots, left, dropped } = decide(restored, list);
    if (left.length + dropped === 0) return { slots, ownerless: [], inFileOrder: variables => [...variables] };
  }
  const slots = new Map([...restored.slots].map(([name, values]) => [name, new Map(values)]));
  const places = new Map(restored.places);
  const ownerless = new Map<string, SlotVariable>();
  for (const slot of restored.undecided) {
    const only = onlyOwner(slot, slots);
    const name = only?.name ?? `slot ${slot.place} of no known variable`;
    places.set(name, slot.place);
    add(slots, name, slot.list, slot.value);
    if (only) continue;
    ownerless.set(name, { name, fullName: slot.name, shape: slot.value.shape, node: undefined, isWeight: false });
  }
  const place = ({ name }: SlotVariable): number => places.get(name) ?? -1;
  return {
    slots,
    ownerless: [...ownerless.values()],
    inFileOrder: variables =>
      ownerless.size === 0 ? [...variables] : [...variables].sort((a, b) => place(a) - place(b)),
  };
}

function onlyOwner({ candidates = [], list, value }: UndecidedSlot, slots: WaitingSlots): SlotVariable | undefined {
  const possible = candidates.filter(one => isSameShape(one, value) && !slots.get(one.name)?.has(list));
  return possible.length === 1 ? possible[0] : undefined;
}

/**
 * Makes the waiting slots as if a step of these variables began, in this order. Throws ERR_MISMATCH as the step would,
 * and then they go on waiting.
 */
export function makeWaitingSlots(optimizer: Optimizer, names: readonly string[]): void {
  const stepping = steppingOptimizer(optimizer);
  const restored = restoredSlots.get(stepping);
  if (restored) createSlots(restored, names);
  restoredSlots.delete(stepping);
}

/** There is no event when a step begins, so `applyGradients` of this one object is replaced until then. */
function watch(optimizer: Optimizer): void {
  if (watched.has(optimizer)) return;
  watched.add(optimizer);
  const own = Object.getOwnPropertyDescriptor(optimizer, 'applyGradients');
  const before = optimizer.applyGradients;
  const apply = (gradients: Gradients): void => {
    // If a caller has replaced the method since, it is left as it is. Then this function stays behind it, and does
    // nothing when no slots wait.
    if (optimizer.applyGradients === apply) {
      watched.delete(optimizer);
      if (own) Object.defineProperty(optimizer, 'applyGradients', own);
      else Reflect.deleteProperty(optimizer, 'applyGradients');
    }
    const restored = restoredSlots.get(optimizer);
    restoredSlots.delete(optimizer);
    if (restored)
      createSlots(restored, Array.isArray(gradients) ? gradients.map(({ name }) => name) : Object.keys(gradients));
    before.call(optimizer, gradients);
  };
  Object.defineProperty(optimizer, 'applyGradients', {
    value: apply,
    configurable: true,
    writable: true,
    enumerable: own?.enumerable ?? false,
  });
}

/**
 * Throws ERR_MISMATCH if values that waited do not fit the variables that are trained. The next step is then made
 * without these values.
 */
function createSlots(restored: RestoredSlots, names: readonly string[]): void {
  const { slots, left } = decide(restored, names);
  if (left.length > 0) {
    throw misfittingSlots(
      `${left.length} restored values (${left[0]!.key}, …) do not fit the variables that are trained`,
      left,
    );
  }
  for (const [name, values] of slots) {
    for (const value of values.values()) {
      const variable = engine().registeredVariables[name];
      if (!names.includes(name) || variable === undefined || isSameShape(variable, value)) continue;
      throw misfittingSlots(
        `a restored value has shape [${value.shape}], but its variable ${name} has [${variable.shape}]`,
        [],
      );
    }
  }
  restored.state.create(names, slots);
}

/**
 * Finds variables for the undecided slots. `names` are in the order of the step. A slot goes to the variable of its
 * name, if there is one; otherwise the order counts, in which Keras keeps slots, too. `left`: slots that fit no
 * variable, although some variables have no slot yet. `dropped`: how many undecided slots were not given to a variable.
 */
function decide(
  restored: RestoredSlots,
  names: readonly string[],
): { slots: WaitingSlots; left: readonly UndecidedSlot[]; dropped: number } {
  const slots = new Map([...restored.slots].map(([name, values]) => [name, new Map(values)]));
  const left: UndecidedSlot[] = [];
  let taken = 0;
  for (const list of new Set(restored.undecided.map(slot => slot.list))) {
    const free = new Set(names.filter(name => !slots.get(name)?.has(list)));
    const take = (name: string | undefined, { value }: UndecidedSlot): boolean => {
      if (name !== undefined && free.delete(name)) {
        add(slots, name, list, value);
        taken++;
      }
      return name !== undefined;
    };
    const undecided = restored.undecided.filter(slot => slot.list === list);
    const unknown = undecided.filter(slot => {
      if (slot.candidates === undefined) return true;
      const possible = slot.candidates.filter(({ name }) => free.has(name));
      const names = possible.filter(one => isSameShape(one, slot.value)).map(({ name }) => name);
      const first = [...free].find(name => names.includes(name));
      if (!take(first, slot) && possible.length > 0) left.push(slot);
      return false;
    });
    const unnamed = unknown.filter(slot => !free.has(slot.name) || !take(slot.name, slot));
    if (unnamed.length === free.size) for (const slot of unnamed) take([...free][0], slot);
    else if (free.size > 0) left.push(...unnamed);
  }
  return { slots, left, dropped: restored.undecided.length - taken };
}

function add(slots: Map<string, Map<string, TensorValue>>, name: string, list: string, value: TensorValue): void {
  const values = slots.get(name) ?? new Map<string, TensorValue>();
  slots.set(name, values.set(list, value));
}

function misfittingSlots(what: string, slots: readonly UndecidedSlot[]): TensorBundleError {
  return new TensorBundleError(
    'ERR_MISMATCH',
    `${what}; restore when the model that the optimizer trains is built, or step again to go on without these values`,
    { found: slots.map(({ key }) => key) },
  );
}

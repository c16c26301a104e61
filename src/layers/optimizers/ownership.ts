/**
 * Finds which variables an optimizer's slots belong to. TensorFlow.js's optimizers keep slots by position, each with
 * the name that its variable had when the slot was made. If `setWeights` brought the slot (a model that was loaded with
 * its optimizer), the name may be one of another process. Then the position counts, in the list of weights that a model
 * was compiled with.
 */

import { TensorBundleError } from '../../errors.js';
import { isSameShape } from '../../graph/mismatch.js';
import { engine, type Variable } from '../../tfjs-core.js';

/** Names, in tfjs, of variables. Their order counts. */
export type NameList = readonly string[];

/** What the checkpoint, and the models in it that were compiled with an optimizer, show about its variables. */
export interface Belongings {
  /** Name of the optimizer in messages. */
  readonly label: string;
  /** For each model that was compiled with the optimizer: the variables that it gives to each step. */
  readonly given: readonly NameList[];
  /** For each of these models: all variables that can be trained, even if frozen now. */
  readonly compiled: readonly NameList[];
  /** For each model and layer of the checkpoint: all variables that can be trained, even if frozen now. */
  readonly networks: readonly NameList[];
  /** The variables of the checkpoint that are trained now. */
  readonly trainable: NameList;
}

/** A slot, and the name of a variable that it was made with. */
interface NamedSlot {
  readonly name: string;
  readonly slot: Variable;
}

/**
 * Names of the variables of these slots, which are in the optimizer's order. Undefined for a slot whose variable does
 * not exist any more. `wereSet`: whether `setWeights` made the slots; undefined if that is not known. Throws ERR_STATE
 * if the slots may belong to different variables.
 */
export function ownersOf(
  slots: readonly NamedSlot[],
  wereSet: boolean | undefined,
  belongings: Belongings,
): (string | undefined)[] {
  const { given, compiled, networks, trainable, label } = belongings;
  const named = slots.map(({ name, slot }) => (hasShape(name, slot) ? name : undefined));
  if (wereSet === false || slots.length === 0) return named;
  const fitting = (lists: readonly NameList[]): NameList[] =>
    distinct(lists).filter(
      list => list.length === slots.length && slots.every(({ slot }, i) => hasShape(list[i]!, slot)),
    );
  const among = (lists: readonly NameList[]): boolean => named.every(name => lists.some(list => list.includes(name!)));
  if (wereSet === undefined && (given.length === 0 || among([...given, ...compiled]))) return named;
  const trained = new Set(trainable);
  const tiers = [
    given,
    compiled,
    [...networks, ...networks.map(list => list.filter(name => trained.has(name))), trainable],
  ];
  const candidates = tiers.map(fitting).find(lists => lists.length > 0) ?? [];
  if (candidates.length === 1) return [...candidates[0]!];
  if (candidates.length === 0 && networks.length < 2 && !named.includes(undefined)) return named;
  throw undecided(label, slots, candidates.length);
}

/**
 * Whether `setWeights` made these slots: it makes one directly after the other, while a step makes other tensors in
 * between. Undefined if there is only one.
 */
export function wereSet(arrays: readonly (readonly Variable[])[]): boolean | undefined {
  const series = arrays.filter(array => array.length > 0);
  const longest = series.some(array => array.length > 1) ? series : [series.flat()];
  const runs = longest.filter(array => array.length > 1);
  if (runs.length === 0) return undefined;
  return runs.every(array => array.every((variable, i) => i === 0 || variable.id === array[i - 1]!.id + 1));
}

/** Whether the variable of TensorFlow.js with this name exists and has the same shape. */
export function hasShape(name: string, { shape }: { readonly shape: readonly number[] }): boolean {
  const variable = engine().registeredVariables[name];
  return variable !== undefined && isSameShape(variable, { shape });
}

export function distinct(lists: readonly NameList[]): NameList[] {
  return [...new Map(lists.map(list => [list.join('\n'), list])).values()];
}

function undecided(label: string, slots: readonly NamedSlot[], candidates: number): TensorBundleError {
  const names = slots.map(({ name }) => name);
  return new TensorBundleError(
    'ERR_STATE',
    `it is not clear which variables the ${slots.length} slots of ${label} belong to: setWeights brought them with ` +
      `names of another process (${names[0]}, …), and in this checkpoint ` +
      `${candidates === 0 ? 'no model fits' : `${candidates} lists of variables fit`}. Put the model that was ` +
      'compiled with the optimizer into the checkpoint, or restore the optimizer with Checkpoint.restore instead of ' +
      'setWeights',
    { found: names },
  );
}

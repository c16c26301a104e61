/**
 * Whose slots an optimizer has. TensorFlow.js's optimizers keep slots by position, and beside each the name that its
 * variable had when the slot was made. That name is one of this process unless `setWeights` brought it (a model that
 * was loaded with its optimizer): then the position counts, in the list that a model was compiled with.
 */

import { TensorBundleError } from '../../errors.js';
import { engine, type Variable } from '../../tfjs-core.js';

/** Names, in tfjs, of variables in an order that counts. */
export type NameList = readonly string[];

/** What the models that were compiled with an optimizer, and the rest of the checkpoint, say of its variables. */
export interface Belongings {
  /** What messages call the optimizer. */
  readonly label: string;
  /** Of each model that was compiled with the optimizer: what it gives to each step. */
  readonly given: readonly NameList[];
  /** Of each of these models: all that may be trained. */
  readonly compiled: readonly NameList[];
  /** Of each model and layer of the checkpoint: all that may be trained, frozen or not. */
  readonly networks: readonly NameList[];
  /** What is trained at present, in all of them. */
  readonly trainable: NameList;
}

/** A slot by what it says of its variable. */
interface NamedSlot {
  readonly name: string;
  readonly slot: Variable;
}

/**
 * Names of the variables of these slots, which are in the optimizer's order; undefined for one whose variable is no
 * more. `wereSet`: whether `setWeights` made them; undefined if nothing shows it. Throws ERR_STATE if it cannot be
 * decided.
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
 * Whether `setWeights` made these: it makes them one after the other, while a step makes other tensors between two.
 * Undefined where there is one only.
 */
export function wereSet(arrays: readonly (readonly Variable[])[]): boolean | undefined {
  const series = arrays.filter(array => array.length > 0);
  const longest = series.some(array => array.length > 1) ? series : [series.flat()];
  const runs = longest.filter(array => array.length > 1);
  if (runs.length === 0) return undefined;
  return runs.every(array => array.every((variable, i) => i === 0 || variable.id === array[i - 1]!.id + 1));
}

/** Whether the variable that TensorFlow.js has under this name is of the same shape. */
export function hasShape(name: string, { shape }: { readonly shape: readonly number[] }): boolean {
  return engine().registeredVariables[name]?.shape.join() === shape.join();
}

export function distinct(lists: readonly NameList[]): NameList[] {
  return [...new Map(lists.map(list => [list.join('\n'), list])).values()];
}

function undecided(label: string, slots: readonly NamedSlot[], candidates: number): TensorBundleError {
  const names = slots.map(({ name }) => name);
  return new TensorBundleError(
    'ERR_STATE',
    `whose the ${slots.length} slots of ${label} are cannot be told: setWeights gave it those of ${names[0]}, ` +
      `…, which are names of ` +
      `another process, and ${candidates === 0 ? 'no model' : `${candidates} lists of variables`} in this ` +
      `checkpoint fits. Put the model that ` +
      'was compiled with it into the checkpoint, or restore the optimizer by Checkpoint.restore instead of setWeights',
    { found: names },
  );
}

/** An optimizer as an object of a checkpoint: how it is written under Keras's names, and restored from them. */

import { branch, type Trackable } from '../../graph/trackable.js';
import { engine, type Optimizer } from '../../tfjs-core.js';
import { isVariable } from '../family.js';
import { variableOf } from '../variable.js';
import { kerasState } from './keras.js';
import { lossScalingOf, steppingOptimizer } from './loss-scaling.js';
import { waitingSlots } from './pending.js';
import { OptimizerRestorer } from './reading.js';
import { SlotValues } from './slots.js';
import { withoutSlots } from './state.js';
import { tfjsState, unknownOptimizer } from './tfjs.js';
import { OptimizerWriting, type SlotVariable } from './writing.js';

export { isOptimizer } from './state.js';

/** What else is in the checkpoint, and how the optimizer is to be written. */
export interface OptimizerSurroundings {
  readonly keys: 'new' | 'legacy';
  /** False: only counters and hyper-parameters, neither written nor restored slots. */
  readonly slots: boolean;
  /** The node of a tf.Variable, by its name in tfjs; undefined if the checkpoint does not hold it. */
  nodeOf(variableName: string): Trackable | undefined;
  /** Names of the variables that are trained, in Keras's order. */
  trainable(): readonly string[];
}

/** To be called when everything else has been described. Throws ERR_NOT_SUPPORTED for an unknown optimizer. */
export function optimizerTrackable(optimizer: Optimizer, around: OptimizerSurroundings): Trackable {
  const trainable = around.trainable();
  // What was loaded with a model and made no step yet has names of the process that saved it.
  (optimizer as { assignSlotsTo?(names: readonly string[]): boolean }).assignSlotsTo?.(trainable);
  const stepping = steppingOptimizer(optimizer);
  const complete = kerasState(stepping) ?? tfjsState(stepping, trainable);
  if (complete === undefined) throw unknownOptimizer(stepping);
  const state = around.slots ? complete : withoutSlots(complete);
  const existing = state.variableNames();
  const known = inOrder(variablesOf([...new Set([...trainable, ...existing])], around), existing);
  const waiting = waitingSlots(
    stepping,
    known.map(({ name }) => name),
  );
  const late = variablesOf([...waiting.keys()], around).filter(({ name }) => known.every(one => one.name !== name));
  const variables = [...known, ...late];
  const [kind] = state.groups.flat();
  const slotted = variables.filter(({ name }) => existing.includes(name) || waiting.has(name));
  const hasZeros = slotted.length === 0 && kind && trainable.some(name => state.slot(name, kind) === 'zeros');
  const writing = new OptimizerWriting(optimizer, state, {
    values: new SlotValues(state, waiting),
    variables: hasZeros ? known : slotted,
    trained: slotted.length > 0 ? slotted : known,
    scaling: lossScalingOf(optimizer),
  });
  const { children, slots, extras } = around.keys === 'new' ? writing.asNew() : writing.asLegacy();
  const restorer = new OptimizerRestorer(optimizer, state, known);
  return { ...branch(children), slots, extras, restorer, label: optimizer.getClassName() };
}

/** Without those that have been disposed. */
function variablesOf(names: readonly string[], around: OptimizerSurroundings): SlotVariable[] {
  const { registeredVariables } = engine();
  return names.flatMap(name => {
    const variable = registeredVariables[name];
    if (variable === undefined) return [];
    const node = around.nodeOf(name);
    const [attribute] = node?.attributes ?? [];
    const isWeight = attribute !== undefined && isVariable(variableOf(attribute));
    return [{ name, fullName: attribute?.fullName ?? name, shape: variable.shape, node, isWeight }];
  });
}

/** Weights of layers in Keras's order; other variables as the optimizer got to know them, which is all the order that they have. */
function inOrder(variables: readonly SlotVariable[], existing: readonly string[]): SlotVariable[] {
  const weights = variables.filter(({ isWeight }) => isWeight);
  const others = variables.filter(({ isWeight }) => !isWeight);
  const ranks = new Map(existing.map((name, i) => [name, i]));
  const rank = ({ name }: SlotVariable): number => ranks.get(name) ?? ranks.size;
  return [...weights, ...others.sort((a, b) => rank(a) - rank(b))];
}

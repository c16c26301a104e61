/** An optimizer as an object of a checkpoint: how it is written under Keras's names, and restored from them. */
import { engine, type Optimizer } from '@tensorflow/tfjs-core';
import { branch, type Trackable } from '../../graph/trackable.js';
import { kerasState } from './keras.js';
import { OptimizerRestorer } from './reading.js';
import { tfjsState, unknownOptimizer } from './tfjs.js';
import { OptimizerWriting, type SlotVariable, slottedVariables } from './writing.js';

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
  const complete = tfjsState(optimizer) ?? kerasState(optimizer);
  if (complete === undefined) throw unknownOptimizer(optimizer);
  const state = around.slots ? complete : Object.assign(Object.create(complete), { groups: [] });
  const known = around.trainable();
  const slotted = slottedVariables(optimizer, state);
  const hasZeros = slotted.size === 0 && known.some(name => state.slot(name, state.groups.flat()[0]) === 'zeros');
  const inOrder = hasZeros ? known : known.filter(name => slotted.has(name));
  const others = [...slotted].filter(name => !known.includes(name));
  const writing = new OptimizerWriting(optimizer, state, variablesOf([...inOrder, ...others], around));
  const { children, slots, extras } = around.keys === 'new' ? writing.asNew() : writing.asLegacy();
  const restorer = new OptimizerRestorer(optimizer, state, variablesOf([...known, ...others], around));
  return { ...branch(children), slots, extras, restorer, label: optimizer.getClassName() };
}

/** Without those that have been disposed. */
function variablesOf(names: readonly string[], around: OptimizerSurroundings): SlotVariable[] {
  const { registeredVariables } = engine();
  return names.flatMap(name => {
    const variable = registeredVariables[name];
    if (variable === undefined) return [];
    const node = around.nodeOf(name);
    const fullName = node?.attributes[0]?.fullName ?? name;
    return [{ name, fullName, shape: variable.shape, node }];
  });
}
